// Purpose: what a process of a version would state of itself in _Py_DebugOffsets, made out of its table.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tidemark/cpython/layout_fields.hpp"

namespace tidemark::cpython::test {

using Words = std::vector<std::uint64_t>;

inline constexpr std::uint64_t cookie_word = 0x7970677562656478;
inline constexpr std::size_t version_word = 1;
inline constexpr std::size_t free_threaded_word = 2;
inline constexpr std::size_t runtime_size_word = 3;

/// Where the GIL's own struct is said to begin inside the interpreter.
inline constexpr std::uint64_t own_gil = 0x1e00;

/// What is stated of an entry.
inline std::uint64_t stated_value(const Layout& layout, const StatedOffset& stated) {
  std::uint64_t value = 0;
  for_each_field(layout, [&](std::string_view name, const auto& entry) {
    if (name != stated.entry) return;
    if constexpr (requires { entry.offset(); }) value = entry.offset();
    if constexpr (std::is_same_v<decltype(entry), const std::uint32_t&>) value = entry;
  });
  return stated.from ? own_gil + value : value;
}

/// As far as the last of them that a table knows.
inline Words stated_words(const Layout& layout) {
  std::uint32_t last = 8 * runtime_size_word;
  for (const auto& stated : layout.stated_offsets) last = std::max(last, stated.position);
  Words words(last / 8 + 1);
  words[0] = cookie_word;
  words[version_word] = std::uint64_t{layout.major} << 24U | std::uint64_t{layout.minor} << 16U | 0xf0U;
  words[free_threaded_word] = layout.free_threaded ? 1 : 0;
  words[runtime_size_word] = layout.runtime_sizes.front();
  for (const auto& stated : layout.stated_offsets) {
    words[stated.position / 8] = stated_value(layout, stated);
    if (stated.from) words[*stated.from / 8] = own_gil;
  }
  return words;
}

}  // namespace tidemark::cpython::test
