// Purpose: an address space made by hand: mappings, the flags of their pages, and the memory in them. Pages that are
// not present cannot be read, as LiveMemory has it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "detail/address_space.hpp"
#include "tidemark/memory/image_memory.hpp"

namespace tidemark::heap::test {

inline constexpr std::uint64_t page = proc::page_bytes;
inline constexpr std::uint8_t own = proc::page_present | proc::page_exclusive;
inline constexpr std::uint8_t common = proc::page_present;  ///< of a parent, too
inline constexpr std::uint8_t swapped = proc::page_swapped;
inline constexpr std::uint8_t zeros = proc::page_present | proc::page_zero;
inline constexpr std::uint8_t untouched = 0;

struct MapOptions {
  std::string path = {};
  bool readable = true, writable = true, executable = false, shared = false;
  std::uint64_t inode = 0;
  std::uint8_t flags = own;
};

class FakeSpace final : public memory::MemorySource {
 public:
  void map(std::uint64_t start, std::uint64_t bytes, const MapOptions& options = {}) {
    SpaceRegion region;
    auto& map = region.map.region;
    map.start = start;
    map.end = start + bytes;
    map.readable = options.readable;
    map.writable = options.writable;
    map.executable = options.executable;
    map.shared = options.shared;
    map.inode = options.inode;
    map.path = options.path;
    const bool is_paged =
        options.readable && !options.shared && !region.map.is_special() && (options.inode == 0 || options.writable);
    if (is_paged) region.pages.assign(bytes / page, options.flags);
    if (options.readable && !is_paged) region.map.rss = bytes;
    if (options.readable) REQUIRE(image_.add({.start = {start}, .bytes = std::vector<std::byte>(bytes)}));
    regions_.push_back(std::move(region));
    std::sort(regions_.begin(), regions_.end(), [](const SpaceRegion& left, const SpaceRegion& right) {
      return left.map.region.start < right.map.region.start;
    });
  }

  template <class T>
  void put(std::uint64_t at, T value) {
    REQUIRE(image_.overwrite({at}, std::as_bytes(std::span<const T, 1>(&value, 1))));
  }
  void put_word(std::uint64_t at, std::uint64_t value) { put(at, value); }
  void put_text(std::uint64_t at, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) put(at + i, text[i]);
  }
  [[nodiscard]] std::uint64_t word(std::uint64_t at) const {
    return image_.read_value<std::uint64_t>({at}).value_or(0);
  }

  /// Of the pages that touch [start, start + bytes).
  void set_pages(std::uint64_t start, std::uint64_t bytes, std::uint8_t flags) {
    for (auto& region : regions_) {
      for (std::size_t i = 0; i < region.pages.size(); ++i) {
        const std::uint64_t at = region.map.region.start + i * page;
        if (at + page > start && at < start + bytes) region.pages[i] = flags;
      }
    }
  }

  /// With figures of smaps that its flags have. What is changed later is not in it.
  [[nodiscard]] AddressSpace space() const {
    auto regions = regions_;
    for (auto& region : regions) {
      if (!region.is_paged()) continue;
      Tally all;
      for (const auto flags : region.pages) add_page(all, flags, page);
      region.map.rss = all.bytes;
      region.map.swap = all.swap_bytes;
    }
    return AddressSpace(std::move(regions));
  }

  [[nodiscard]] base::Result<void> read(base::Address from, std::span<std::byte> into) const override {
    ++reads_;
    for (std::uint64_t at = from.value / page * page; at < from.value + into.size(); at += page) {
      if (is_there(at)) continue;
      return base::fail(base::Error{.code = base::ErrorCode::absent, .doing = "read a space made by hand"});
    }
    return image_.read(from, into);
  }

  [[nodiscard]] memory::ImageMemory& image() { return image_; }
  /// To be put back after a change.
  [[nodiscard]] const std::vector<SpaceRegion>& regions() const { return regions_; }
  void set_regions(std::vector<SpaceRegion> regions) { regions_ = std::move(regions); }
  [[nodiscard]] std::uint64_t reads() const { return reads_; }

 private:
  [[nodiscard]] bool is_there(std::uint64_t at) const {
    const auto after = std::upper_bound(regions_.begin(), regions_.end(), at, [](std::uint64_t from, const auto& one) {
      return from < one.map.region.start;
    });
    if (after == regions_.begin()) return false;
    const auto& region = *std::prev(after);
    if (at >= region.map.region.end) return false;
    return !region.is_paged() || (region.pages[(at - region.map.region.start) / page] & proc::page_present) != 0;
  }

  std::vector<SpaceRegion> regions_;
  memory::ImageMemory image_;
  mutable std::uint64_t reads_ = 0;
};

inline Tally tally_of(std::uint64_t bytes, std::uint64_t private_bytes, std::uint64_t swap_bytes = 0) {
  return {.bytes = bytes, .private_bytes = private_bytes, .swap_bytes = swap_bytes};
}
inline bool are(const std::vector<Range>& ranges, const std::vector<Range>& expected) { return ranges == expected; }

}  // namespace tidemark::heap::test
