#include "tidemark/analysis/trend.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "analysis/made_series.hpp"
#include "detail/autocorrelation.hpp"
#include "detail/seasonal.hpp"
#include "detail/slope.hpp"

using namespace tidemark::analysis;

namespace {

constexpr std::int64_t second = 1'000'000'000;

Series each_second(const std::vector<double>& values) {
  Series series;
  for (std::size_t at = 0; at < values.size(); ++at) series.add(static_cast<std::int64_t>(at) * second, values[at]);
  return series;
}

/// Shampoo sales (Makridakis, Wheelwright & Hyndman 1998): the data set of pyMannKendall's own examples.
Series shampoo() {
  return each_second({266.0, 145.9, 183.1, 119.3, 180.3, 168.5, 231.8, 224.5, 192.8, 122.9, 336.5, 185.9,
                      194.3, 149.5, 210.1, 273.3, 191.4, 287.0, 226.0, 303.6, 289.9, 421.6, 264.5, 342.3,
                      339.7, 440.4, 315.9, 439.3, 401.3, 437.4, 575.5, 407.6, 682.0, 475.3, 581.3, 646.9});
}

void check_finite(const Slope& slope) {
  for (const double value :
       {slope.per_second, slope.lower_per_second, slope.upper_per_second, slope.p_value, slope.effective_n})
    CHECK(std::isfinite(value));
  CHECK(slope.lower_per_second <= slope.upper_per_second);
  CHECK(slope.effective_n <= static_cast<double>(slope.bins));
}

std::optional<Trend> trend_of(const Series& series) {
  return find_trend(series, series.elapsed_ns.front(), series.elapsed_ns.back());
}

}  // namespace

TEST_CASE("slope, interval and test of independent values are SciPy's and pyMannKendall's") {
  // scipy.stats.theilslopes 1.1x and pymannkendall.original_test 1.4.3 over the same numbers.
  const detail::Fit fit = detail::fit(shampoo(), detail::Autocorrelation());
  CHECK(fit.slope.per_second == doctest::Approx(11.509375));
  CHECK(fit.slope.lower_per_second == doctest::Approx(8.625));
  CHECK(fit.slope.upper_per_second == doctest::Approx(14.413333333333334));
  CHECK(fit.kendall.s == 440);
  CHECK(fit.kendall.variance == doctest::Approx(5390));
  CHECK(fit.slope.p_value == doctest::Approx(2.237239504765398e-09));
  CHECK(fit.slope.effective_n == 36);
}

TEST_CASE("ties and uneven times are SciPy's too") {
  Series series;
  const std::vector<std::int64_t> times = {0, 1, 2, 4, 5, 7, 8, 9, 12, 13, 15, 16};
  const std::vector<double> values = {5, 5, 6, 4, 7, 7, 6, 8, 8, 7, 9, 9};
  for (std::size_t at = 0; at < times.size(); ++at) series.add(times[at] * second, values[at]);
  const detail::Fit fit = detail::fit(series, detail::Autocorrelation());
  CHECK(fit.slope.per_second == doctest::Approx(0.25));
  CHECK(fit.slope.lower_per_second == doctest::Approx(1.0 / 7));
  CHECK(fit.slope.upper_per_second == doctest::Approx(0.375));
  CHECK(fit.kendall.s == 45);
  CHECK(fit.kendall.variance == doctest::Approx(205));
  CHECK(fit.slope.p_value == doctest::Approx(0.0021185223968505085));
}

TEST_CASE("the correction by significant lags is pyMannKendall's hamed_rao_modification_test") {
  const detail::Fit fit = detail::fit(shampoo(), second);
  CHECK(fit.kendall.variance * fit.autocorrelation.observed_inflation(36) == doctest::Approx(7322.011164105283));
}

