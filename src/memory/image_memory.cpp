#include "tidemark/memory/image_memory.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tidemark::memory {

namespace {

/// Valid only for segments that `add` took: the sum cannot wrap.
std::uint64_t end_of(const Segment& segment) { return segment.start.value + segment.bytes.size(); }

}  // namespace

base::Result<void> ImageMemory::add(Segment segment) {
  if (segment.bytes.empty()) return {};
  const auto refused = [&](const char* why) {
    return base::fail(base::Error{.code = base::ErrorCode::malformed,
                                  .doing = "add a segment to a memory image",
                                  .address = segment.start,
                                  .detail = why});
  };
  if (segment.bytes.size() > std::numeric_limits<std::uint64_t>::max() - segment.start.value) {
    return refused("it passes the end of the address space");
  }
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), segment.start,
                                      [](base::Address at, const Segment& other) { return at < other.start; });
  if (after != segments_.end() && after->start.value < end_of(segment)) return refused("it overlaps the next one");
  if (after != segments_.begin() && end_of(*std::prev(after)) > segment.start.value) {
    return refused("it overlaps the one before");
  }
  segments_.insert(after, std::move(segment));
  return {};
}

const Segment* ImageMemory::find(base::Address address) const {
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), address,
                                      [](base::Address at, const Segment& other) { return at < other.start; });
  if (after == segments_.begin()) return nullptr;
  const Segment& candidate = *std::prev(after);
  return address.value < end_of(candidate) ? &candidate : nullptr;
}

base::Result<void> ImageMemory::read(base::Address from, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const base::Address at = from.plus(done);
    const Segment* segment = find(at);
    if (segment == nullptr) {
      return base::fail(base::Error{
          .code = base::ErrorCode::fault, .doing = "read a memory image", .address = at, .detail = "no segment"});
    }
    const std::size_t offset = at.value - segment->start.value;
    const std::size_t count = std::min(into.size() - done, segment->bytes.size() - offset);
    std::memcpy(into.data() + done, segment->bytes.data() + offset, count);
    done += count;
  }
  return {};
}

base::Result<void> ImageMemory::overwrite(base::Address at, std::span<const std::byte> bytes) {
  const Segment* found = find(at);
  if (found == nullptr || bytes.size() > end_of(*found) - at.value) {
    return base::fail(base::Error{.code = base::ErrorCode::fault, .doing = "overwrite a memory image", .address = at});
  }
  auto& segment = segments_[static_cast<std::size_t>(found - segments_.data())];
  std::ranges::copy(bytes, segment.bytes.begin() + static_cast<std::ptrdiff_t>(at.value - segment.start.value));
  return {};
}

}  // namespace tidemark::memory
