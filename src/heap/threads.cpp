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
Range near_descriptor(const SpaceRegion& region, std::uint64_t descriptor) {
  constexpr std::uint64_t tls_bytes = 16 << 10, descriptor_bytes = 4 << 10;
  const auto page = [](std::uint64_t at) { return at / proc::page_bytes * proc::page_bytes; };
  return {std::max(region.map.region.start, page(descriptor - tls_bytes)),
          std::min(region.map.region.end, page(descriptor + descriptor_bytes + proc::page_bytes - 1))};
}

}  // namespace

std::vector<ThreadStackPlace> find_stacks(const AddressSpace& space, const memory::MemorySource& memory,
                                          const std::vector<base::Tid>& tids, const std::vector<std::uint64_t>& known) {
  std::vector<ThreadStackPlace> found;
  Window window(memory, space);
  const std::set sorted_tids(tids.begin(), tids.end());
  const std::set sorted_known(known.begin(), known.end());
  const auto look = [&](const SpaceRegion& region, std::uint64_t at) {
    if (!is_descriptor(window, at)) return false;
    std::int32_t tid = 0;
    const bool has_tid = window.take(at + tid_at, tid) != nullptr;
    const bool is_guarded = has_guard(space, region);
    found.push_back({.thread_pointer = at,
                     .range = is_guarded ? region.range() : near_descriptor(region, at),
                     .is_in_use = has_tid && sorted_tids.contains(tid),
                     .is_guarded = is_guarded});
    return true;
  };
  for (const auto& region : space.regions()) {
    const auto& map = region.map.region;
    if (!region.is_paged() || !region.map.is_private_anonymous() || !map.writable || map.path.starts_with("[heap")) {
      continue;
    }
    const std::uint64_t start = map.end - std::min(map.size(), looked_at_bytes);
    if (!window.load({start, map.end})) continue;
    bool is_found = false;
    for (std::uint64_t at = map.end - descriptor_unit; !is_found && at >= start; at -= descriptor_unit) {
      is_found = look(region, at);
    }
    // A large static TLS, or a stack within a larger mapping.
    for (auto next = sorted_known.lower_bound(map.start); !is_found && next != sorted_known.end(); ++next) {
      const auto pointer = *next;
      if (pointer >= map.end) break;
      if (pointer % descriptor_unit != 0) continue;
      if (window.load({pointer, std::min(map.end, pointer + tid_at + 8)})) is_found = look(region, pointer);
    }
  }
  return found;
}

}  // namespace tidemark::heap
