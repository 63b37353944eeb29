// Purpose: does a series rise, how fast, and how sure is that. Pure statistics; no thresholds in bytes here.
#pragma once

#include <cstdint>
#include <optional>

#include "tidemark/analysis/series.hpp"

namespace tidemark::analysis {

/// How many equal time bins a series is cut into, at most.
inline constexpr std::size_t most_bins = 300;

/// A series cut into equal time bins: the median and the minimum of each bin that has samples, at the bin's middle.
struct BinnedSeries {
  Series medians, minima;
  std::int64_t bin_ns = 0;
};

[[nodiscard]] BinnedSeries cut_into_bins(const Series& series, std::int64_t from_ns, std::int64_t to_ns);

inline constexpr double seconds_per_hour = 3600;

/// Theil-Sen slope with its 95 % interval and the Mann-Kendall test behind it, the variance of S corrected for
/// autocorrelation. Units: the series' per second.
struct Slope {
  double per_second = 0;
  double lower_per_second = 0, upper_per_second = 0;  ///< 95 %, two-sided
  double p_value = 1;                                 ///< two-sided, of no trend
  double effective_n = 0;                             ///< how many independent bins the bins are worth, at most `bins`
  std::size_t bins = 0;                               ///< or whole periods, when a period was taken out

  [[nodiscard]] bool rises() const { return lower_per_second > 0; }
  [[nodiscard]] double per_hour() const { return per_second * seconds_per_hour; }
  [[nodiscard]] double lower_per_hour() const { return lower_per_second * seconds_per_hour; }
  [[nodiscard]] double upper_per_hour() const { return upper_per_second * seconds_per_hour; }
};

struct Trend {
  Slope medians, minima;
  /// The last part of the time still rises: tells a leak from a warm-up that saturates and from a staircase that ends
  /// flat.
  bool still_rising = false;
  /// Growth along the fitted line from `from_ns` to `to_ns`, in the series' unit.
  double growth_medians = 0, growth_minima = 0;
  std::int64_t from_ns = 0, to_ns = 0;    ///< the stretch looked at (after warm-up)
  std::optional<std::int64_t> period_ns;  ///< of a regular up and down that was taken out first

  /// All of it rises, beyond chance.
  [[nodiscard]] bool rises() const { return medians.rises() && minima.rises() && still_rising; }
};

/// nullopt when fewer than `fewest_bins` bins have samples. With a regular up and down of at least five whole periods
/// one value per period is tested, else the bins. Values that are no number are left out.
[[nodiscard]] std::optional<Trend> find_trend(const Series& series, std::int64_t from_ns, std::int64_t to_ns);
inline constexpr std::size_t fewest_bins = 8;

/// Rises, and by more than `threshold` (the series' unit) in the medians and in the minima.
[[nodiscard]] bool is_growing(const Trend& trend, double threshold);

}  // namespace tidemark::analysis
