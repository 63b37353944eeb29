// Purpose: Theil-Sen slope with its interval, and the Mann-Kendall test.
#pragma once

#include "autocorrelation.hpp"
#include "tidemark/analysis/trend.hpp"

namespace tidemark::analysis::detail {

/// Mann-Kendall's S and its variance with ties, for independent values (Kendall 1975).
struct Kendall {
  double s = 0, variance = 0;
};

struct Fit {
  Slope slope;
  Kendall kendall;
  Autocorrelation autocorrelation;  ///< as used for the interval
};

/// With the autocorrelation of the points' own residuals, which lie in bins of `bin_ns`. At least two points.
[[nodiscard]] Fit fit(const Series& points, std::int64_t bin_ns);
[[nodiscard]] Fit fit(const Series& points, const Autocorrelation& known);

}  // namespace tidemark::analysis::detail
