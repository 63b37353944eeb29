#include "tidemark/heap/moment.hpp"

#include <algorithm>

#include "detail/address_space.hpp"

namespace tidemark::heap {

base::Result<Moment> Moment::take(std::vector<proc::SmapsRegion> smaps, const proc::PageMap& pages) {
  auto space = AddressSpace::make(std::move(smaps), pages);
  if (!space) return base::fail(std::move(space).error());
  return Moment(std::move(*space));
}

Moment::Moment(AddressSpace space) : space_(std::make_unique<AddressSpace>(std::move(space))) {}
Moment::Moment(Moment&&) noexcept = default;
Moment& Moment::operator=(Moment&&) noexcept = default;
Moment::~Moment() = default;

std::vector<memory::CopyRange> Moment::resident() const {
  std::vector<memory::CopyRange> ranges;
  for (const auto& region : space_->regions()) {
    if (!region.is_paged()) continue;
    for (const auto& part : space_->resident(region.range())) ranges.push_back({{part.start}, part.size()});
  }
  return ranges;
}

std::uint64_t Moment::resident_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& range : resident()) bytes += range.bytes;
  return bytes;
}

void Moment::take_exclusiveness_of(const Moment& earlier) {
  for (auto& region : space_->regions()) {
    for (std::size_t i = 0; i < region.pages.size(); ++i) {
      const std::uint64_t address = region.map.region.start + i * proc::page_bytes;
      const auto* const before = earlier.space_->find(address);
      if (before == nullptr || !before->is_paged()) continue;
      const auto flags = before->flags_at(address);
      region.pages[i] = static_cast<std::uint8_t>(region.pages[i] | (flags & proc::page_exclusive));
    }
  }
}

std::vector<proc::SmapsRegion> with_files_of(std::vector<proc::SmapsRegion> clone,
                                             const std::vector<proc::SmapsRegion>& target) {
  for (const auto& map : target) {
    const auto same =
        std::lower_bound(clone.begin(), clone.end(), map.region.start,
                         [](const proc::SmapsRegion& one, std::uint64_t at) { return one.region.start < at; });
    const bool is_there = same != clone.end() && same->region.start == map.region.start;
    // Fork leaves these out, or empty: MADV_DONTFORK, MADV_WIPEONFORK, glibc's page for getrandom (2.41).
    const bool is_not_copied = map.is_dont_copy || map.is_wiped_on_fork;
    if (!is_there && is_not_copied) {
      clone.insert(same, map)->is_elsewhere = true;
    } else if (is_there && same->region.end == map.region.end &&
               (is_not_copied || (same->anonymous == 0 && (map.is_file() || map.region.shared || map.is_special())))) {
      *same = map;
      same->is_elsewhere = is_not_copied;
    }
  }
  return clone;
}

}  // namespace tidemark::heap
