#include "detail/mimalloc.hpp"

#include <algorithm>
#include <array>

#include "detail/window.hpp"

namespace tidemark::heap {

namespace {

constexpr std::uint64_t segment_unit = std::uint64_t{32} << 20, slice_bytes = std::uint64_t{64} << 10;
constexpr std::size_t size_at = 32, cookie_at = 216, slices_at = 224, thread_at = 256, head_bytes = 264;

struct Segment {
  Range range;
  std::uint64_t secret = 0, thread = 0;
};

std::vector<Segment> look_alikes(const AddressSpace& space, const memory::MemorySource& memory) {
  std::vector<Segment> found;
  std::array<std::byte, head_bytes> head{};
  for (const auto& region : space.regions()) {
    if (!region.is_paged() || !region.map.is_private_anonymous()) continue;
    const auto range = region.range();
    for (auto at = (range.start + segment_unit - 1) / segment_unit * segment_unit; at < range.end; at += segment_unit) {
      if (!space.is_resident(at) || !memory.read({at}, head)) continue;
      const auto size = load(head.data() + size_at);
      const bool fits = size >= slice_bytes && size % slice_bytes == 0 && size <= range.end - at &&
                        load(head.data() + slices_at) == size / slice_bytes;
      if (!fits) continue;
      found.push_back({.range = {at, at + size},
                       .secret = load(head.data() + cookie_at) ^ at,
                       .thread = load(head.data() + thread_at)});
    }
  }
  return found;
}

}  // namespace

std::vector<Range> find_segments(const AddressSpace& space, const memory::MemorySource& memory,
                                 const std::vector<std::uint64_t>& thread_pointers) {
  const auto all = look_alikes(space, memory);
  const auto owned = std::find_if(all.begin(), all.end(), [&](const Segment& one) {
    return std::find(thread_pointers.begin(), thread_pointers.end(), one.thread) != thread_pointers.end();
  });
  std::vector<Range> segments;
  if (owned == all.end()) return segments;
  for (const auto& one : all) {
    if (one.secret == owned->secret) segments.push_back(one.range);
  }
  return segments;
}

}  // namespace tidemark::heap
