#include "tidemark/record/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "tidemark/base/clock.hpp"
#include "tidemark/base/text.hpp"

namespace tidemark::record {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

/// ASCII that needs no thought in either format: printable, and none of comma, quote, backslash.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x7f; ++byte) plain[byte] = byte != ',' && byte != '"' && byte != '\\';
  return plain;
}
constexpr auto plain = make_plain();

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return plain[static_cast<unsigned char>(c)]; });
}

/// The length of the character at the start of `text` that is written as it is; 0 for what is escaped.
std::size_t text_character(std::string_view text) {
  const std::size_t length = base::utf8_character_length(text);
  const auto first = static_cast<unsigned char>(text.front());
  if (length == 1) return first >= 0x20 && first != 0x7f && first != '\\' ? 1 : 0;
  const bool is_c1_control = first == 0xc2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xa0;
  return is_c1_control ? 0 : length;
}

/// Escapes `text`; `put` takes each piece of the escaped form.
template <class Put>
void escape(std::string_view text, Put put) {
  while (!text.empty()) {
    const std::size_t length = text_character(text);
    if (length > 0) {
      put(text.substr(0, length));
      text.remove_prefix(length);
      continue;
    }
    const auto byte = static_cast<unsigned char>(text.front());
    const std::array<char, 4> code{'\\', 'x', hex_digits[byte >> 4U], hex_digits[byte & 0xfU]};
    put(std::string_view(code.data(), code.size()));
    text.remove_prefix(1);
  }
}

template <class Integer>
void append_integer(std::string& out, Integer value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

/// `value` with leading zeros.
void append_padded(std::string& out, std::uint32_t value, std::size_t width) {
  std::array<char, 10> digits{};
  for (std::size_t i = width; i > 0; --i) {
    digits[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(digits.data(), width);
}

void append_decimal(std::string& out, const Decimal& decimal) {
  if (decimal.negative && (decimal.whole != 0 || decimal.millionths != 0)) out += '-';
  append_integer(out, decimal.whole);
  out += '.';
  append_padded(out, decimal.millionths, 6);
  std::size_t zeros = 0;
  while (zeros + decimal.least_digits < 6 && out[out.size() - 1 - zeros] == '0') ++zeros;
  out.resize(out.size() - zeros);
}

void append_gaps(std::string& out, std::span<const model::Gap> gaps) {
  bool first = true;
  for (const model::Gap& gap : gaps) {
    if (!first) out += ' ';
    first = false;
    out += text_of(gap.source);
    out += ':';
    out += text_of(gap.reason);
  }
}

void append_csv_text(std::string& out, std::string_view text) {
  text = text.substr(0, max_text_bytes);
  if (is_plain(text)) {
    out += text;
    return;
  }
  const bool quoted = text.find_first_of(",\"") != std::string_view::npos;
  if (quoted) out += '"';
  escape(text, [&](std::string_view piece) {
    if (piece == "\"") out += '"';
    out += piece;
  });
  if (quoted) out += '"';
}

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  if (is_plain(text)) {
    out += text;
  } else {
    escape(text, [&](std::string_view piece) {
      if (piece.front() == '"' || piece.front() == '\\') out += '\\';
      out += piece;
    });
  }
  out += '"';
}

/// The kinds that look alike in both formats.
void append_number(std::string& out, std::int64_t value) { append_integer(out, value); }
void append_number(std::string& out, std::uint64_t value) { append_integer(out, value); }
void append_number(std::string& out, const Decimal& value) { append_decimal(out, value); }

struct CsvWriter {
  std::string& out;
  void operator()(std::monostate) const {}
  void operator()(Instant instant) const { append_instant(out, instant); }
  void operator()(std::string_view text) const { append_csv_text(out, text); }
  void operator()(GapList list) const { append_gaps(out, list.gaps); }
  void operator()(const auto& number) const { append_number(out, number); }
};

struct JsonWriter {
  std::string& out;
  void operator()(std::monostate) const { out += "null"; }
  void operator()(Instant instant) const {
    out += '"';
    append_instant(out, instant);
    out += '"';
  }
  void operator()(std::string_view text) const { append_json_text(out, text.substr(0, max_text_bytes)); }
  void operator()(GapList list) const {
    out += '"';
    append_gaps(out, list.gaps);
    out += '"';
  }
  void operator()(const auto& number) const { append_number(out, number); }
};

template <class Integer>
bool parse_integer(std::string_view text, Integer& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  escape(text, [&](std::string_view piece) { out += piece; });
}

void append_csv(std::string& out, const Value& value) { std::visit(CsvWriter{out}, value); }

void append_json(std::string& out, const Value& value) { std::visit(JsonWriter{out}, value); }

void append_json_string(std::string& out, std::string_view text) { append_json_text(out, text); }

void append_instant(std::string& out, Instant instant) {
  constexpr std::int64_t ms_per_day = 86'400'000;
  const std::int64_t ms = std::max(instant.wall_ns / base::ns_per_ms, std::int64_t{0});
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{ms / ms_per_day}}};
  const auto in_day = static_cast<std::uint32_t>(ms % ms_per_day);
  append_padded(out, static_cast<std::uint32_t>(static_cast<int>(date.year())), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_padded(out, in_day / 3'600'000, 2);
  out += ':';
  append_padded(out, in_day / 60'000 % 60, 2);
  out += ':';
  append_padded(out, in_day / 1000 % 60, 2);
  out += '.';
  append_padded(out, in_day % 1000, 3);
  out += 'Z';
}

std::optional<Instant> parse_instant(std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:00.000Z";
  if (text.size() != form.size()) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t width) {
    unsigned value = 0;
    parse_integer(text.substr(at, width), value);
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(number(0, 4))},
                                         std::chrono::month{number(5, 2)}, std::chrono::day{number(8, 2)}};
  constexpr std::chrono::year end_of_int64_ns{2262};
  if (!date.ok() || date.year() >= end_of_int64_ns) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const std::int64_t minutes = (days * 24 + number(11, 2)) * 60 + number(14, 2);
  const Instant instant{((minutes * 60 + number(17, 2)) * 1000 + number(20, 3)) * base::ns_per_ms};
  std::string again;
  append_instant(again, instant);  // also refuses wrong separators, the 30th of February and the 61st minute
  if (again != text) return std::nullopt;
  return instant;
}

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::int64_t whole = 0;
  constexpr std::int64_t most_seconds = 9'000'000'000;  // 285 years: below what int64 nanoseconds hold
  if (!parse_integer(text.substr(0, point), whole) || whole < 0 || whole > most_seconds) return std::nullopt;
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  if (fraction.size() > 9) return std::nullopt;
  fraction.resize(9, '0');
  std::uint32_t ns = 0;
  if (!parse_integer(fraction, ns)) return std::nullopt;
  return whole * base::ns_per_second + ns;
}

std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    unsigned byte = 0;
    if (text.starts_with("\\x") && text.size() >= 4 &&
        std::from_chars(text.data() + 2, text.data() + 4, byte, 16).ptr == text.data() + 4) {
      out += static_cast<char>(byte);
      text.remove_prefix(4);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace tidemark::record
