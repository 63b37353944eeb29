#include "render_numbers.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

constexpr unsigned digit_bits = 30;
constexpr std::size_t most_decimals = 40;
constexpr std::uint64_t most_bits_shown = 133;                 // 10**40 - 1 has 133
constexpr std::uint64_t most_digits = std::uint64_t{1} << 40;  // no memory holds more

/// How float_repr and complex_repr write one number; `whole_has_point`: "1.0", not "1".
std::string number_text(double number, bool whole_has_point) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const auto e = text.find('e');
  int exponent = 0;
  const auto* const first = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(first, text.data() + text.size(), exponent);
  const bool is_negative = text[0] == '-';
  std::string digits(text.substr(is_negative ? 1 : 0, e - (is_negative ? 1 : 0)));
  std::erase(digits, '.');
  std::string made = is_negative ? "-" : "";
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    made += digits[0];
    if (count > 1) made += "." + digits.substr(1);
    const std::string power = std::to_string(std::abs(exponent));
    return made + (exponent < 0 ? "e-" : "e+") + (power.size() < 2 ? "0" : "") + power;
  }
  if (exponent < 0) return made + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1) {
    made += digits + std::string(static_cast<std::size_t>(exponent + 1 - count), '0');
    return whole_has_point ? made + ".0" : made;
  }
  const auto point = static_cast<std::size_t>(exponent + 1);
  return made + digits.substr(0, point) + "." + digits.substr(point);
}

/// Divides a little-endian number of 30-bit digits by ten until it is gone.
std::string decimal(std::vector<std::uint32_t> digits) {
  std::string text;
  while (!digits.empty()) {
    std::uint64_t rest = 0;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
      rest = rest << digit_bits | *digit;
      *digit = static_cast<std::uint32_t>(rest / 10);
      rest %= 10;
    }
    text += static_cast<char>('0' + rest);
    while (!digits.empty() && digits.back() == 0) digits.pop_back();
  }
  std::ranges::reverse(text);
  return text.empty() ? "0" : text;
}

/// PyDecObject: the hash, then mpd_t: flags, exp, digits, len, alloc, data (libmpdec/mpdecimal.h); words of data have
/// 19 decimal digits each, the lowest first.
struct DecimalHead {
  std::int64_t hash = 0;
  std::uint8_t flags = 0;
  std::array<std::uint8_t, 7> unused{};
  std::int64_t exponent = 0, digits = 0, words = 0, allocated = 0;
  base::Address data;
};
constexpr std::uint8_t decimal_negative = 1, decimal_infinite = 2, decimal_nan = 4, decimal_signalling = 8;

/// The coefficient's digits; nullopt: it cannot be read, or is none.
std::optional<std::string> coefficient(const memory::MemorySource& memory, const DecimalHead& head) {
  constexpr std::size_t word_digits = 19;
  constexpr std::uint64_t word_end = 10'000'000'000'000'000'000U;
  const auto digits = static_cast<std::size_t>(head.digits);
  std::vector<std::uint64_t> words((digits + word_digits - 1) / word_digits);
  if (!memory.read(head.data, std::as_writable_bytes(std::span(words)))) return std::nullopt;
  std::string text;
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    if (*word >= word_end) return std::nullopt;
    const std::string part = std::to_string(*word);
    if (!text.empty()) text.append(word_digits - part.size(), '0');
    text += part;
  }
  return text.size() == digits ? std::optional(text) : std::nullopt;
}

/// "to-scientific-string" of the decimal arithmetic specification.
std::string with_exponent(const std::string& digits, std::int64_t exponent) {
  constexpr std::int64_t most_zeros = 6;
  const auto count = static_cast<std::int64_t>(digits.size());
  const std::int64_t left = exponent + count;  // digits before the point
  if (exponent <= 0 && left > -most_zeros) {
    if (exponent == 0) return digits;
    if (left <= 0) return "0." + std::string(static_cast<std::size_t>(-left), '0') + digits;
    return digits.substr(0, static_cast<std::size_t>(left)) + "." + digits.substr(static_cast<std::size_t>(left));
  }
  const std::string power = (left > 0 ? "E+" : "E") + std::to_string(left - 1);
  return digits.substr(0, 1) + (count > 1 ? "." + digits.substr(1) : "") + power;
}

