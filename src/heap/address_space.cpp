#include "detail/address_space.hpp"

#include <algorithm>

namespace tidemark::heap {

using base::fail;
using base::Result;
using proc::page_bytes;

namespace {

bool wants_pages(const proc::SmapsRegion& map) {
  if (map.is_elsewhere || map.region.shared || map.is_special() || map.is_hugetlb) return false;
  if (map.rss == 0 && map.swap == 0) return false;
  if (map.region.size() > max_paged_bytes) return false;
  return map.is_private_anonymous() || map.region.writable || map.anonymous > 0;
}

bool is_in_memory(std::uint8_t flags) { return (flags & proc::page_present) != 0 && (flags & proc::page_zero) == 0; }

std::uint64_t resident_pages(const std::vector<std::uint8_t>& pages) {
  return static_cast<std::uint64_t>(std::count_if(pages.begin(), pages.end(), is_in_memory));
}

/// Before kernel 6.15 pagemap does not tell a guard page from one in swap.
void swapped_is_guard(std::vector<std::uint8_t>& pages) {
  for (auto& flags : pages) {
    if ((flags & proc::page_swapped) == 0) continue;
    flags = static_cast<std::uint8_t>((flags & ~unsigned{proc::page_swapped}) | proc::page_guard);
  }
}

}  // namespace

void add_page(Tally& tally, std::uint8_t flags, std::uint64_t bytes) {
  if (is_in_memory(flags)) {
    tally.bytes += bytes;
    constexpr unsigned of_its_own = proc::page_exclusive | proc::page_file;
    if ((flags & of_its_own) == proc::page_exclusive) tally.private_bytes += bytes;
  } else if ((flags & proc::page_swapped) != 0) {
    tally.swap_bytes += bytes;
  }
}

void guess_zero_pages(std::vector<std::uint8_t>& pages, std::uint64_t rss_bytes) {
  std::uint64_t present = resident_pages(pages);
  constexpr unsigned never = proc::page_file | proc::page_zero;
  for (const unsigned also_never : {unsigned{proc::page_exclusive}, 0U}) {
    for (auto& flags : pages) {
      if (present * page_bytes <= rss_bytes) return;
      if (!is_in_memory(flags) || (flags & (never | also_never)) != 0) continue;
      flags = static_cast<std::uint8_t>(flags | proc::page_zero);
      --present;
    }
  }
}

Result<AddressSpace> AddressSpace::make(std::vector<proc::SmapsRegion> smaps, const proc::PageMap& pages) {
  std::vector<SpaceRegion> regions;
  regions.reserve(smaps.size());
  for (auto& map : smaps) {
    SpaceRegion region{.map = std::move(map), .pages = {}};
    if (wants_pages(region.map)) {
      auto flags = pages.read(region.map.region.start, region.map.region.end);
      if (!flags) return fail(std::move(flags).error());
      region.pages = std::move(*flags);
      if (region.map.swap == 0) swapped_is_guard(region.pages);
      const bool has_zero_pages = resident_pages(region.pages) * page_bytes > region.map.rss;
      if (has_zero_pages && !pages.mark_zero_pages(region.map.region.start, region.pages)) {
        guess_zero_pages(region.pages, region.map.rss);
      }
    }
    regions.push_back(std::move(region));
  }
  return AddressSpace(std::move(regions));
}

std::vector<SpaceRegion>::const_iterator AddressSpace::after(std::uint64_t address) const {
  return std::upper_bound(regions_.begin(), regions_.end(), address,
                          [](std::uint64_t at, const SpaceRegion& region) { return at < region.map.region.start; });
}

const SpaceRegion* AddressSpace::find(std::uint64_t address) const {
  const auto next = after(address);
  if (next == regions_.begin()) return nullptr;
  const auto& region = *std::prev(next);
  return address < region.map.region.end ? &region : nullptr;
}

Tally AddressSpace::tally(Range range) const {
  Tally sum;
  const auto* region = find(range.start);
  if (region == nullptr) region = std::to_address(after(range.start));
  for (const auto* end = regions_.data() + regions_.size(); region != end; ++region) {
    if (region->map.region.start >= range.end) break;
    if (!region->is_paged()) continue;
    const std::uint64_t start = std::max(range.start, region->map.region.start);
    const std::uint64_t stop = std::min(range.end, region->map.region.end);
    for (std::uint64_t at = start; at < stop;) {
      const std::uint64_t next = std::min(stop, at / page_bytes * page_bytes + page_bytes);
      add_page(sum, region->flags_at(at), next - at);
      at = next;
    }
  }
  return sum;
}

bool AddressSpace::is_resident(std::uint64_t address) const {
  const auto* region = find(address);
  return region != nullptr && region->is_paged() && (region->flags_at(address) & proc::page_present) != 0;
}

bool AddressSpace::is_whole(Range range) const {
  const auto* region = find(range.start);
  if (region == nullptr || !region->is_paged() || range.end > region->map.region.end) return false;
  for (std::uint64_t at = range.start; at < range.end; at = at / page_bytes * page_bytes + page_bytes) {
    if ((region->flags_at(at) & proc::page_present) == 0) return false;
  }
  return true;
}

std::vector<Range> AddressSpace::resident(Range range) const {
  std::vector<Range> found;
  for (std::uint64_t at = range.start; at < range.end;) {
    const auto* region = find(at);
    if (region == nullptr || !region->is_paged()) {
      // Beyond what is mapped or known: on to the next mapping.
      const auto next = after(at);
      if (next == regions_.end()) break;
      at = std::max(at + 1, next->map.region.start);
      continue;
    }
    const std::uint64_t stop = std::min(range.end, region->map.region.end);
    while (at < stop) {
      const std::uint64_t next = std::min(stop, at / page_bytes * page_bytes + page_bytes);
      const bool present = (region->flags_at(at) & proc::page_present) != 0;
      if (present) {
        if (!found.empty() && found.back().end == at) {
          found.back().end = next;
        } else {
          found.push_back({at, next});
        }
      }
      at = next;
    }
  }
  return found;
}

}  // namespace tidemark::heap
