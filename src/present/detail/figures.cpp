#include "figures.hpp"

#include <fmt/format.h>

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

std::string_view plural(std::uint64_t count, std::string_view ending) { return count == 1 ? "" : ending; }

std::string counted(std::uint64_t count, std::string_view noun, std::string_view ending) {
  return fmt::format("{} {}{}", count, noun, plural(count, ending));
}

}  // namespace tidemark::present::detail
