// A lnotab is pairs of bytes: instructions passed (unsigned), lines passed then (signed). Ranges are pairs too: the
// length of a range (unsigned), its line against the last one (signed; -128: no line). Both count bytes of
// instructions.
//
// In a location table an entry is a head byte 1kkkknnn (kind k, n + 1 code units) and what its kind needs:
//   0-9   short: one byte of columns, same line     13  line delta as signed varint, no columns
//   10-12 line delta k - 10, two bytes of columns    14  line delta as signed varint, then three varints
//                                                    15  no line
// A varint has 6 bits a byte, lowest first; bit 6 says that another follows. Signed: bit 0 is the sign.
#include "tidemark/cpython/line_table.hpp"

namespace tidemark::cpython {

namespace {

constexpr unsigned kind_none = 15;
constexpr unsigned kind_long = 14;
constexpr unsigned kind_no_columns = 13;
constexpr unsigned kind_one_line_0 = 10;
constexpr int numbers_after_long_line = 3;
constexpr unsigned max_varint_bits = 36;  // six bytes hold every 32-bit number

base::Unexpected malformed(const char* detail) {
  return base::fail(base::Error{.code = base::ErrorCode::malformed, .doing = "decode a line table", .detail = detail});
}

class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool is_at_end() const { return at_ == bytes_.size(); }

  [[nodiscard]] std::optional<unsigned> byte() {
    if (is_at_end()) return std::nullopt;
    return std::to_integer<unsigned>(bytes_[at_++]);
  }

  [[nodiscard]] std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < max_varint_bits; shift += 6) {
      const auto next = byte();
      if (!next) return std::nullopt;
      value |= static_cast<std::uint64_t>(*next & 0x3fU) << shift;
      if ((*next & 0x40U) == 0) return value;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::int64_t> signed_varint() {
    const auto raw = varint();
    if (!raw) return std::nullopt;
    const auto magnitude = static_cast<std::int64_t>(*raw >> 1);
    return (*raw & 1U) != 0 ? -magnitude : magnitude;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

/// The line delta of an entry of this kind, having passed its columns.
std::optional<std::int64_t> line_delta(Cursor& cursor, unsigned kind) {
  if (kind == kind_none) return 0;
  if (kind == kind_no_columns) return cursor.signed_varint();
  if (kind == kind_long) {
    const auto delta = cursor.signed_varint();
    for (int i = 0; i < numbers_after_long_line; ++i) {
      if (!cursor.varint()) return std::nullopt;
    }
    return delta;
  }
  const bool is_one_line = kind >= kind_one_line_0;
  for (int i = 0; i < (is_one_line ? 2 : 1); ++i) {
    if (!cursor.byte()) return std::nullopt;
  }
  return is_one_line ? static_cast<std::int64_t>(kind - kind_one_line_0) : 0;
}

using Line = std::optional<std::int64_t>;

/// A pair of a lnotab or of ranges.
struct Pair {
  std::int64_t bytes = 0;
  std::int64_t lines = 0;
};

std::optional<Pair> pair(Cursor& cursor) {
  const auto bytes = cursor.byte();
  const auto lines = cursor.byte();
  if (!bytes || !lines) return std::nullopt;
  return Pair{.bytes = *bytes, .lines = static_cast<std::int8_t>(*lines)};
}

base::Result<Line> line_in_lnotab(Cursor cursor, std::int64_t line, std::int64_t offset_bytes) {
  std::int64_t begin = 0;
  while (!cursor.is_at_end()) {
    const auto next = pair(cursor);
    if (!next) return malformed("a pair is cut off");
    begin += next->bytes;
    if (begin > offset_bytes) break;
    line += next->lines;
  }
  return Line(line);
}

base::Result<Line> line_in_ranges(Cursor cursor, std::int64_t line, std::int64_t offset_bytes) {
  constexpr std::int64_t no_line = -128;
  std::int64_t end = 0;
  while (!cursor.is_at_end()) {
    const auto next = pair(cursor);
    if (!next) return malformed("a pair is cut off");
    if (next->lines != no_line) line += next->lines;
    end += next->bytes;
    if (offset_bytes < end) return next->lines == no_line ? Line() : Line(line);
  }
  return malformed("it ends before the instruction");
}

base::Result<Line> line_in_locations(Cursor cursor, std::int64_t line, std::int64_t code_unit) {
  std::int64_t end = 0;
  while (!cursor.is_at_end()) {
    const unsigned head = cursor.byte().value_or(0);
    if ((head & 0x80U) == 0) return malformed("an entry does not begin with bit 7");
    const unsigned kind = (head >> 3U) & 0xfU;
    const auto delta = line_delta(cursor, kind);
    if (!delta) return malformed("an entry is cut off or its number too long");
    // No overflow: an entry adds less than 2^36, and tables are far below 2^27 entries (max_line_table_bytes).
    line += *delta;
    end += (head & 7U) + 1;
    if (code_unit < end) return kind == kind_none ? Line() : Line(line);
  }
  return malformed("it ends before the instruction");
}

}  // namespace

base::Result<Line> line_of(Layout::LineTable format, std::span<const std::byte> table, std::int32_t first_line,
                           std::int64_t code_unit) {
  constexpr std::int64_t code_unit_bytes = 2;
  if (code_unit < 0) return Line(first_line);
  switch (format) {
    case Layout::LineTable::lnotab:
      return line_in_lnotab(Cursor(table), first_line, code_unit * code_unit_bytes);
    case Layout::LineTable::ranges:
      return line_in_ranges(Cursor(table), first_line, code_unit * code_unit_bytes);
    case Layout::LineTable::locations:
      return line_in_locations(Cursor(table), first_line, code_unit);
  }
  return malformed("its format is unknown");
}

}  // namespace tidemark::cpython
