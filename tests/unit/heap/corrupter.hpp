// Purpose: changes words and pages of a process made by hand, and puts them back.
#pragma once

#include <array>
#include <random>
#include <utility>
#include <vector>

#include "detail/window.hpp"
#include "fake_heap.hpp"
#include "sanitized.hpp"

namespace tidemark::heap::test {

using Random = std::mt19937_64;

inline constexpr int share = tidemark::is_sanitized ? 8 : 1;  // of the rounds

/// Changes words of a process and puts them back.
class Corrupter {
 public:
  Corrupter(FakeHeap& heap, std::uint64_t seed) : heap_(heap), random_(seed) {
    for (const auto& segment : heap.space.image().segments()) {
      for (std::uint64_t at = 0; at + 8 <= segment.bytes.size(); at += 8) {
        const auto value = load(segment.bytes.data() + at);
        if (value != 0) used_.push_back(segment.start.value + at);
        if (value >= 0x10000 && heap.space.image().read_value<std::byte>({value})) pointers_.push_back(value);
      }
    }
  }

  void corrupt() {
    regions_ = heap_.space.regions();
    for (std::uint64_t left = 1 + random_() % 8; left != 0; --left) edit();
  }
  /// What goes after the page flags were read.
  void lose_pages() {
    for (std::uint64_t left = random_() % 3; left != 0; --left) change_pages();
  }
  void restore() {
    for (auto one = undo_.rbegin(); one != undo_.rend(); ++one) heap_.space.put_word(one->first, one->second);
    undo_.clear();
    heap_.space.set_regions(regions_);
  }

 private:
  [[nodiscard]] std::uint64_t any_of(const std::vector<std::uint64_t>& words) {
    return words[random_() % words.size()];
  }
  [[nodiscard]] std::uint64_t anywhere() {
    const std::uint64_t at = random_() % 4 != 0 ? any_of(used_) : any_of(used_) + random_() % 64 * 8;
    return heap_.space.image().read_value<std::uint64_t>({at}) ? at : any_of(used_);
  }
  void put(std::uint64_t at, std::uint64_t value) {
    if (!heap_.space.image().read_value<std::uint64_t>({at})) return;
    undo_.emplace_back(at, *heap_.space.image().read_value<std::uint64_t>({at}));
    heap_.space.put_word(at, value);
  }
  void edit() {
    const std::uint64_t at = anywhere();
    const std::uint64_t value = heap_.space.image().read_value<std::uint64_t>({at}).value_or(0);
    constexpr std::array huge{~std::uint64_t{0},          std::uint64_t{1} << 63, std::uint64_t{1} << 47,
                              std::uint64_t{0xffff'ffff}, ~std::uint64_t{7},      std::uint64_t{1} << 40};
    switch (random_() % 10) {
      case 0:
        return put(at, value ^ (std::uint64_t{1} << random_() % 64));
      case 1:
        return put(at, value ^ (std::uint64_t{0xff} << random_() % 8 * 8));
      case 2:
        return put(at, huge[random_() % huge.size()]);
      case 3:
        return put(at, any_of(pointers_));
      case 4:
        return put(at, at - random_() % 8 * 8);  // a list that comes back to itself
      case 5:
        return put(at, value + random_() % 64 * 16 - 512);
      case 6:
        return put(at, random_() % 2 == 0 ? 0 : random_());
      case 7:
        return put(at, (random_() % 64 * 16) | random_() % 8);
      case 8:
        for (std::uint64_t i = 0, word = any_of(pointers_); i < 64; ++i)
          put(at + i * 8, word + i * (random_() % 2) * 16);
        return;
      default:
        return change_pages();
    }
  }
  void change_pages() {
    constexpr std::array flags{own, common, swapped, zeros, untouched, static_cast<std::uint8_t>(own | swapped)};
    heap_.space.set_pages(anywhere(), (random_() % 4 + 1) * page, flags[random_() % flags.size()]);
  }

  FakeHeap& heap_;
  Random random_;
  std::vector<std::uint64_t> used_, pointers_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> undo_;
  std::vector<SpaceRegion> regions_;
};

}  // namespace tidemark::heap::test
