// What a process states of itself in _Py_DebugOffsets. Where each offset is stated differs from version to version and
// is part of its table; only the first three words have never moved.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "tidemark/cpython/layout_fields.hpp"

namespace tidemark::cpython {

namespace {

constexpr std::string_view cookie = "xdebugpy";
constexpr std::uint32_t version_at = 0x08;
constexpr std::uint32_t free_threaded_at = 0x10;

/// The offset that is stated at a position; nullopt when it is over its cap, or is not as the entry must be aligned.
std::optional<std::uint32_t> read_offset(const Piece& piece, const StatedOffset& stated, std::size_t alignment) {
  // The GIL's struct, of which they are counted from the interpreter, is a small one.
  constexpr std::uint64_t max_inner_offset = 4096;
  const std::uint64_t cap = stated.from ? max_inner_offset : max_layout_offset;
  auto value = piece.get_at<std::uint64_t>(stated.position);
  if (value && stated.from) {
    const auto from = piece.get_at<std::uint64_t>(*stated.from);
    if (!from || *from > *value) return std::nullopt;
    *value -= *from;
  }
  if (!value || *value > cap || *value % alignment != 0) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

/// Puts it into an entry of each type that is stated.
struct Take {
  const Piece& piece;
  const StatedOffset& stated;

  template <class T>
  bool operator()(Field<T>& entry) const {
    const auto offset = read_offset(piece, stated, alignof(T));
    if (offset) entry = Field<T>(*offset);
    return offset.has_value();
  }
  bool operator()(std::uint32_t& entry) const {
    const auto offset = read_offset(piece, stated, 1);
    if (offset) entry = *offset;
    return offset.has_value();
  }
  template <class T>
  bool operator()(T&) const {
    return false;  // no table names such an entry
  }
};

base::Unexpected malformed(std::string detail) {
  return base::fail(base::Error{.code = base::ErrorCode::malformed,
                                .doing = "take the offsets that the runtime states",
                                .detail = std::move(detail)});
}

}  // namespace

std::optional<DebugOffsets> parse_debug_offsets(std::span<const std::byte> start_of_runtime) {
  const Piece piece{.bytes = start_of_runtime};
  if (start_of_runtime.size() < debug_offsets_bytes ||
      std::memcmp(start_of_runtime.data(), cookie.data(), cookie.size()) != 0) {
    return std::nullopt;
  }
  return DebugOffsets{.py_version_hex = piece.get_at<std::uint64_t>(version_at).value_or(0),
                      .free_threaded = piece.get_at<std::uint64_t>(free_threaded_at).value_or(0) != 0,
                      .bytes = start_of_runtime.first(debug_offsets_bytes)};
}

base::Result<Layout> with_debug_offsets(const Layout& table, const DebugOffsets& offsets) {
  Layout layout = table;
  layout.origin = LayoutOrigin::debug_offsets;
  const Piece piece{.bytes = offsets.bytes};
  const StatedOffset* bad = nullptr;
  for_each_field(layout, [&](std::string_view name, auto& entry) {
    const auto stated = std::ranges::find(table.stated_offsets, name, &StatedOffset::entry);
    if (stated != table.stated_offsets.end() && !Take{piece, *stated}(entry)) bad = &*stated;
  });
  if (bad != nullptr) {
    return malformed(fmt::format("{}, at {:#x}, is over its cap or not aligned", bad->entry, bad->position));
  }
  // Tables are of the latest release; an earlier one may not have had the last members of the collector's struct yet.
  if (layout.gc.generation0.is_present() && layout.gc.generation0.end() > layout.gc.size_bytes) {
    layout.gc.generation0 = {};
  }
  return layout;
}

}  // namespace tidemark::cpython
