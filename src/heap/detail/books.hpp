// Purpose: what the walkers count, before it becomes rows.
// Invariant: a byte is added in one place only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "address_space.hpp"
#include "tidemark/model/heap.hpp"
#include "types.hpp"

namespace tidemark::heap {

struct Sum {
  Tally tally;
  std::uint64_t count = 0;

  void add(const Tally& more, std::uint64_t how_many = 1) {
    tally += more;
    count += how_many;
  }
  Sum& operator+=(const Sum& other) {
    add(other.tally, other.count);
    return *this;
  }
};

using KindSums = std::array<Sum, object_kind_count>;

/// Rows by owner and detail.
class RowBook {
 public:
  [[nodiscard]] Sum& at(model::HeapOwner owner, std::string_view detail = {}) {
    return sums_[{owner, std::string(detail)}];
  }
  void add(model::HeapOwner owner, std::string_view detail, const Tally& tally, std::uint64_t count = 1) {
    if (tally.bytes != 0 || tally.swap_bytes != 0) at(owner, detail).add(tally, count);
  }
  [[nodiscard]] std::vector<model::HeapRow> rows() const;

 private:
  std::map<std::pair<model::HeapOwner, std::string>, Sum> sums_;
};

/// Addresses that Python objects point to and that lie in no arena of pymalloc, with the type of the object.
class PointerBag {
 public:
  struct Pointer {
    std::uint64_t address = 0;
    std::uint32_t type = 0;
  };
  /// More are left out, and counted: 64 MiB of ours.
  static constexpr std::size_t most_pointers = std::size_t{1} << 23;

  void add(std::uint64_t address, std::uint32_t type) {
    if ((address & 7U) != 0 || address < lowest || address >= end) return;
    if (packed_.size() >= most_pointers && !is_full_) make_room();
    if (packed_.size() < most_pointers) {
      packed_.push_back(address >> 3 << type_bits | (type & type_mask));
    } else {
      ++left_out_;
    }
  }
  void sort();
  /// After sort(): a pointer into [start, end); one to its beginning, or to what PYTHONMALLOC=debug makes of it, before
  /// others.
  [[nodiscard]] bool find(std::uint64_t start, std::uint64_t end, Pointer& found) const;
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto one : packed_) visit(unpacked(one));
  }
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }
  [[nodiscard]] std::size_t size() const { return packed_.size(); }

 private:
  static constexpr unsigned type_bits = 20;
  static constexpr std::uint64_t type_mask = (1U << type_bits) - 1;
  static constexpr std::uint64_t lowest = 0x10000, end = std::uint64_t{1} << 47;
  [[nodiscard]] static Pointer unpacked(std::uint64_t packed) {
    return {.address = packed >> type_bits << 3, .type = static_cast<std::uint32_t>(packed & type_mask)};
  }
  void make_room();

  std::vector<std::uint64_t> packed_;  ///< 44 bits of address, 20 of type
  std::uint64_t left_out_ = 0;
  bool is_full_ = false;  ///< sorting again would not make enough room
};

}  // namespace tidemark::heap
