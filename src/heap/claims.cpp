#include "detail/claims.hpp"

#include <algorithm>

namespace tidemark::heap {

std::vector<Range> Claims::left_of(Range range) const {
  std::vector<Range> left;
  auto next = std::upper_bound(taken_.begin(), taken_.end(), range.start,
                               [](std::uint64_t at, const Range& taken) { return at < taken.end; });
  for (; range.start < range.end; ++next) {
    if (next == taken_.end() || next->start >= range.end) {
      left.push_back(range);
      break;
    }
    if (next->start > range.start) left.push_back({range.start, next->start});
    range.start = std::max(range.start, next->end);
  }
  return left;
}

std::vector<Range> Claims::claim(Range range) {
  auto left = left_of(range);
  // All that it touches becomes one.
  const auto first = std::lower_bound(taken_.begin(), taken_.end(), range.start,
                                      [](const Range& taken, std::uint64_t at) { return taken.end < at; });
  auto last = first;
  while (last != taken_.end() && last->start <= range.end) {
    range = {std::min(range.start, last->start), std::max(range.end, last->end)};
    ++last;
  }
  if (range.start < range.end) taken_.insert(taken_.erase(first, last), range);
  return left;
}

}  // namespace tidemark::heap
