#include "batch.hpp"

#include <algorithm>

namespace tidemark::cpython {

namespace {

constexpr std::uint64_t page_bytes = 4096;

}  // namespace

void Batch::clear() {
  wanted_.clear();
  stretches_.clear();
  may_join_ = false;
}

Batch::Id Batch::add(base::Address address, Extent extent) {
  const base::Address start = address.plus(extent.first);
  const base::Address end = start.plus(extent.size());
  if (may_join_) {
    Stretch& last = stretches_.back();
    const base::Address last_end = last.start.plus(last.size);
    const bool follows = start >= last.start && end >= start;
    // On the same page: joining must not make one piece fail because the page of another is missing.
    if (follows && start.value / page_bytes == last.start.value / page_bytes &&
        (end.value - 1) / page_bytes == start.value / page_bytes) {
      last.size = std::max(last_end, end).value - last.start.value;
      wanted_.push_back({.request = stretches_.size() - 1, .offset = start.value - last.start.value, .extent = extent});
      return wanted_.size() - 1;
    }
  }
  may_join_ = true;
  stretches_.push_back({.start = start, .size = extent.size()});
  wanted_.push_back({.request = stretches_.size() - 1, .offset = 0, .extent = extent});
  return wanted_.size() - 1;
}

void Batch::run(const memory::MemorySource& memory) {
  std::size_t total = 0;
  for (const Stretch& stretch : stretches_) total += stretch.size;
  buffer_.resize(total);
  requests_.resize(stretches_.size());
  std::size_t used = 0;
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    requests_[i].from = stretches_[i].start;
    requests_[i].into = std::span(buffer_).subspan(used, stretches_[i].size);
    used += stretches_[i].size;
  }
  memory.read_many(requests_);
}

Piece Batch::piece(Id id) const {
  const Wanted& wanted = wanted_[id];
  const auto& request = requests_[wanted.request];
  if (!request.status) return {};
  return {.bytes = request.into.subspan(wanted.offset, wanted.extent.size()), .first = wanted.extent.first};
}

const base::Result<void>& Batch::status(Id id) const { return requests_[wanted_[id].request].status; }

}  // namespace tidemark::cpython
