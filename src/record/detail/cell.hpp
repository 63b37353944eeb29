// Purpose: the cells of a recording as values, the inverse of record/text.hpp, wide enough for what psutil-style
// recorders write. Invariants: an empty cell (also `nan`, `None`, `null`) is no value and no fault; what cannot be read
// is a fault and never a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "digits.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::record::detail {

/// Whether a cell says that there is no value.
[[nodiscard]] bool is_empty_cell(std::string_view cell);

/// A number in any form that the standard library reads; nullopt for what is no finite number.
[[nodiscard]] std::optional<double> parse_any_number(std::string_view cell);
[[nodiscard]] std::optional<std::int64_t> parse_any_count(std::string_view cell);
[[nodiscard]] std::optional<model::Bytes> parse_any_mib(std::string_view cell);

/// A decimal number, also with an exponent.
[[nodiscard]] inline std::optional<double> parse_number(std::string_view cell) {
  const Digits number = parse_digits(cell);
  constexpr std::size_t exact_digits = 15;  // both sides of the division are then exact doubles
  if (number.digits == 0 || number.digits > exact_digits) return parse_any_number(cell);
  const std::uint64_t scale = power_of_ten[number.decimals];
  const double value = static_cast<double>(number.whole * scale + number.fraction) / static_cast<double>(scale);
  return number.negative ? -value : value;
}

/// A whole number, also as pandas writes one: `4951.0`.
[[nodiscard]] inline std::optional<std::int64_t> parse_count(std::string_view cell) {
  const Digits number = parse_digits(cell);
  if (number.digits == 0 || number.fraction != 0) return parse_any_count(cell);
  const auto value = static_cast<std::int64_t>(number.whole);
  return number.negative ? -value : value;
}

/// The bytes that mib() writes with these digits: whole KiB, the unit of /proc, when such a number is written so, else
/// the nearest.
[[nodiscard]] inline model::Bytes bytes_of_mib(std::uint64_t whole, std::uint64_t millionths) {
  constexpr std::uint64_t million = 1'000'000;
  const std::uint64_t kib = ((millionths << 10U) + million / 2) / million;
  const bool is_kib = ((kib * million + 512) >> 10U) == millionths;
  return (whole << 20U) + (is_kib ? kib << 10U : ((millionths << 20U) + million / 2) / million);
}

/// MiB as bytes. What record::mib() wrote comes back exactly for whole KiB, else within a byte.
[[nodiscard]] inline std::optional<model::Bytes> parse_mib(std::string_view cell) {
  constexpr std::uint64_t most_mib = std::uint64_t{1} << 43U;  // 2^63 bytes
  const Digits number = parse_digits(cell);
  if (number.digits == 0 || number.decimals > 6) return parse_any_mib(cell);
  if (number.whole >= most_mib || (number.negative && !number.is_zero())) return std::nullopt;
  return bytes_of_mib(number.whole, number.fraction * power_of_ten[6 - number.decimals]);
}

/// Seconds, not negative, as nanoseconds.
[[nodiscard]] std::optional<std::int64_t> parse_elapsed(std::string_view cell);

/// A point in time as nanoseconds since the epoch: ISO 8601 with `T` or a space, with a fraction or without, `Z`, an
/// offset or nothing (then it is UTC); or seconds since the epoch.
[[nodiscard]] std::optional<std::int64_t> parse_wall(std::string_view cell);

}  // namespace tidemark::record::detail
