// Purpose: the digits of a plain decimal number. Inline: a recording of a million rows has sixteen million of them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tidemark::record::detail {

/// 10^19 does not fit 64 bits, so eighteen digits always do.
inline constexpr std::size_t most_digits = 18;

constexpr std::array<std::uint64_t, most_digits + 1> make_powers_of_ten() {
  std::array<std::uint64_t, most_digits + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
inline constexpr auto power_of_ten = make_powers_of_ten();

/// whole + fraction / 10^decimals, `digits` of them in all; none for text in any other form.
struct Digits {
  std::uint64_t whole = 0, fraction = 0;
  std::size_t decimals = 0, digits = 0;
  bool negative = false;

  [[nodiscard]] bool is_zero() const { return whole == 0 && fraction == 0; }
};

/// Reads digits up to the first other character; `at` is then there.
inline std::uint64_t take_digits(const char*& at, const char* end) {
  std::uint64_t value = 0;
  for (; at != end; ++at) {
    const auto digit = static_cast<unsigned char>(*at - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

/// Only the plain form, which nearly all cells have: a sign, digits and a point, at most eighteen digits.
inline Digits parse_digits(std::string_view cell) {
  Digits number;
  if (cell.size() > most_digits + 2) return number;
  const char* at = cell.data();
  const char* const end = at + cell.size();
  if (at != end && *at == '-') {
    number.negative = true;
    ++at;
  }
  const char* const begin = at;
  number.whole = take_digits(at, end);
  std::size_t digits = static_cast<std::size_t>(at - begin);
  if (at != end && *at == '.') {
    const char* const point = ++at;
    number.fraction = take_digits(at, end);
    number.decimals = static_cast<std::size_t>(at - point);
    digits += number.decimals;
  }
  if (at == end && digits <= most_digits) number.digits = digits;
  return number;
}

}  // namespace tidemark::record::detail
