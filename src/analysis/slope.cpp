#include "detail/slope.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "detail/bins.hpp"
#include "detail/order_statistics.hpp"

namespace tidemark::analysis::detail {
namespace {

constexpr double least_tau = 0.2;  ///< below, t / tau is a quotient of two noises

/// All slopes between two points at different times, per second.
struct Pairs {
  std::vector<double> slopes;
  double s = 0;  ///< rising pairs less falling ones
};

Pairs pairs_of(const Series& points) {
  Pairs pairs;
  pairs.slopes.reserve(points.size() * (points.size() - 1) / 2);
  std::int64_t s = 0;
  for (std::size_t one = 0; one < points.size(); ++one)
    for (std::size_t two = one + 1; two < points.size(); ++two) {
      const double rise = points.values[two] - points.values[one];
      const auto time_ns = static_cast<double>(points.elapsed_ns[two] - points.elapsed_ns[one]);
      s += (rise > 0) - (rise < 0);
      pairs.slopes.push_back(rise / time_ns * 1e9);
    }
  pairs.s = static_cast<double>(s);
  return pairs;
}

/// [n(n-1)(2n+5) - sum t(t-1)(2t+5)] / 18 over the groups of t equal values (Kendall 1975).
double variance_of_s(std::vector<double> values) {
  const auto term = [](std::size_t count) {
    const auto n = static_cast<double>(count);
    return n * (n - 1) * (2 * n + 5);
  };
  double sum = term(values.size());
  std::sort(values.begin(), values.end());
  for (auto first = values.begin(); first != values.end();) {
    const auto after = std::upper_bound(first, values.end(), *first);
    sum -= term(static_cast<std::size_t>(after - first));
    first = after;
  }
  return sum / 18;
}

double value_at_rank(std::vector<double>& values, double rank) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// Ranks (N - C) / 2 and (N + C) / 2 + 1 of the N pairwise slopes, C = z sqrt(Var S) (Sen 1968; Gilbert 1987, p. 218),
/// rounded as R's trend and SciPy do. An interval that would need more slopes than there are holds 0 in any case.
void set_interval(Slope& slope, std::vector<double>& slopes, double deviation) {
  const double z = boost::math::quantile(boost::math::normal(), 0.975);
  const auto count = static_cast<double>(slopes.size());
  const double lower_rank = std::round((count - z * deviation) / 2);
  const double upper_rank = std::round((count + z * deviation) / 2) + 1;
  const bool wide = lower_rank < 1 || upper_rank > count;
  slope.lower_per_second = value_at_rank(slopes, std::max(lower_rank, 1.0));
  slope.upper_per_second = value_at_rank(slopes, std::min(upper_rank, count));
  if (!wide) return;
  slope.lower_per_second = std::min(slope.lower_per_second, 0.0);
  slope.upper_per_second = std::max(slope.upper_per_second, 0.0);
}

/// Two-sided, with the continuity correction (Kendall 1975).
double p_value_of(const Kendall& kendall, double inflation) {
  const double distance = std::max(std::abs(kendall.s) - 1, 0.0);
  if (kendall.variance <= 0 || distance == 0) return 1;
  const double z = distance / std::sqrt(kendall.variance * inflation);
  return 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), z));
}

Autocorrelation of_residuals(const Series& points, double per_second, std::int64_t bin_ns) {
  Series residuals = points;
  double largest = 0;
  for (const double value : points.values) largest = std::max(largest, std::abs(value));
  // Ranks must not be those of rounding errors: a straight line leaves nothing.
  const double grain = largest * 1e-10;
  for (std::size_t point = 0; point < points.size(); ++point) {
    double& value = residuals.values[point];
    value -= per_second * static_cast<double>(points.elapsed_ns[point] - points.elapsed_ns.front()) / 1e9;
    if (grain > 0) value = std::round(value / grain) * grain;
  }
  return Autocorrelation(on_grid(residuals, bin_ns));
}

/// Variance per second of a walk's steps, without its drift: the sum of (step - drift dt)^2 / dt over all steps but
/// one. Medians of bins of a walk make steps with a lag-1 correlation of up to 1/4 (Working 1960): added when positive.
double variance_of_steps(const Series& points) {
  const double drift = (points.values.back() - points.values.front()) / (static_cast<double>(points.span_ns()) / 1e9);
  double sum = 0, products = 0, before = 0;
  for (std::size_t point = 1; point < points.size(); ++point) {
    const double seconds = static_cast<double>(points.elapsed_ns[point] - points.elapsed_ns[point - 1]) / 1e9;
    const double step = (points.values[point] - points.values[point - 1] - drift * seconds) / std::sqrt(seconds);
    sum += step * step;
    products += step * before;
    before = step;
  }
  return (sum + 2 * std::max(products, 0.0)) / static_cast<double>(points.size() - 2);
}

/// Mann-Kendall says nothing of a walk (its n* is 2). What a slope fitted to one is worth follows from its steps: a
/// variance of 6/5 sigma^2 / T (Durlauf & Phillips 1988), sigma taken from the steps themselves.
void set_interval_of_walk(Slope& slope, const Series& points, const Kendall& kendall) {
  const double seconds = static_cast<double>(points.span_ns()) / 1e9;
  const double error = std::sqrt(1.2 * variance_of_steps(points) / seconds);
  const boost::math::students_t distribution(static_cast<double>(points.size() - 2));
  const double reach = boost::math::quantile(distribution, 0.975) * error;
  slope.lower_per_second = slope.per_second - reach;
  slope.upper_per_second = slope.per_second + reach;
  slope.p_value = 1;
  if (slope.per_second == 0) return;
  const double t = error > 0 ? std::abs(slope.per_second) / error : std::numeric_limits<double>::max();
  slope.p_value = 2 * boost::math::cdf(boost::math::complement(distribution, t));
  // As many independent values would have given the same t at this tau: Var(tau) = 4 / (9 n) for large n.
  const double tau = kendall.s / (static_cast<double>(points.size()) * static_cast<double>(points.size() - 1) / 2);
  if (std::abs(tau) < least_tau) return;
  const double worth = 4.0 / 9 * (t / tau) * (t / tau);
  slope.effective_n = std::clamp(worth, slope.effective_n, static_cast<double>(points.size()));
}

template <typename MakeAutocorrelation>
Fit fit_with(const Series& points, const MakeAutocorrelation& make) {
  Pairs pairs = pairs_of(points);
  Fit result;
  result.slope.bins = points.size();
  result.slope.per_second = median_of(pairs.slopes);
  result.kendall = {pairs.s, variance_of_s(points.values)};
  result.autocorrelation = make(result.slope.per_second);
  const double inflation = result.autocorrelation.inflation(points.size());
  result.slope.effective_n = static_cast<double>(points.size()) / inflation;
  if (result.autocorrelation.is_walk() && points.size() > 3) {
    set_interval_of_walk(result.slope, points, result.kendall);
    return result;
  }
  result.slope.p_value = p_value_of(result.kendall, inflation);
  set_interval(result.slope, pairs.slopes, std::sqrt(result.kendall.variance * inflation));
  return result;
}

}  // namespace

Fit fit(const Series& points, std::int64_t bin_ns) {
  return fit_with(points, [&](double per_second) { return of_residuals(points, per_second, bin_ns); });
}

Fit fit(const Series& points, const Autocorrelation& known) {
  return fit_with(points, [&](double) { return known; });
}

}  // namespace tidemark::analysis::detail
