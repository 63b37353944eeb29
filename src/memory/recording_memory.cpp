#include "tidemark/memory/recording_memory.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace tidemark::memory {

base::Result<void> RecordingMemory::read(base::Address from, std::span<std::byte> into) const {
  auto done = source_.read(from, into);
  if (done) keep(from, into);
  return done;
}

void RecordingMemory::read_many(std::span<ReadRequest> requests) const {
  source_.read_many(requests);
  for (const auto& request : requests) {
    if (request.status) keep(request.from, request.into);
  }
}

/// The first kept piece that ends at `start` or after it.
RecordingMemory::Kept::iterator RecordingMemory::first_to_join(std::uint64_t start) const {
  const auto after = kept_.upper_bound(start);
  if (after == kept_.begin()) return after;
  const auto before = std::prev(after);
  return before->first + before->second.size() >= start ? before : after;
}

void RecordingMemory::keep(base::Address from, std::span<const std::byte> bytes) const {
  if (bytes.empty()) return;
  const std::uint64_t start = from.value;
  if (bytes.size() > std::numeric_limits<std::uint64_t>::max() - start) return;  // no source can have read that
  const std::uint64_t end = start + bytes.size();
  auto joined = first_to_join(start);
  if (joined != kept_.end() && joined->first <= start && end <= joined->first + joined->second.size()) {
    std::ranges::copy(bytes, joined->second.begin() + static_cast<std::ptrdiff_t>(start - joined->first));
    return;
  }
  if (kept_bytes_ + bytes.size() > max_kept_bytes) {
    dropped_bytes_ += bytes.size();
    return;
  }
  // Everything that the new piece overlaps or touches becomes one piece with it.
  std::uint64_t whole_start = start;
  std::uint64_t whole_end = end;
  auto past = joined;
  for (; past != kept_.end() && past->first <= end; ++past) {
    whole_start = std::min(whole_start, past->first);
    whole_end = std::max(whole_end, past->first + past->second.size());
  }
  std::vector<std::byte> whole(whole_end - whole_start);
  for (; joined != past; joined = kept_.erase(joined)) {
    std::ranges::copy(joined->second, whole.begin() + static_cast<std::ptrdiff_t>(joined->first - whole_start));
    kept_bytes_ -= joined->second.size();
  }
  std::ranges::copy(bytes, whole.begin() + static_cast<std::ptrdiff_t>(start - whole_start));
  kept_bytes_ += whole.size();
  kept_.emplace_hint(past, whole_start, std::move(whole));
}

std::vector<Segment> RecordingMemory::segments() const {
  std::vector<Segment> segments;
  segments.reserve(kept_.size());
  for (const auto& [start, bytes] : kept_) segments.push_back({.start = {start}, .bytes = bytes});
  return segments;
}

}  // namespace tidemark::memory
