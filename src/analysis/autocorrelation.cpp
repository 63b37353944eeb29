#include "detail/autocorrelation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace tidemark::analysis::detail {
namespace {

constexpr double z_95_percent = 1.959963984540054;

double mean_of(std::span<const double> values, std::size_t& count) {
  double sum = 0;
  count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

/// Lag-1 rank correlation to the persistence of a Gaussian first-order autoregression.
double persistence_from(double lag_one, std::size_t count) {
  const double n = static_cast<double>(count);
  // Rank to product-moment correlation of a bivariate normal (Pearson 1907; Hamed & Rao 1998).
  const double estimate = 2 * std::sin(std::numbers::pi / 6 * lag_one);
  // Fitting a mean and a line takes (2 + 4 rho) / n away from it (Tanaka 1984; Kendall 1954 has (1 + 3 rho) / n with a
  // mean alone), and dividing by n instead of the number of pairs rho / n.
  const double unbiased = estimate + (2 + 5 * estimate) / n;
  // Within n^-1/2 of a random walk it cannot be told from one and is taken as one (Perron & Yabu 2009: truncated
  // estimate with delta = 1/2, d = 1).
  if (unbiased > 1 - 1 / std::sqrt(n)) return 1;
  return std::max(unbiased, 0.0);
}

/// n / n* of Hamed & Rao (1998): 1 + 2 / (n (n-1) (n-2)) sum (n-i) (n-i-1) (n-i-2) rho_S(i).
template <typename RankCorrelation>
double hamed_rao(std::size_t count, std::size_t lags, const RankCorrelation& at_lag) {
  const double n = static_cast<double>(count);
  double sum = 0;
  for (std::size_t lag = 1; lag <= lags; ++lag) {
    const double left = n - static_cast<double>(lag);
    sum += left * (left - 1) * (left - 2) * at_lag(lag);
  }
  return 1 + 2 / (n * (n - 1) * (n - 2)) * sum;
}

}  // namespace

std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order;
  for (std::size_t place = 0; place < values.size(); ++place)
    if (!std::isnan(values[place])) order.push_back(place);
  std::sort(order.begin(), order.end(), [&](std::size_t one, std::size_t two) { return values[one] < values[two]; });
  std::vector<double> ranks(values.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t after = first;
    while (after < order.size() && values[order[after]] == values[order[first]]) ++after;
    const double rank = static_cast<double>(first + after + 1) / 2;
    for (; first < after; ++first) ranks[order[first]] = rank;
  }
  return ranks;
}

std::vector<double> autocorrelation_of(std::span<const double> values, std::size_t most_lag) {
  std::vector<double> correlation(most_lag + 1, 0.0);
  std::size_t count = 0;
  const double mean = mean_of(values, count);
  std::vector<double> centred, present;
  for (const double value : values) {
    centred.push_back(std::isnan(value) ? 0 : value - mean);
    present.push_back(std::isnan(value) ? 0 : 1);
  }
  const double variance = std::inner_product(centred.begin(), centred.end(), centred.begin(), 0.0) /
                          std::max(1.0, static_cast<double>(count));
  if (!(variance > 0)) return correlation;
  const bool gaps = count < values.size();
  for (std::size_t lag = 0; lag <= most_lag && lag < values.size(); ++lag) {
    const auto shift = static_cast<std::ptrdiff_t>(lag);
    const double sum = std::inner_product(centred.begin() + shift, centred.end(), centred.begin(), 0.0);
    // Divided by n, not by the number of pairs: a positive definite estimate (Box & Jenkins 1976). Gaps scale it.
    double scale = static_cast<double>(count);
    if (gaps) {
      const double pairs = std::inner_product(present.begin() + shift, present.end(), present.begin(), 0.0);
      if (pairs == 0) continue;
      scale = pairs * static_cast<double>(values.size()) / static_cast<double>(values.size() - lag);
    }
    correlation[lag] = sum / scale / variance;
  }
  return correlation;
}

Autocorrelation::Autocorrelation(std::span<const double> detrended) {
  const auto count = static_cast<std::size_t>(
      std::count_if(detrended.begin(), detrended.end(), [](double value) { return !std::isnan(value); }));
  if (count < 3) return;
  const std::vector<double> ranks = ranks_of(detrended);
  significant_ = autocorrelation_of(ranks, detrended.size() - 1);
  significant_.erase(significant_.begin());
  if (significant_.empty() || std::ranges::all_of(significant_, [](double value) { return value == 0; })) {
    significant_.clear();  // a constant
    return;
  }
  persistence_ = persistence_from(significant_.front(), count);
  const double bound = z_95_percent / std::sqrt(static_cast<double>(count));
  for (double& correlation : significant_)
    if (std::abs(correlation) <= bound) correlation = 0;
}

double Autocorrelation::observed_inflation(std::size_t n) const {
  if (n < 3) return 1;
  return hamed_rao(n, std::min(n - 1, significant_.size()), [&](std::size_t lag) { return significant_[lag - 1]; });
}

double Autocorrelation::autoregressive_inflation(std::size_t n) const {
  if (n < 3) return 1;
  double power = 1;
  return hamed_rao(n, n - 1, [&](std::size_t) {
    power *= persistence_;
    return 6 / std::numbers::pi * std::asin(power / 2);  // back to the correlation of ranks
  });
}

double Autocorrelation::inflation(std::size_t n) const {
  return std::max({1.0, observed_inflation(n), autoregressive_inflation(n)});
}

}  // namespace tidemark::analysis::detail
