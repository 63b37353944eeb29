#include "tidemark/analysis/trend.hpp"

#include <algorithm>
#include <cmath>

#include "detail/bins.hpp"
#include "detail/seasonal.hpp"
#include "detail/slope.hpp"

namespace tidemark::analysis {
namespace {

// Settled by experiment: verdict_series_test holds the rates of false and of missed growth.
constexpr std::size_t coarse_bins = 50;
constexpr double most_worth_if_persistent = 0.5;  ///< of the coarse bins: with more the finer ones are right
constexpr double rising_part = 0.5;               ///< of the time, at its end: must rise on its own
constexpr double rising_part_p_value = 0.1;       ///< two-sided: 5 % that a flat one rises
constexpr double end_part = 0.25;                 ///< of the time: must not be flat
constexpr double fair_share = 0.5;                ///< of the whole slope, in both
constexpr std::size_t fewest_tested = 5;          ///< points; Mann-Kendall of fewer is never significant at 5 %

/// One value per whole period (or per several, when there are more than `most_bins`), the last ending at the end: an
/// incomplete period would look like growth.
BinnedSeries cut_into_periods(const Series& samples, double period_ns) {
  const double interval_ns = static_cast<double>(samples.span_ns()) / static_cast<double>(samples.size() - 1);
  const double whole = std::floor((static_cast<double>(samples.span_ns()) + interval_ns) / period_ns);
  const double per_bin = std::ceil(whole / static_cast<double>(most_bins));
  detail::Grid grid;
  grid.bin_ns = period_ns * per_bin;
  grid.count = static_cast<std::size_t>(whole / per_bin);
  grid.from_ns =
      static_cast<double>(samples.elapsed_ns.back()) + interval_ns / 2 - grid.bin_ns * static_cast<double>(grid.count);
  // A period that fell into a gap for most of it is not whole.
  const auto fewest = static_cast<std::size_t>(grid.bin_ns / interval_ns * 0.5);
  return detail::cut(samples, grid, fewest);
}

Series last_part(const Series& points, double share) {
  const std::int64_t from_ns =
      points.elapsed_ns.back() - static_cast<std::int64_t>(static_cast<double>(points.span_ns()) * share);
  return detail::samples_within(points, from_ns, points.elapsed_ns.back());
}

/// Points and what was found in them.
struct Fitted {
  Series points;
  detail::Fit fit;
};

Fitted fit_of(const Series& points, std::int64_t bin_ns) { return {points, detail::fit(points, bin_ns)}; }

/// One series at two scales.
struct TwoScales {
  Fitted fine;
  std::optional<Fitted> coarse;  ///< only when it shows persistence
  Slope slope;                   ///< what the less sure of the two says
};

/// The medians of a few neighbours each: noise that hides the persistence of the bins is mostly gone from them.
std::optional<Fitted> fit_coarsely(const Series& points, std::int64_t bin_ns) {
  if (points.size() < 2 * coarse_bins) return std::nullopt;
  const auto length_ns = static_cast<double>(points.span_ns() + bin_ns);
  const detail::Grid grid{static_cast<double>(points.elapsed_ns.front()) - static_cast<double>(bin_ns) / 2,
                          length_ns / static_cast<double>(coarse_bins), coarse_bins};
  const BinnedSeries bins = detail::cut(points, grid);
  Fitted coarse = fit_of(bins.medians, bins.bin_ns);
  const double most_worth = most_worth_if_persistent * static_cast<double>(bins.medians.size());
  if (coarse.fit.slope.effective_n >= most_worth && !coarse.fit.autocorrelation.is_walk()) return std::nullopt;
  return coarse;
}

TwoScales fit_at_two_scales(const Series& points, std::int64_t bin_ns) {
  TwoScales scales{fit_of(points, bin_ns), fit_coarsely(points, bin_ns), {}};
  Slope& slope = scales.slope = scales.fine.fit.slope;
  if (!scales.coarse) return scales;
  const Slope& coarse = scales.coarse->fit.slope;
  slope.lower_per_second = std::min(slope.lower_per_second, coarse.lower_per_second);
  slope.upper_per_second = std::max(slope.upper_per_second, coarse.upper_per_second);
  slope.p_value = std::max(slope.p_value, coarse.p_value);
  slope.effective_n = std::min(slope.effective_n, coarse.effective_n);
  return scales;
}

/// With the autocorrelation of the whole: a curve's misfit makes it more careful.
bool part_rises(const Fitted& whole) {
  const Series part = last_part(whole.points, rising_part);
  if (part.size() < 2) return false;
  const Slope rise = detail::fit(part, whole.fit.autocorrelation).slope;
  if (rise.per_second < fair_share * whole.fit.slope.per_second) return false;
  return part.size() < fewest_tested || rise.p_value <= rising_part_p_value;
}

bool part_rises(const TwoScales& scales) {
  return part_rises(scales.fine) && (!scales.coarse || part_rises(*scales.coarse));
}

/// With its own autocorrelation: a flat end behind a staircase is known for sure.
bool end_is_flat(const Series& bins, std::int64_t bin_ns, const Slope& whole) {
  const Series end = last_part(bins, end_part);
  if (end.size() < 3) return false;
  return detail::fit(end, bin_ns).slope.upper_per_second < fair_share * whole.per_second;
}

/// The series that is tested: one value per period when there is one, else the bins.
struct Tested {
  BinnedSeries bins, points;
  std::optional<std::int64_t> period_ns;
};

Tested prepare(const Series& samples) {
  BinnedSeries bins = detail::cut(samples, detail::even_grid(samples, most_bins));
  if (const std::optional<double> period_ns = detail::find_period(samples)) {
    BinnedSeries periods = cut_into_periods(samples, *period_ns);
    if (periods.medians.size() >= detail::fewest_periods)
      return {std::move(bins), std::move(periods), std::llround(*period_ns)};
  }
  return {bins, bins, std::nullopt};
}

bool still_rises(const Tested& tested, const TwoScales& medians, const TwoScales& minima) {
  if (medians.slope.per_second <= 0 || minima.slope.per_second <= 0) return false;
  // The lows of a sawtooth that wanders are sharper than its medians: with a period either will do.
  if (!part_rises(medians) && !(tested.period_ns && part_rises(minima))) return false;
  const BinnedSeries& bins = tested.bins;
  return !end_is_flat(bins.medians, bins.bin_ns, medians.slope) && !end_is_flat(bins.minima, bins.bin_ns, minima.slope);
}

}  // namespace

std::optional<Trend> find_trend(const Series& series, std::int64_t from_ns, std::int64_t to_ns) {
  const Series samples = detail::samples_within(series, from_ns, to_ns);
  // Less than a nanosecond from sample to sample is no time.
  if (samples.size() < fewest_bins || samples.span_ns() < static_cast<std::int64_t>(samples.size()))
    return std::nullopt;
  const Tested tested = prepare(samples);
  if (tested.bins.medians.size() < fewest_bins) return std::nullopt;
  const TwoScales medians = fit_at_two_scales(tested.points.medians, tested.points.bin_ns);
  const TwoScales minima = fit_at_two_scales(tested.points.minima, tested.points.bin_ns);
  Trend trend;
  trend.medians = medians.slope;
  trend.minima = minima.slope;
  trend.from_ns = samples.elapsed_ns.front();
  trend.to_ns = samples.elapsed_ns.back();
  const double seconds = static_cast<double>(samples.span_ns()) / 1e9;
  trend.growth_medians = trend.medians.per_second * seconds;
  trend.growth_minima = trend.minima.per_second * seconds;
  trend.period_ns = tested.period_ns;
  trend.still_rising = still_rises(tested, medians, minima);
  return trend;
}

bool is_growing(const Trend& trend, double threshold) {
  return trend.rises() && trend.growth_medians > threshold && trend.growth_minima > threshold;
}

}  // namespace tidemark::analysis
