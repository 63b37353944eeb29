#include "tidemark/base/quantities.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>

namespace tidemark::base {
namespace {

struct Split {
  double number = 0;
  std::string unit;  ///< lower case
};

std::optional<Split> split(std::string_view text) {
  Split parts;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, parts.number, std::chars_format::fixed);
  if (failed != std::errc{} || !std::isfinite(parts.number) || parts.number < 0 || text.front() == '-')
    return std::nullopt;
  for (const char* at = rest; at != end; ++at)
    parts.unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*at)));
  return parts;
}

struct Unit {
  std::string_view name;
  double factor;
};

template <std::size_t count>
std::optional<double> scaled(std::string_view text, const std::array<Unit, count>& units, double largest) {
  if (text.empty()) return std::nullopt;
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  for (const auto& unit : units) {
    if (unit.name != parts->unit) continue;
    const double value = parts->number * unit.factor;
    if (value > largest) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

constexpr double ns_per_s = 1e9;
constexpr double longest_ns = 100.0 * 366 * 86'400 * ns_per_s;
constexpr double kib = 1024.0;
constexpr double largest_bytes = 1152921504606846976.0;  // 2^60

constexpr std::array duration_units{Unit{"", ns_per_s},
                                    Unit{"s", ns_per_s},
                                    Unit{"ms", 1e6},
                                    Unit{"us", 1e3},
                                    Unit{"m", 60 * ns_per_s},
                                    Unit{"min", 60 * ns_per_s},
                                    Unit{"h", 3600 * ns_per_s},
                                    Unit{"d", 86'400 * ns_per_s}};

constexpr std::array size_units{Unit{"", 1},
                                Unit{"b", 1},
                                Unit{"k", kib},
                                Unit{"kb", kib},
                                Unit{"kib", kib},
                                Unit{"m", kib* kib},
                                Unit{"mb", kib* kib},
                                Unit{"mib", kib* kib},
                                Unit{"g", kib* kib* kib},
                                Unit{"gb", kib* kib* kib},
                                Unit{"gib", kib* kib* kib}};

}  // namespace

std::optional<std::int64_t> parse_duration_ns(std::string_view text) {
  const auto value = scaled(text, duration_units, longest_ns);
  if (!value) return std::nullopt;
  return std::llround(*value);
}

std::optional<std::uint64_t> parse_size_bytes(std::string_view text) {
  const auto value = scaled(text, size_units, largest_bytes);
  if (!value) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*value));
}

}  // namespace tidemark::base