TEST_CASE("the correction by a first-order autoregression is what a simulation of S gives") {
  // Var(S) over Var(S of independent values), 60 values, 4000 series each, NumPy: 3.47 at 0.6 and 12.2 at 0.9.
  made::Random random(5);
  const auto inflation_at = [&](double persistence) {
    return detail::Autocorrelation(made::autoregression(random, 6000, persistence, 1)).autoregressive_inflation(60);
  };
  CHECK(inflation_at(0.6) == doctest::Approx(3.47).epsilon(0.1));
  CHECK(inflation_at(0.9) == doctest::Approx(12.2).epsilon(0.1));
  CHECK(inflation_at(0.0) < 1.2);
}

TEST_CASE("a walk is known as one and judged by its steps") {
  made::Random random(3);
  const detail::Fit fit = detail::fit(made::series_of(made::pinned_walk(random, 300, 1, 1e6)), second);
  CHECK(fit.autocorrelation.is_walk());
  CHECK(fit.autocorrelation.inflation(300) == doctest::Approx(1 + 300 / 2.0).epsilon(0.02));
  check_finite(fit.slope);
}

TEST_CASE("bins: equal times, median and minimum of each, none where there is a gap") {
  Series series;
  for (std::int64_t at = 0; at < 1200; ++at)
    if (at < 400 || at >= 800) series.add(at * second, at % 4 == 0 ? 10.0 : 20.0 + static_cast<double>(at));
  const BinnedSeries bins = cut_into_bins(series, 0, 1200 * second);
  REQUIRE(bins.medians.size() == 200);
  REQUIRE(bins.minima.size() == 200);
  CHECK(bins.bin_ns == 4 * second);
  for (const double value : bins.minima.values) CHECK(value == 10);
  CHECK(bins.medians.values.front() == 21.5);
  CHECK(bins.medians.elapsed_ns.front() == 3 * second / 2);
  CHECK(bins.medians.values[100] == 821.5);
  CHECK(bins.medians.elapsed_ns[100] == 1603 * second / 2);
}

TEST_CASE("bins: only what lies within, and only numbers") {
  Series series;
  for (std::int64_t at = 0; at < 100; ++at)
    series.add(at * second, at == 50 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(at));
  const BinnedSeries bins = cut_into_bins(series, 40 * second, 59 * second);
  CHECK(bins.medians.size() == 19);
  CHECK(bins.medians.values.front() == 40);
  CHECK(bins.medians.values.back() == 59);
  for (const double value : bins.medians.values) CHECK(std::isfinite(value));
}

TEST_CASE("what has no time or too few bins has no trend") {
  CHECK_FALSE(find_trend({}, 0, second));
  Series one;
  for (int times = 0; times < 100; ++times) one.add(second, 5.0);
  CHECK_FALSE(trend_of(one));
  CHECK_FALSE(trend_of(each_second({1, 2})));
  CHECK_FALSE(trend_of(each_second({1, 2, 3, 4, 5, 6, 7})));
  CHECK(trend_of(each_second({1, 2, 3, 4, 5, 6, 7, 8})));
  CHECK_FALSE(find_trend(each_second({1, 2, 3, 4, 5, 6, 7, 8}), 5 * second, second));
}

TEST_CASE("a constant has slope 0, p 1 and no trend") {
  const auto trend = trend_of(each_second(std::vector<double>(1000, 7e8)));
  REQUIRE(trend);
  CHECK(trend->medians.per_second == 0);
  CHECK(trend->medians.p_value == 1);
  CHECK(trend->growth_medians == 0);
  CHECK_FALSE(trend->period_ns);
  CHECK_FALSE(trend->rises());
  check_finite(trend->medians);
}

