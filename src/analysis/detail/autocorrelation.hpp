// Purpose: how much less a series says than as many independent values: the variance of Mann-Kendall's S under
// autocorrelation. Conservative: the larger of two estimates, because each alone calls too much a trend.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tidemark::analysis::detail {

/// Ranks from 1, ties at their mean; NaN keeps its place as NaN.
[[nodiscard]] std::vector<double> ranks_of(std::span<const double> values);

/// Lags 0 to `most_lag`; pairs with a NaN are left out. All 0 for a constant.
[[nodiscard]] std::vector<double> autocorrelation_of(std::span<const double> values, std::size_t most_lag);

class Autocorrelation {
 public:
  Autocorrelation() = default;  ///< independent values
  /// Of a regular grid without its trend, NaN where a value is missing.
  explicit Autocorrelation(std::span<const double> detrended);

  /// Variance of S over n values, divided by that over n independent ones: the larger of the two, at least 1.
  [[nodiscard]] double inflation(std::size_t n) const;
  /// By the significant lags of the ranks (Hamed & Rao 1998). Too small for strong persistence: high lags of a short
  /// series are not significant and are biased down.
  [[nodiscard]] double observed_inflation(std::size_t n) const;
  /// By a first-order autoregression through the unbiased lag 1.
  [[nodiscard]] double autoregressive_inflation(std::size_t n) const;

  /// The values cannot be told from a random walk.
  [[nodiscard]] bool is_walk() const { return persistence_ >= 1; }

 private:
  std::vector<double> significant_;  ///< rank correlation at lag 1, 2, …; 0 where it is not significant
  double persistence_ = 0;           ///< of the first-order autoregression, 0 to 1
};

}  // namespace tidemark::analysis::detail
