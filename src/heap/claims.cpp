#include "detail/claims.hpp"

#include <algorithm>

namespace tidemark::heap {

std::vector<Range> Claims::left_of(Range range) const {
  std::vector<Range> left;
  auto next = taken_.upper_bound(range.start);
  if (next != taken_.begin() && std::prev(next)->second > range.start) --next;
  for (; range.start < range.end; ++next) {
    if (next == taken_.end() || next->first >= range.end) {
      left.push_back(range);
      break;
    }
    if (next->first > range.start) left.push_back({range.start, next->first});
    range.start = std::max(range.start, next->second);
  }
  return left;
}

std::vector<Range> Claims::claim(Range range) {
  if (range.start >= range.end) return {};
  auto left = left_of(range);
  // All that it touches becomes one.
  auto touched = taken_.upper_bound(range.start);
  if (touched != taken_.begin() && std::prev(touched)->second >= range.start) --touched;
  while (touched != taken_.end() && touched->first <= range.end) {
    range = {std::min(range.start, touched->first), std::max(range.end, touched->second)};
    touched = taken_.erase(touched);
  }
  taken_.emplace(range.start, range.end);
  return left;
}

}  // namespace tidemark::heap
