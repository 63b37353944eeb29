#include <algorithm>
#include <cstring>

#include "render_impl.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

// The state word: Include/cpython/unicodeobject.h.
constexpr std::uint32_t compact = 1U << 3, ascii = 1U << 4;
constexpr std::uint32_t kind_mask = 7;
constexpr std::size_t wide_bytes = 4;

struct Place {
  base::Address data;
  std::uint64_t length = 0;
  std::size_t width = 1;
};

/// To 3.11 a str may have no characters but those of wstr, which stands before utf8_length and has its length behind
/// utf8 (PyUnicode_READY).
std::optional<Place> find_wide(const memory::MemorySource& memory, const Layout& layout, base::Address object) {
  const std::uint64_t behind_ascii = layout.unicode.ascii_data;
  if (layout.unicode.compact_data != behind_ascii + 24) return std::nullopt;
  const auto data = memory.read_value<base::Address>(object.plus(behind_ascii - 8));
  const auto length = memory.read_value<std::int64_t>(object.plus(behind_ascii + 16));
  if (!data || !length || data->is_null() || *length < 0) return std::nullopt;
  return Place{.data = *data, .length = static_cast<std::uint64_t>(*length), .width = wide_bytes};
}

std::optional<Place> find_place(const memory::MemorySource& memory, const Layout& layout, base::Address object) {
  const auto& where = layout.unicode;
  if (!where.length.is_present() || !where.state.is_present()) return std::nullopt;
  const auto length = memory.read_value<std::int64_t>(object.plus(where.length.offset()));
  const auto state = memory.read_value<std::uint32_t>(object.plus(where.state.offset()));
  if (!length || !state || *length < 0) return std::nullopt;
  const std::uint32_t bits = *state >> where.kind_bit;
  const std::uint32_t kind = bits & kind_mask;
  if (kind == 0) return find_wide(memory, layout, object);
  if (kind != 1 && kind != 2 && kind != 4) return std::nullopt;
  Place place{.data = object.plus((bits & ascii) != 0 ? where.ascii_data : where.compact_data),
              .length = static_cast<std::uint64_t>(*length),
              .width = kind};
  if ((bits & compact) != 0) return place;
  const auto data = memory.read_value<base::Address>(object.plus(where.compact_data));
  if (!data) return std::nullopt;
  place.data = *data;
  return place;
}

}  // namespace

std::optional<Characters> read_characters(const memory::MemorySource& memory, const Layout& layout,
                                          base::Address object, std::size_t cap) {
  if (!is_plausible_pointer(object)) return std::nullopt;
  const auto place = find_place(memory, layout, object);
  if (!place) return std::nullopt;
  const auto taken = static_cast<std::size_t>(std::min(place->length, std::uint64_t{cap}));
  std::vector<std::byte> bytes(taken * place->width);
  if (taken != 0 && !memory.read(place->data, bytes)) return std::nullopt;
  Characters found{.text = std::vector<char32_t>(taken), .is_whole = taken == place->length};
  for (std::size_t i = 0; i < taken; ++i) std::memcpy(&found.text[i], bytes.data() + i * place->width, place->width);
  return found;
}

}  // namespace tidemark::cpython
