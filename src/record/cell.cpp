#include "detail/cell.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "tidemark/base/clock.hpp"

namespace tidemark::record::detail {
namespace {

/// The nearest whole number; nullopt when it is negative or does not fit.
std::optional<std::int64_t> nearest_whole(double value) {
  constexpr double most = 9e18;
  if (!(value >= 0 && value < most)) return std::nullopt;
  return std::llround(value);
}

/// The digits of a time of day or date at a fixed place.
std::optional<unsigned> fixed_number(std::string_view text, std::size_t at, std::size_t width) {
  unsigned value = 0;
  for (const char c : text.substr(at, width)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

/// `Z`, `+02:00`, `-0530`, `+02` or nothing, as seconds east of UTC.
std::optional<std::int64_t> parse_offset(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  const bool is_west = text.front() == '-';
  if (!is_west && text.front() != '+') return std::nullopt;
  text.remove_prefix(1);
  const bool has_colon = text.size() == 5 && text[2] == ':';
  if (text.size() != 2 && text.size() != 4 && !has_colon) return std::nullopt;
  const auto hours = fixed_number(text, 0, 2);
  const auto minutes = text.size() == 2 ? std::optional<unsigned>(0) : fixed_number(text, has_colon ? 3 : 2, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t seconds = (std::int64_t{*hours} * 60 + *minutes) * 60;
  return is_west ? -seconds : seconds;
}

/// Takes `.123456` (or `,123456`) off the front, as nanoseconds; digits beyond nine are dropped.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (text.empty() || (text.front() != '.' && text.front() != ',')) return 0;
  text.remove_prefix(1);
  std::int64_t ns = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (digits < 9) ns = ns * 10 + (text[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return ns * static_cast<std::int64_t>(power_of_ten[9 - std::min<std::size_t>(digits, 9)]);
}

/// `2026-11-21T05:53:00` at the front, as seconds since the epoch.
std::optional<std::int64_t> parse_date_time(std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:00";
  if (text.size() < form.size() || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto year = fixed_number(text, 0, 4), month = fixed_number(text, 5, 2), day = fixed_number(text, 8, 2);
  const auto hour = fixed_number(text, 11, 2), minute = fixed_number(text, 14, 2), second = fixed_number(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)}, std::chrono::month{*month},
                                         std::chrono::day{*day}};
  if (!date.ok() || *year < 1970 || *year >= 2262 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return ((days * 24 + *hour) * 60 + *minute) * 60 + *second;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

}  // namespace

bool is_empty_cell(std::string_view cell) {
  if (cell.empty()) return true;
  constexpr std::array<std::string_view, 6> words{"nan", "none", "null", "na", "n/a", "<na>"};
  return cell.size() <= 4 &&
         std::any_of(words.begin(), words.end(), [&](auto word) { return equals_ignoring_case(cell, word); });
}

std::optional<double> parse_any_number(std::string_view cell) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_any_count(std::string_view cell) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

std::optional<model::Bytes> parse_any_mib(std::string_view cell) {
  const auto value = parse_any_number(cell);
  const auto bytes = value ? nearest_whole(*value * 1024 * 1024) : std::nullopt;
  if (!bytes) return std::nullopt;
  return static_cast<model::Bytes>(*bytes);
}

std::optional<std::int64_t> parse_elapsed(std::string_view cell) {
  constexpr std::int64_t most_seconds = 9'000'000'000;  // 285 years: below what int64 nanoseconds hold
  const Digits number = parse_digits(cell);
  if (number.digits == 0 || number.decimals > 9) {
    const auto value = parse_any_number(cell);
    return value ? nearest_whole(*value * 1e9) : std::nullopt;
  }
  if (number.whole > most_seconds || (number.negative && !number.is_zero())) return std::nullopt;
  return static_cast<std::int64_t>(number.whole) * base::ns_per_second +
         static_cast<std::int64_t>(number.fraction * power_of_ten[9 - number.decimals]);
}

std::optional<std::int64_t> parse_wall(std::string_view cell) {
  constexpr std::size_t date_time_size = 19;
  if (cell.size() >= date_time_size && cell[4] == '-') {
    const auto seconds = parse_date_time(cell);
    if (!seconds) return std::nullopt;
    cell.remove_prefix(date_time_size);
    const auto ns = take_fraction(cell);
    const auto offset = ns ? parse_offset(cell) : std::nullopt;
    if (!offset) return std::nullopt;
    return (*seconds - *offset) * base::ns_per_second + *ns;
  }
  constexpr double least_epoch = 1e8;  // 1973: a smaller number is rather an elapsed time
  const auto number = parse_number(cell);
  if (!number || *number < least_epoch) return std::nullopt;
  return parse_elapsed(cell);
}

}  // namespace tidemark::record::detail
