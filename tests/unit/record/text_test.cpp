#include "tidemark/record/text.hpp"

#include <doctest/doctest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <random>

#include "tidemark/record/csv_reader.hpp"

using namespace tidemark;
using namespace tidemark::record;

namespace {

std::string csv(const Value& value) {
  std::string out;
  append_csv(out, value);
  return out;
}

std::string json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

/// Bytes that break things, in any order.
std::string awkward_text(std::mt19937& random) {
  static constexpr std::array<std::string_view, 16> pieces{"a",
                                                           ",",
                                                           "\"",
                                                           "\\",
                                                           "\n",
                                                           "\r\n",
                                                           "\t",
                                                           "\x7f",
                                                           "\xff",
                                                           "\xc3\xa9",
                                                           "\xc3",
                                                           "\xf0\x9f\x98\x80",
                                                           "\xed\xa0\x80",
                                                           "\xc2\x85",
                                                           "\\x41",
                                                           " "};
  std::string text;
  for (std::size_t left = random() % 12; left > 0; --left) text += pieces[random() % pieces.size()];
  if (random() % 4 == 0) text += static_cast<char>(random() % 256);
  return text;
}

}  // namespace

TEST_CASE("numbers have no locale, no exponent and one form") {
  CHECK(csv(std::monostate{}).empty());
  CHECK(csv(std::int64_t{-7}) == "-7");
  CHECK(csv(std::uint64_t{18446744073709551615U}) == "18446744073709551615");
  CHECK(csv(mib(3 << 20U)) == "3.0");
  CHECK(csv(mib(4096)) == "0.003906");
  CHECK(csv(seconds(12'500'000'000)) == "12.500");
  CHECK(csv(seconds(-1)) == "0.000");
  CHECK(csv(seconds(-1'000)) == "-0.000001");
  CHECK(json(std::monostate{}) == "null");
  CHECK(json(mib(4096)) == "0.003906");
}

TEST_CASE("instants are written to the millisecond and read back") {
  const auto instant = [](std::int64_t ns) { return csv(Instant{ns}); };
  CHECK(instant(0) == "1970-01-01T00:00:00.000Z");
  CHECK(instant(-5) == "1970-01-01T00:00:00.000Z");
  CHECK(instant(1'795'240'380'123'999'999) == "2026-11-21T05:53:00.123Z");
  CHECK(instant(1'709'164'800'000'000'000) == "2024-02-29T00:00:00.000Z");
  CHECK(parse_instant("2026-11-21T05:53:00.123Z")->wall_ns == 1'795'240'380'123'000'000);
  for (const char* wrong : {"", "2026-11-21 05:53:00.123Z", "2026-02-30T00:00:00.000Z", "2026-11-21T24:00:00.000Z",
                            "2026-11-21T05:61:00.000Z", "9999-01-01T00:00:00.000Z", "2026-11-21T05:53:00.123"}) {
    CAPTURE(wrong);
    CHECK(!parse_instant(wrong));
  }
}

TEST_CASE("elapsed seconds are read back to the nanosecond") {
  CHECK(parse_seconds("12.500") == 12'500'000'000);
  CHECK(parse_seconds("0.000001") == 1'000);
  CHECK(parse_seconds("7") == 7'000'000'000);
  for (const char* wrong : {"", "x", "-1.0", "1.x", "1.0000000001", "99999999999", "1e3"}) {
    CAPTURE(wrong);
    CHECK(!parse_seconds(wrong));
  }
}

TEST_CASE("what is not text is escaped byte by byte; text is not touched") {
  CHECK(escaped("caf\xc3\xa9 \xf0\x9f\x98\x80") == "caf\xc3\xa9 \xf0\x9f\x98\x80");
  CHECK(escaped("=1+1 -x @y") == "=1+1 -x @y");
  CHECK(escaped(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(escaped("\r\n\t\x1b\x7f") == "\\x0d\\x0a\\x09\\x1b\\x7f");
  CHECK(escaped("\\n") == "\\x5cn");
  CHECK(escaped("\xff\xfe") == "\\xff\\xfe");
  CHECK(escaped("\xc3") == "\\xc3");                             // torn
  CHECK(escaped("\xc0\xaf") == "\\xc0\\xaf");                    // overlong
  CHECK(escaped("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");           // overlong
  CHECK(escaped("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // surrogate
  CHECK(escaped("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  CHECK(escaped("\xc2\x85\xc2\xa0") == "\\xc2\\x85\xc2\xa0");    // NEL is a control character, NBSP is not
}

TEST_CASE("cells are quoted by RFC 4180 only when they must be") {
  CHECK(csv(std::string_view("plain text")) == "plain text");
  CHECK(csv(std::string_view("a,b")) == "\"a,b\"");
  CHECK(csv(std::string_view("say \"x\"")) == "\"say \"\"x\"\"\"");
  CHECK(csv(std::string_view("a\nb")) == "a\\x0ab");
  CHECK(json(std::string_view("say \"x\"\n")) == R"("say \"x\"\\x0a")");
}

TEST_CASE("a text longer than a path is cut") {
  const std::string text(max_text_bytes + 1, 'x');
  CHECK(csv(std::string_view(text)).size() == max_text_bytes);
  CHECK(json(std::string_view(text)).size() == max_text_bytes + 2);
}

TEST_CASE("any text comes back the same through the CSV reader and through nlohmann-json") {
  std::mt19937 random(20261121);
  for (int round = 0; round < 1000; ++round) {
    const std::string text = awkward_text(random);
    const std::string expected = escaped(text);
    CAPTURE(expected);
    REQUIRE(unescaped(expected) == text);
    REQUIRE(expected.find_first_of("\r\n") == std::string::npos);
    REQUIRE(nlohmann::json::parse(json(std::string_view(text))).get<std::string>() == expected);
    REQUIRE(json(std::string_view(text)) == nlohmann::json(expected).dump());
    const auto cells = parse_csv_line("1," + csv(std::string_view(text)) + ",2");
    REQUIRE(cells.has_value());
    REQUIRE(*cells == std::vector<std::string>{"1", expected, "2"});
  }
}
