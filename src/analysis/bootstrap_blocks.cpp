#include <algorithm>
#include <cmath>
#include <numeric>

#include "detail/autocorrelation.hpp"
#include "detail/bootstrap.hpp"

namespace tidemark::analysis::detail {
namespace {

double as_double(std::size_t count) { return static_cast<double>(count); }

struct Reach {
  std::size_t lags = 1;
  bool ends = true;  ///< false: correlated at all lags looked at, as a period is
};

/// The lag up to which values hang together: twice the last before five insignificant ones (Politis & White 2004).
Reach reach_of(const std::vector<double>& correlation, std::size_t count) {
  constexpr std::size_t insignificant_in_a_row = 5;
  const double bound = 2 * std::sqrt(std::log10(as_double(count)) / as_double(count));
  std::size_t small = 0;
  for (std::size_t lag = 1; lag < correlation.size(); ++lag) {
    small = std::abs(correlation[lag]) < bound ? small + 1 : 0;
    if (small < insignificant_in_a_row) continue;
    const std::size_t last_significant = lag - insignificant_in_a_row;
    return {std::clamp<std::size_t>(2 * last_significant, 1, std::max<std::size_t>(count / 3, 1)), true};
  }
  return {std::max<std::size_t>(count / 3, 1), false};
}

/// 1 up to half of the reach, then falling to 0 at it (Politis & Romano 1995).
double flat_top(double share) { return std::clamp(2 * (1 - share), 0.0, 1.0); }

/// b = (2 G^2 / D)^(1/3) n^(1/3) with D = 4/3 g^2, for blocks of one length (Politis & White 2004, corrected 2009).
double politis_white(const std::vector<double>& correlation, std::size_t reach, std::size_t count) {
  double sum = correlation[0];
  double weighted = 0;
  for (std::size_t lag = 1; lag <= std::min(reach, correlation.size() - 1); ++lag) {
    const double part = 2 * flat_top(as_double(lag) / as_double(reach)) * correlation[lag];
    sum += part;
    weighted += as_double(lag) * part;
  }
  const double least = std::cbrt(as_double(count));
  if (!(sum > 0)) return as_double(count) / 4;
  return std::max(least, std::cbrt(1.5 * weighted * weighted / (sum * sum) * as_double(count)));
}

/// Of the lengths from `shortest` to twice that, the one whose blocks' sums differ most.
std::size_t widest_length(std::span<const double> residuals, std::size_t shortest) {
  std::vector<double> sums(residuals.size() + 1, 0.0);
  std::partial_sum(residuals.begin(), residuals.end(), sums.begin() + 1);
  const std::size_t longest = std::max(shortest, std::min(2 * shortest, residuals.size() / 3));
  std::size_t widest = shortest;
  double most = -1;
  for (std::size_t length = shortest; length <= longest; ++length) {
    double squares = 0;
    for (std::size_t at = 0; at + length < sums.size(); ++at)
      squares += (sums[at + length] - sums[at]) * (sums[at + length] - sums[at]);
    const double spread = squares / as_double(sums.size() - length) / as_double(length);
    if (spread <= most) continue;
    most = spread;
    widest = length;
  }
  return widest;
}

/// What a first-order autoregression's sum over blocks lacks of its spread over the whole.
double widening_for_borders(double persistence, std::size_t length) {
  const double whole = (1 + persistence) / (1 - persistence);
  const double lost = 2 * persistence * (1 - std::pow(persistence, as_double(length))) /
                      ((1 - persistence) * (1 - persistence)) / as_double(length);
  return std::sqrt(std::max(1.0, whole / (whole - lost)));
}

/// The lag-1 correlation without what fitting takes away from it.
double persistence_of(double lag_one, std::size_t count, std::size_t parameters) {
  const double fitted = as_double(parameters);
  return std::clamp(lag_one + (1 + fitted + (fitted + 1) * lag_one) / as_double(count), -0.5, 0.99);
}

}  // namespace

std::vector<double> without_line(std::span<const double> values) {
  const double middle = (as_double(values.size()) - 1) / 2;
  double sum = 0;
  double product = 0;
  double squares = 0;
  for (std::size_t at = 0; at < values.size(); ++at) {
    const double step = as_double(at) - middle;
    sum += values[at];
    product += step * values[at];
    squares += step * step;
  }
  const double slope = squares > 0 ? product / squares : 0;
  std::vector<double> left(values.begin(), values.end());
  for (std::size_t at = 0; at < left.size(); ++at)
    left[at] -= sum / as_double(values.size()) + slope * (as_double(at) - middle);
  return left;
}

Blocks blocks_of(std::span<const double> residuals, std::size_t parameters) {
  const std::size_t count = residuals.size();
  const std::vector<double> correlation = autocorrelation_of(residuals, count / 2);
  if (count < 8 || correlation[0] == 0) return {};
  const Reach reach = reach_of(correlation, count);
  const double wanted = std::ceil(politis_white(correlation, reach.lags, count));
  const auto shortest = std::clamp<std::size_t>(static_cast<std::size_t>(wanted), 1, count / 4);

  Blocks blocks;
  blocks.length = widest_length(residuals, shortest);
  const double persistence = persistence_of(correlation[1], count, parameters);
  if (reach.ends) blocks.widening = widening_for_borders(persistence, blocks.length);
  const double fitted = as_double(parameters);
  const double worth = as_double(count) * std::min(1.0, (1 - persistence) / (1 + persistence));
  const double independent = std::max(4 + fitted, worth);
  blocks.widening *= std::sqrt(independent / (independent - fitted));
  blocks.widening *= 1 + as_double(blocks.length) / as_double(count);
  return blocks;
}

}  // namespace tidemark::analysis::detail
