#include "detail/books.hpp"

#include <algorithm>

namespace tidemark::heap {

std::vector<model::HeapRow> RowBook::rows() const {
  std::vector<model::HeapRow> rows;
  for (const auto& [key, sum] : sums_) {
    if (sum.tally == Tally{}) continue;
    rows.push_back({.owner = key.first,
                    .detail = key.second,
                    .bytes = sum.tally.bytes,
                    .private_bytes = sum.tally.private_bytes,
                    .swap_bytes = sum.tally.swap_bytes,
                    .count = sum.count});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& left, const auto& right) {
    return left.owner != right.owner ? left.owner < right.owner : left.bytes > right.bytes;
  });
  return rows;
}

void PointerBag::sort() {
  std::sort(packed_.begin(), packed_.end());
  packed_.erase(std::unique(packed_.begin(), packed_.end()), packed_.end());
}

/// The same place is pointed to again and again. Sorting is dear: not for a few places that it frees.
void PointerBag::make_room() {
  sort();
  is_full_ = packed_.size() > most_pointers / 8 * 7;
}

bool PointerBag::find(std::uint64_t start, std::uint64_t stop, Pointer& found) const {
  constexpr std::uint64_t debug_head = 16;
  auto place = std::lower_bound(packed_.begin(), packed_.end(), start >> 3 << type_bits);
  if (place == packed_.end() || unpacked(*place).address >= stop) return false;
  found = unpacked(*place);
  for (; place != packed_.end() && unpacked(*place).address <= start + debug_head; ++place) {
    const auto one = unpacked(*place);
    if (one.address == start || (one.address == start + debug_head && one.address < stop)) {
      found = one;
      break;
    }
  }
  return true;
}

}  // namespace tidemark::heap
