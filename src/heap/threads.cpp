#include "detail/threads.hpp"

#include <algorithm>
#include <set>

#include "detail/window.hpp"

namespace tidemark::heap {

namespace {

constexpr std::uint64_t looked_at_bytes = 64 << 10;  ///< at the end of a mapping: static TLS and the descriptor
constexpr std::uint64_t descriptor_unit = 64, self_at = 16, tid_at = 0x2d0;

bool is_descriptor(const Window& window, std::uint64_t at) {
  std::uint64_t tcb = 0, self = 0;
  return window.take(at, tcb) != nullptr && tcb == at && window.take(at + self_at, self) != nullptr && self == at;
}

bool has_guard(const AddressSpace& space, const SpaceRegion& region) {
  const auto* const before = space.find(region.map.region.start - 1);
  return before != nullptr && !before->map.region.readable && !before->map.region.writable;
}

/// The main thread's descriptor lies in memory of ld.so's, with which other mappings may have been merged.
Range near_descriptor(Range mapping, std::uint64_t descriptor) {
  constexpr std::uint64_t tls_bytes = 16 << 10, descriptor_bytes = 4 << 10;
  const auto page = [](std::uint64_t at) { return at / proc::page_bytes * proc::page_bytes; };
  return {std::max(mapping.start, page(descriptor - tls_bytes)),
          std::min(mapping.end, page(descriptor + descriptor_bytes + proc::page_bytes - 1))};
}

/// A mapping, or what of it lies between guard pages, with which glibc 2.42 begins each stack within one mapping.
struct Stretch {
  Range range;
  bool is_guarded = false;
};

std::vector<Stretch> stretches_of(const AddressSpace& space, const SpaceRegion& region) {
  std::vector<Stretch> stretches{{.range = region.range(), .is_guarded = has_guard(space, region)}};
  for (std::size_t i = 0; i < region.pages.size(); ++i) {
    if ((region.pages[i] & proc::page_guard) == 0) continue;
    const std::uint64_t at = region.map.region.start + i * proc::page_bytes;
    auto& last = stretches.back().range;
    const Range rest{at + proc::page_bytes, last.end};
    last.end = at;
    if (last.size() == 0) stretches.pop_back();
    stretches.push_back({.range = rest, .is_guarded = true});
    if (rest.size() == 0) break;
  }
  return stretches;
}

}  // namespace

std::vector<ThreadStackPlace> find_stacks(const AddressSpace& space, const memory::MemorySource& memory,
                                          const std::vector<base::Tid>& tids, const std::vector<std::uint64_t>& known) {
  std::vector<ThreadStackPlace> found;
  Window window(memory, space);
  const std::set sorted_tids(tids.begin(), tids.end());
  const std::set sorted_known(known.begin(), known.end());
  const auto look = [&](const Stretch& stretch, std::uint64_t at) {
    if (!is_descriptor(window, at)) return false;
    std::int32_t tid = 0;
    const bool has_tid = window.take(at + tid_at, tid) != nullptr;
    found.push_back({.thread_pointer = at,
                     .range = stretch.is_guarded ? stretch.range : near_descriptor(stretch.range, at),
                     .is_in_use = has_tid && sorted_tids.contains(tid),
                     .is_guarded = stretch.is_guarded});
    return true;
  };
  for (const auto& region : space.regions()) {
    const auto& map = region.map.region;
    if (!region.is_paged() || !region.map.is_private_anonymous() || !map.writable || map.path.starts_with("[heap")) {
      continue;
    }
    for (const auto& stretch : stretches_of(space, region)) {
      const auto [begin, end] = stretch.range;
      const std::uint64_t start = end - std::min(stretch.range.size(), looked_at_bytes);
      if (start == end || !window.load({start, end})) continue;
      bool is_found = false;
      for (std::uint64_t at = end - descriptor_unit; !is_found && at >= start; at -= descriptor_unit) {
        is_found = look(stretch, at);
      }
      // A large static TLS, or a stack within a larger mapping.
      for (auto next = sorted_known.lower_bound(begin); !is_found && next != sorted_known.end(); ++next) {
        const auto pointer = *next;
        if (pointer >= end) break;
        if (pointer % descriptor_unit != 0) continue;
        if (window.load({pointer, std::min(end, pointer + tid_at + 8)})) is_found = look(stretch, pointer);
      }
    }
  }
  return found;
}

}  // namespace tidemark::heap