struct Head {
  std::uint64_t digits = 0;
  bool is_negative = false;
};

/// lv_tag of 3.12 on: how many digits, above three bits, of which the lower two are the sign; before it the sign of
/// ob_size (Include/cpython/longintrepr.h).
std::optional<Head> read_head(const memory::MemorySource& memory, const Layout& layout, base::Address object) {
  if (layout.integer.tag.is_present()) {
    const auto tag = memory.read_value<std::uint64_t>(object.plus(layout.integer.tag.offset()));
    if (!tag) return std::nullopt;
    return Head{.digits = *tag >> 3, .is_negative = (*tag & 3) == 2};
  }
  const auto size = memory.read_value<std::int64_t>(object.plus(layout.object.size.offset()));
  if (!size) return std::nullopt;
  const auto count = static_cast<std::uint64_t>(*size);
  return Head{.digits = *size < 0 ? 0 - count : count, .is_negative = *size < 0};
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

std::string float_text(double number) { return number_text(number, true); }

std::string complex_text(double real, double imaginary) {
  if (real == 0 && !std::signbit(real)) return number_text(imaginary, false) + "j";
  const bool has_sign = std::signbit(imaginary) && !std::isnan(imaginary);
  return "(" + number_text(real, false) + (has_sign ? "" : "+") + number_text(imaginary, false) + "j)";
}

std::optional<std::string> integer_text(const memory::MemorySource& memory, const Layout& layout,
                                        base::Address object) {
  if (!is_plausible_pointer(object) || layout.integer.digits == 0) return std::nullopt;
  const auto head = read_head(memory, layout, object);
  if (!head || head->digits > most_digits) return std::nullopt;
  if (head->digits == 0) return "0";
  const base::Address first = object.plus(layout.integer.digits);
  const auto top = memory.read_value<std::uint32_t>(first.plus((head->digits - 1) * sizeof(std::uint32_t)));
  if (!top || *top >> digit_bits != 0) return std::nullopt;
  const std::uint64_t bits = (head->digits - 1) * digit_bits + static_cast<unsigned>(std::bit_width(*top));
  const std::string large = "int of " + grouped(bits) + " bits";
  if (bits > most_bits_shown) return large;
  std::vector<std::uint32_t> digits(static_cast<std::size_t>(head->digits));
  if (!memory.read(first, std::as_writable_bytes(std::span(digits)))) return std::nullopt;
  const bool fits = std::ranges::all_of(digits, [](std::uint32_t digit) { return digit >> digit_bits == 0; });
  if (!fits) return std::nullopt;
  const std::string text = decimal(std::move(digits));
  if (text.size() > most_decimals) return large;
  return head->is_negative ? "-" + text : text;
}

std::optional<std::string> decimal_text(const memory::MemorySource& memory, base::Address fields) {
  constexpr std::int64_t most_exponent = 2'000'000'000'000'000'000;  // MPD_MAX_EMAX and then some
  const auto head = memory.read_value<DecimalHead>(fields);
  if (!head || head->digits < 0 || head->exponent < -most_exponent || head->exponent > most_exponent) {
    return std::nullopt;
  }
  const std::string sign = (head->flags & decimal_negative) != 0 ? "-" : "";
  if ((head->flags & decimal_infinite) != 0) return sign + "Infinity";
  const bool is_signalling = (head->flags & decimal_signalling) != 0;
  const bool is_nan = is_signalling || (head->flags & decimal_nan) != 0;
  const std::string nan = sign + (is_signalling ? "sNaN" : "NaN");
  if (head->digits == 0) return is_nan ? std::optional(nan) : std::nullopt;
  if (head->digits > static_cast<std::int64_t>(most_decimals)) {
    return "a number of " + grouped(static_cast<std::uint64_t>(head->digits)) + " digits";
  }
  const auto digits = coefficient(memory, *head);
  if (!digits) return std::nullopt;
  return is_nan ? nan + *digits : sign + with_exponent(*digits, head->exponent);
}

}  // namespace tidemark::cpython
