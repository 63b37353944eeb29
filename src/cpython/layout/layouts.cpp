#include <algorithm>
#include <array>

#include "tables.hpp"

namespace tidemark::cpython {

std::string_view text_of(LayoutOrigin origin) {
  switch (origin) {
    case LayoutOrigin::builtin:
      return "builtin";
    case LayoutOrigin::debug_offsets:
      return "debug_offsets";
    case LayoutOrigin::dwarf:
      return "dwarf";
  }
  return "unknown";
}

std::span<const Layout* const> layouts() {
  static constexpr std::array<const Layout*, 11> all{&layout_v3_8,   &layout_v3_9,  &layout_v3_10,  &layout_v3_11,
                                                     &layout_v3_12,  &layout_v3_13, &layout_v3_13t, &layout_v3_14,
                                                     &layout_v3_14t, &layout_v3_15, &layout_v3_15t};
  return all;
}

const Layout* find_layout(unsigned major, unsigned minor, bool free_threaded) {
  const auto known = layouts();
  const auto at = std::ranges::find_if(known, [&](const Layout* layout) {
    return layout->major == major && layout->minor == minor && layout->free_threaded == free_threaded;
  });
  return at == known.end() ? nullptr : *at;
}

Version version_of(std::uint64_t py_version_hex) {
  const auto byte = [&](unsigned shift) { return static_cast<unsigned>(py_version_hex >> shift) & 0xffU; };
  return {
      .major = byte(24), .minor = byte(16), .micro = byte(8), .release_level = byte(0) >> 4, .serial = byte(0) & 0xfU};
}

}  // namespace tidemark::cpython
