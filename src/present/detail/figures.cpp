#include "figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

constexpr double widest_with_decimals = 99999.95;

/// With one decimal, or two when `measure` is below 1 MB/h.
std::string rate_number(double bytes_per_hour, double measure) {
  const double mb = in_megabytes(bytes_per_hour);
  const bool is_small = std::abs(in_megabytes(measure)) < 1;
  return is_small ? fmt::format("{:.2f}", std::abs(mb) < 0.005 ? 0 : mb) : fmt::format("{:.1f}", mb);
}

}  // namespace

std::string mb_cell(double bytes) {
  const double mb = without_negative_zero(in_megabytes(bytes));
  return std::abs(mb) < widest_with_decimals ? fmt::format("{:.1f}", mb) : fmt::format("{:.0f}", mb);
}

std::string signed_mb_cell(double bytes) {
  return (without_negative_zero(in_megabytes(bytes)) < 0 ? "" : "+") + mb_cell(bytes);
}

std::string percent_cell(std::optional<double> percent) {
  return percent ? fmt::format("{:.1f}", without_negative_zero(*percent)) : std::string();
}

std::string signed_percent_cell(std::optional<double> percent) {
  return percent ? fmt::format("{:+.1f}", without_negative_zero(*percent)) : std::string();
}

std::string signed_count(double count) {
  std::string text = fmt::format("{:+.0f}", without_negative_zero(count));
  constexpr std::size_t group = 3;
  for (std::size_t at = text.size(); at > group + 1; at -= group) text.insert(at - group, 1, ',');
  return text;
}

std::string plain(double number) { return fmt::format("{:g}", number); }

std::string rate(double bytes_per_hour) { return fmt::format("{} MB/h", rate_number(bytes_per_hour, bytes_per_hour)); }

std::string rate_with_interval(double value, double lower, double upper) {
  return fmt::format("{} (95 %: {} to {} MB/h)", rate(value), rate_number(lower, value), rate_number(upper, value));
}

std::string rate_with_interval(const analysis::Slope& slope) {
  return rate_with_interval(slope.per_hour(), slope.lower_per_hour(), slope.upper_per_hour());
}

std::string size_words(double bytes) {
  constexpr std::array<std::string_view, 4> larger{"KB", "MB", "GB", "TB"};
  constexpr double rounds_to_next = 1023.95;
  if (bytes < 1023.5) return fmt::format("{:.0f} B", bytes);
  double amount = bytes / 1024;
  std::size_t unit = 0;
  while (amount >= rounds_to_next && unit + 1 < larger.size()) {
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, larger.at(unit));
}

std::string signed_size_words(std::int64_t bytes) {
  const auto amount = std::abs(static_cast<double>(bytes));
  return (bytes < 0 ? "-" : "+") + size_words(amount);
}

std::string grouped(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string signed_grouped(std::int64_t count) {
  const auto amount = static_cast<std::uint64_t>(count);
  return (count < 0 ? "-" : "+") + grouped(count < 0 ? std::uint64_t{0} - amount : amount);
}

std::string percent_below(double share) {
  const double tenths = share >= 1 ? 1000 : std::min(std::floor(share * 1000), 999.0);
  return fmt::format("{:.1f}", tenths / 10);
}

std::string_view plural(std::uint64_t count, std::string_view ending) { return count == 1 ? "" : ending; }

std::string counted(std::uint64_t count, std::string_view noun, std::string_view ending) {
  return fmt::format("{} {}{}", count, noun, plural(count, ending));
}

std::string grouped(std::uint64_t count, std::string_view noun, std::string_view ending) {
  return fmt::format("{} {}{}", grouped(count), noun, plural(count, ending));
}

}  // namespace tidemark::present::detail