TEST_CASE("a straight line is found exactly, whole and after a gap, upwards only") {
  Series series;
  for (std::int64_t at = 0; at < 600; ++at)
    if (at < 200 || at > 350) series.add(at * second, 1e8 + 1000.0 * static_cast<double>(at));
  const auto trend = find_trend(series, 60 * second, 599 * second);
  REQUIRE(trend);
  CHECK(trend->medians.per_second == doctest::Approx(1000));
  CHECK(trend->medians.lower_per_second == doctest::Approx(1000));
  CHECK(trend->growth_medians == doctest::Approx(539'000));
  CHECK(trend->growth_minima == doctest::Approx(539'000));
  CHECK(trend->from_ns == 60 * second);
  CHECK(trend->to_ns == 599 * second);
  CHECK(trend->rises());
  CHECK(is_growing(*trend, 538'000));
  CHECK_FALSE(is_growing(*trend, 540'000));
  for (double& value : series.values) value = -value;
  CHECK_FALSE(trend_of(series)->rises());
}

TEST_CASE("growing needs the medians and the minima above the threshold, and the end still rising") {
  Trend trend;
  trend.medians.lower_per_second = trend.minima.lower_per_second = 1;
  trend.growth_medians = trend.growth_minima = 10;
  trend.still_rising = true;
  CHECK(is_growing(trend, 9));
  const auto without = [&](auto change) {
    Trend other = trend;
    change(other);
    return is_growing(other, 9);
  };
  CHECK_FALSE(without([](Trend& other) { other.growth_medians = 9; }));
  CHECK_FALSE(without([](Trend& other) { other.growth_minima = 9; }));
  CHECK_FALSE(without([](Trend& other) { other.medians.lower_per_second = 0; }));
  CHECK_FALSE(without([](Trend& other) { other.minima.lower_per_second = 0; }));
  CHECK_FALSE(without([](Trend& other) { other.still_rising = false; }));
}

TEST_CASE("nothing but finite numbers comes out, whatever goes in") {
  made::Random random(11);
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (const std::size_t count : {8UL, 9UL, 30UL, 301UL, 2000UL})
    for (const double wild : {infinite, -infinite, std::numeric_limits<double>::quiet_NaN(), 1e18, -1e18, 0.0}) {
      std::vector<double> values(count);
      for (double& value : values) value = random.uniform(0, 1) < 0.1 ? wild : random.normal(1e6);
      const auto trend = trend_of(each_second(values));
      if (!trend) continue;
      check_finite(trend->medians);
      check_finite(trend->minima);
      CHECK(std::isfinite(trend->growth_minima));
    }
}

TEST_CASE("several samples at one time, and nanoseconds between samples, are borne") {
  Series twice, dense;
  for (std::int64_t at = 0; at < 200; ++at) {
    twice.add(at / 2 * second, static_cast<double>(at));
    dense.add(at / 4, static_cast<double>(at));
  }
  const auto trend = trend_of(twice);
  REQUIRE(trend);
  CHECK(trend->medians.per_second == doctest::Approx(2).epsilon(0.02));
  CHECK_FALSE(trend_of(dense));
}

TEST_CASE("a period is read to half a percent, and none is seen in noise") {
  made::Random random(21);
  for (const double period : {20.0, 30.0, 47.3, 90.0, 300.0}) {
    CAPTURE(period);
    auto values = made::sawtooth(random, 3600, period, 25, 0);
    made::add_noise(values, random, 2);
    const auto found_ns = detail::find_period(made::series_of(values));
    REQUIRE(found_ns);
    CHECK(*found_ns / 1e9 == doctest::Approx(period).epsilon(0.005));
  }
  int seen = 0;
  for (int series = 0; series < 200; ++series)
    seen += detail::find_period(made::series_of(made::autoregression(random, 900, 0, 20))).has_value();
  CHECK(seen == 0);
}

TEST_CASE("an incomplete last period makes no growth") {
  made::Random random(1);
  const auto values = made::sawtooth(random, 540, 90, 100, 0);
  for (std::size_t length = 460; length <= 540; length += 5) {
    CAPTURE(length);
    const auto trend =
        trend_of(made::series_of({values.begin(), values.begin() + static_cast<std::ptrdiff_t>(length)}));
    REQUIRE(trend);
    REQUIRE(trend->period_ns);
    CHECK(std::abs(trend->growth_medians) < 4 * made::mega);
    CHECK_FALSE(is_growing(*trend, 4 * made::mega));
  }
}
