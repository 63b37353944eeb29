// Purpose: the address space of a target at one moment: its mappings, and of those that are walked which pages are in
// memory.
// Invariants: nothing is read of the memory itself. Figures of a mapping without page flags are those of smaps; of one
// with them, the flags'. The page of zeros is in no figure, as it is in no RSS.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/proc/page_map.hpp"
#include "tidemark/proc/smaps.hpp"

namespace tidemark::heap {

struct Range {
  std::uint64_t start = 0, end = 0;

  [[nodiscard]] std::uint64_t size() const { return end - start; }
  [[nodiscard]] bool holds(std::uint64_t address) const { return address >= start && address < end; }
  [[nodiscard]] bool holds(std::uint64_t address, std::uint64_t bytes) const {
    return holds(address) && bytes <= end - address;
  }
  auto operator<=>(const Range&) const = default;
};

/// Of a stretch of memory: bytes that are resident, of these such as no other process maps, and bytes in swap.
struct Tally {
  std::uint64_t bytes = 0, private_bytes = 0, swap_bytes = 0;

  Tally& operator+=(const Tally& other) {
    bytes += other.bytes;
    private_bytes += other.private_bytes;
    swap_bytes += other.swap_bytes;
    return *this;
  }
  [[nodiscard]] Tally without(const Tally& other) const {
    const auto left = [](std::uint64_t all, std::uint64_t part) { return all > part ? all - part : 0; };
    return {.bytes = left(bytes, other.bytes),
            .private_bytes = left(private_bytes, other.private_bytes),
            .swap_bytes = left(swap_bytes, other.swap_bytes)};
  }
  bool operator==(const Tally&) const = default;
};

/// Page flags of one mapping larger than this are not read: a reservation, which nobody fills.
inline constexpr std::uint64_t max_paged_bytes = std::uint64_t{1} << 40;

struct SpaceRegion {
  proc::SmapsRegion map;
  std::vector<std::uint8_t> pages;  ///< proc::PageFlag; empty: not known page by page

  [[nodiscard]] Range range() const { return {map.region.start, map.region.end}; }
  [[nodiscard]] bool is_paged() const { return !pages.empty(); }
  /// Of the page that holds an address of a paged mapping.
  [[nodiscard]] std::uint8_t flags_at(std::uint64_t address) const {
    return pages[(address - map.region.start) / proc::page_bytes];
  }
};

class AddressSpace {
 public:
  /// Page flags are read of private memory that is anonymous or a writable file mapping, and not all absent. Errors:
  /// those of PageMap.
  [[nodiscard]] static base::Result<AddressSpace> make(std::vector<proc::SmapsRegion> smaps,
                                                       const proc::PageMap& pages);

  /// Made by hand, for tests.
  explicit AddressSpace(std::vector<SpaceRegion> regions) : regions_(std::move(regions)) {}

  [[nodiscard]] const std::vector<SpaceRegion>& regions() const { return regions_; }
  [[nodiscard]] std::vector<SpaceRegion>& regions() { return regions_; }
  /// The first mapping that begins after the address, or the end.
  [[nodiscard]] std::vector<SpaceRegion>::const_iterator after(std::uint64_t address) const;
  /// The mapping that holds the address, or null.
  [[nodiscard]] const SpaceRegion* find(std::uint64_t address) const;
  /// Mappings that touch `range` count with their part of it.
  [[nodiscard]] Tally tally(Range range) const;
  [[nodiscard]] bool is_resident(std::uint64_t address) const;
  /// Both ends in one mapping whose pages there are all resident.
  [[nodiscard]] bool is_whole(Range range) const;

  /// The resident stretches of `range`, as long as they are whole.
  [[nodiscard]] std::vector<Range> resident(Range range) const;

 private:
  std::vector<SpaceRegion> regions_;  ///< by address
};

/// Before kernel 6.7 nobody says which pages are the page of zeros, only (by RSS) how many: taken for them are first
/// such as are not this process's own, which the page of zeros never is. So sums are right; after a fork, when other
/// pages are shared too, it may be others of the mapping that are left out.
void guess_zero_pages(std::vector<std::uint8_t>& pages, std::uint64_t rss_bytes);

/// What one page adds to a Tally, for `bytes` of it.
void add_page(Tally& tally, std::uint8_t flags, std::uint64_t bytes);

}  // namespace tidemark::heap
