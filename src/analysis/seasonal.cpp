#include "detail/seasonal.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "detail/autocorrelation.hpp"
#include "detail/bins.hpp"

namespace tidemark::analysis::detail {
namespace {

constexpr std::size_t most_places = 1024;  ///< finer than the bins of the trend: a period of 30 s in hours is seen
constexpr std::size_t shortest_lag = 3;    ///< places per period, below which up and down are not both seen
// A peak of the autocorrelation is a period when it is this high, stands this far above the valley before it, and comes
// again at twice its lag with this share of its height. Settled by experiment (verdict_series_test): periods that
// wander by 20 % are found, and walks and autoregressions show one in 2 % of cases.
constexpr double fewest_height = 0.3;
constexpr double fewest_drop = 0.4;
constexpr double fewest_repeat = 0.5;
constexpr double fewest_likeness = 0.6;  ///< to the highest peak: a period of 7.5 places peaks best at twice that

// An up and down smaller than this share of the rise is left in: it hides no leak, and in a smooth leak it is the
// rounding of its steps by the interval.
constexpr double fewest_swing = 0.1;

/// Least squares; NaN stays. How much the line rises from the first place to the last.
double take_line_out(std::vector<double>& values) {
  double count = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  const double middle = static_cast<double>(values.size()) / 2;
  for (std::size_t place = 0; place < values.size(); ++place) {
    if (std::isnan(values[place])) continue;
    const double x = static_cast<double>(place) - middle;
    count += 1;
    sum_x += x;
    sum_y += values[place];
    sum_xx += x * x;
    sum_xy += x * values[place];
  }
  const double spread = count * sum_xx - sum_x * sum_x;
  const double slope = spread > 0 ? (count * sum_xy - sum_x * sum_y) / spread : 0;
  for (std::size_t place = 0; place < values.size(); ++place)
    values[place] -= (sum_y - slope * sum_x) / count + slope * (static_cast<double>(place) - middle);
  return slope * static_cast<double>(values.size());
}

double swing_of(const std::vector<double>& values) {
  double lowest = 0, highest = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  return highest - lowest;
}

class Correlogram {
 public:
  explicit Correlogram(const std::vector<double>& values)
      : at_lag_(autocorrelation_of(values, values.size() / 2)), places_(values.size()) {
    // Each lag by its own number of pairs: a regular series keeps its peaks' height.
    for (std::size_t lag = 0; lag < at_lag_.size(); ++lag)
      at_lag_[lag] *= static_cast<double>(places_) / static_cast<double>(places_ - lag);
  }

  [[nodiscard]] std::size_t places() const { return places_; }
  [[nodiscard]] double at(std::size_t lag) const { return at_lag_[lag]; }
  [[nodiscard]] std::size_t most_lag() const { return at_lag_.size() - 1; }

  [[nodiscard]] std::size_t highest(std::size_t from, std::size_t to) const {
    const auto begin = at_lag_.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = at_lag_.begin() + static_cast<std::ptrdiff_t>(std::min(to, most_lag())) + 1;
    return from + static_cast<std::size_t>(std::max_element(begin, end) - begin);
  }

  /// The lag of a peak between whole lags: vertex of the parabola through three.
  [[nodiscard]] double vertex(std::size_t lag) const {
    if (lag == 0 || lag >= most_lag()) return static_cast<double>(lag);
    const double bend = at_lag_[lag - 1] - 2 * at_lag_[lag] + at_lag_[lag + 1];
    if (!(bend < 0)) return static_cast<double>(lag);
    return static_cast<double>(lag) + (at_lag_[lag - 1] - at_lag_[lag + 1]) / bend / 2;
  }

 private:
  std::vector<double> at_lag_;
  std::size_t places_;
};

bool is_peak(const Correlogram& correlogram, std::size_t lag) {
  const std::size_t near = std::max<std::size_t>(lag / 4, 1);
  return correlogram.highest(lag - near, lag + near) == lag;
}

/// Lags that repeat: high, well above the valley before them, and repeated at twice the lag.
std::vector<std::size_t> repeating_lags(const Correlogram& correlogram) {
  const double chance = 4 / std::sqrt(static_cast<double>(correlogram.places()));  // four deviations of white noise
  std::vector<std::size_t> lags;
  double valley = correlogram.at(0);
  for (std::size_t lag = 1; lag <= correlogram.places() / fewest_periods; ++lag) {
    const double height = correlogram.at(lag);
    valley = std::min(valley, height);
    if (lag < shortest_lag || height < std::max(fewest_height, chance) || height - valley < fewest_drop) continue;
    if (!is_peak(correlogram, lag)) continue;
    const std::size_t again = correlogram.highest(2 * lag - lag / 3, 2 * lag + lag / 3);
    if (correlogram.at(again) >= fewest_repeat * height) lags.push_back(lag);
  }
  return lags;
}

/// The same period read from its multiples, as far as they are still peaks: the error goes down with the multiple.
double refined(const Correlogram& correlogram, std::size_t lag) {
  double period = correlogram.vertex(lag);
  for (int multiple = 2;; ++multiple) {
    const double expected = period * multiple;
    const double reach = period / 4;
    if (expected + reach > static_cast<double>(correlogram.most_lag())) return period;
    const std::size_t peak =
        correlogram.highest(static_cast<std::size_t>(expected - reach), static_cast<std::size_t>(expected + reach));
    if (correlogram.at(peak) < 0.5 * correlogram.at(lag)) return period;
    period = correlogram.vertex(peak) / multiple;
  }
}

}  // namespace

std::optional<double> find_period(const Series& samples) {
  const Grid grid = even_grid(samples, most_places);
  if (grid.count < shortest_lag * fewest_periods) return std::nullopt;
  std::vector<double> values = on_grid(cut(samples, grid).medians, std::llround(grid.bin_ns));
  const double rise = take_line_out(values);
  if (swing_of(values) < fewest_swing * std::abs(rise)) return std::nullopt;
  const Correlogram correlogram(values);
  const std::vector<std::size_t> lags = repeating_lags(correlogram);
  if (lags.empty()) return std::nullopt;
  double highest = 0;
  for (const std::size_t lag : lags) highest = std::max(highest, correlogram.at(lag));
  // The first of those about as high: its multiples repeat too.
  const auto first = std::find_if(lags.begin(), lags.end(),
                                  [&](std::size_t lag) { return correlogram.at(lag) >= fewest_likeness * highest; });
  return refined(correlogram, *first) * grid.bin_ns;
}

}  // namespace tidemark::analysis::detail
