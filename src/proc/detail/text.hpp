// Purpose: the few ways in which the texts of /proc are taken apart. Everything is bounded by the text it is given;
// every number goes through std::from_chars and must fill its field.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "tidemark/base/result.hpp"

namespace tidemark::proc::detail {

/// The whole text must be one number that fits.
template <class T>
[[nodiscard]] bool parse_number(std::string_view text, T& value, int base = 10) {
  static_assert(std::is_integral_v<T>);
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, value, base);
  return failed == std::errc{} && stop == end && !text.empty();
}

/// Cuts the next line off `rest` (without its newline). False at the end, and for a last line that has no newline: what
/// is left in `rest` is then an incomplete line.
[[nodiscard]] inline bool next_line(std::string_view& rest, std::string_view& line) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return false;
  line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

/// Cuts the next word off `rest`; words stand between single or repeated blanks and tabs. Empty at the end.
[[nodiscard]] inline std::string_view next_word(std::string_view& rest) {
  // By hand: find_first_of asks memchr for every byte, which made parse_stat four times slower.
  const auto is_blank = [](char byte) { return byte == ' ' || byte == '\t'; };
  std::size_t begin = 0;
  while (begin < rest.size() && is_blank(rest[begin])) ++begin;
  std::size_t end = begin;
  while (end < rest.size() && !is_blank(rest[end])) ++end;
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

/// `Key:   value` of status, io, smaps, meminfo. False without a colon.
[[nodiscard]] inline bool split_key(std::string_view line, std::string_view& key, std::string_view& value) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  key = line.substr(0, colon);
  value = line.substr(colon + 1);
  return true;
}

/// The next word as a number; false when there is none or it does not fit.
template <class T>
[[nodiscard]] bool take_number(std::string_view& rest, T& value) {
  return parse_number(next_word(rest), value);
}

/// A value that is one letter.
[[nodiscard]] inline bool take_letter(std::string_view value, char& letter) {
  const std::string_view word = next_word(value);
  if (word.size() != 1) return false;
  letter = word.front();
  return true;
}

/// `  1234 kB` as bytes.
[[nodiscard]] inline bool parse_kilobytes(std::string_view value, std::uint64_t& bytes) {
  constexpr std::uint64_t kilobyte = 1024;
  std::uint64_t count = 0;
  if (!take_number(value, count) || next_word(value) != "kB" || !next_word(value).empty()) return false;
  if (count > std::numeric_limits<std::uint64_t>::max() / kilobyte) return false;
  bytes = count * kilobyte;
  return true;
}

/// `doing` names the text; what was found is shown at most so far.
[[nodiscard]] base::Error malformed(std::string_view doing, std::string_view what, std::string_view found);

/// A text of `Key:   value` lines, whole. `take_line(key, value, out, seen)` is false when the value is not what its
/// key promises, and marks in `seen` what it met: all of `wanted` must be there.
template <class Out, class TakeLine>
[[nodiscard]] base::Result<Out> parse_keyed_lines(std::string_view doing, std::string_view text, unsigned wanted,
                                                  TakeLine take_line) {
  Out out;
  unsigned seen = 0;
  std::string_view rest = text, line, key, value;
  while (next_line(rest, line)) {
    if (!split_key(line, key, value)) return base::fail(malformed(doing, "no colon", line));
    if (!take_line(key, value, out, seen)) return base::fail(malformed(doing, "not the value expected", line));
  }
  if (!rest.empty()) return base::fail(malformed(doing, "cut line", rest));
  if (seen != wanted) return base::fail(malformed(doing, "a required line is missing", text));
  return out;
}

/// a * b / c for c > 0 without overflow on the way; the largest value when the result does not fit.
[[nodiscard]] std::int64_t scaled(std::uint64_t value, std::uint64_t multiplier, std::uint64_t divisor);
[[nodiscard]] std::int64_t saturating_sum(std::int64_t left, std::int64_t right);

}  // namespace tidemark::proc::detail
