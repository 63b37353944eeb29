#include "tidemark/cpython/line_table.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

using tidemark::base::ErrorCode;
using tidemark::cpython::Layout;
using tidemark::cpython::line_of;

namespace {

constexpr auto locations = Layout::LineTable::locations;
constexpr auto lnotab = Layout::LineTable::lnotab;
constexpr auto ranges = Layout::LineTable::ranges;

std::vector<std::byte> table_of(std::initializer_list<unsigned> values) {
  std::vector<std::byte> table;
  for (const unsigned value : values) table.push_back(static_cast<std::byte>(value));
  return table;
}

constexpr unsigned head(unsigned kind, unsigned units) { return 0x80U | (kind << 3U) | (units - 1); }

/// The line of each unit of a table that begins at line 100; -1 for none, -2 for an error.
std::vector<std::int64_t> lines(const std::vector<std::byte>& table, std::int64_t units,
                                Layout::LineTable format = locations) {
  std::vector<std::int64_t> found;
  for (std::int64_t unit = 0; unit < units; ++unit) {
    const auto line = line_of(format, table, 100, unit);
    found.push_back(line ? line->value_or(-1) : -2);
  }
  return found;
}

using Lines = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("short entries stay on the line") {
  for (unsigned kind = 0; kind < 10; ++kind) {
    CHECK(lines(table_of({head(kind, 2), 0x7f, head(11, 1), 1, 2}), 3) == Lines{100, 100, 101});
  }
}

TEST_CASE("one-line entries go on by their kind") {
  CHECK(lines(table_of({head(10, 1), 0, 0, head(11, 1), 0, 0, head(12, 1), 0, 0}), 3) == Lines{100, 101, 103});
}

TEST_CASE("entries without columns and long entries have a signed line delta") {
  CHECK(lines(table_of({head(13, 1), 0x06, head(13, 1), 0x09}), 2) == Lines{103, 99});
  CHECK(lines(table_of({head(14, 8), 0x04, 1, 2, 3, head(0, 1), 0}), 9).back() == 102);
  // 1000 as a signed varint: 2000 = 0b11111_010000.
  CHECK(lines(table_of({head(13, 1), 0x40 | 0x10, 0x1f}), 1) == Lines{1100});
  CHECK(lines(table_of({head(14, 1), 0x40 | 0x11, 0x1f, 0x41, 0x01, 2, 3}), 1) == Lines{-900});
}

TEST_CASE("an entry without a line does not move the line") {
  CHECK(lines(table_of({head(11, 1), 0, 0, head(15, 2), head(0, 1), 0}), 4) == Lines{101, -1, -1, 101});
}

TEST_CASE("before the first instruction it is the first line of the code") {
  const auto line = line_of(locations, {}, 100, -1);
  REQUIRE(line);
  CHECK(*line == 100);
}

TEST_CASE("a table that ends before the instruction is malformed") {
  CHECK(lines(table_of({head(0, 2), 0}), 3) == Lines{100, 100, -2});
  const auto line = line_of(locations, {}, 100, 0);
  REQUIRE_FALSE(line);
  CHECK(line.error().code == ErrorCode::malformed);
}

TEST_CASE("an entry that is cut off is malformed, whatever its kind") {
  for (const auto& whole : {table_of({head(0, 8), 1}), table_of({head(10, 8), 1, 2}),
                            table_of({head(13, 8), 0x41, 0x01}), table_of({head(14, 8), 0x41, 0x01, 1, 2, 3})}) {
    CHECK(line_of(locations, whole, 100, 7).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(line_of(locations, std::span(whole).first(size), 100, 7));
    }
  }
}

TEST_CASE("a number without end and a byte that begins no entry are malformed") {
  std::vector<std::byte> endless = table_of({head(13, 1)});
  endless.insert(endless.end(), 20, std::byte{0x7f});
  CHECK_FALSE(line_of(locations, endless, 100, 0));
  CHECK_FALSE(line_of(locations, table_of({0x00, 0x00}), 100, 0));
}

TEST_CASE("a lnotab: each pair ends a line; the last line goes on to the end of the code") {
  CHECK(lines(table_of({}), 2, lnotab) == Lines{100, 100});
  CHECK(lines(table_of({0, 1, 4, 1, 2, 0xfe}), 5, lnotab) == Lines{101, 101, 102, 100, 100});
  // More than a byte holds: 300 lines on, and 260 bytes on.
  CHECK(lines(table_of({2, 127, 0, 127, 0, 46}), 2, lnotab) == Lines{100, 400});
  CHECK(lines(table_of({255, 0, 5, 1}), 131, lnotab).back() == 101);
  CHECK(lines(table_of({255, 0, 5, 1}), 130, lnotab).back() == 100);
}

TEST_CASE("ranges of PEP 626: each pair is a length and a line, which may be none") {
  CHECK(lines(table_of({4, 0, 2, 1, 2, 0xff}), 4, ranges) == Lines{100, 100, 101, 100});
  CHECK(lines(table_of({2, 1, 4, 0x80, 2, 1}), 4, ranges) == Lines{101, -1, -1, 102});
  CHECK(lines(table_of({0, 127, 2, 3, 254, 0, 4, 0}), 130, ranges).back() == 230);
  CHECK(lines(table_of({4, 0}), 3, ranges) == Lines{100, 100, -2});  // it ends before the instruction
}

TEST_CASE("before the first instruction it is the first line, in every format") {
  for (const auto format : {lnotab, ranges}) {
    const auto line = line_of(format, table_of({2, 5, 2, 5}), 100, -1);
    REQUIRE(line);
    CHECK(*line == 100);
  }
}

TEST_CASE("a pair that is cut off is malformed") {
  CHECK(lines(table_of({4, 1, 2}), 2, ranges) == Lines{101, 101});
  for (const auto format : {lnotab, ranges}) CHECK_FALSE(line_of(format, table_of({4, 1, 2}), 100, 2));
}
