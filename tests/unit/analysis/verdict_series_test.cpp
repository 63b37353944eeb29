// Purpose: how often series of a known truth are called growing. Rates are held for every kind by itself; all seeds are
// fixed, so a failure is a change of the method. Baseline 200 MB, one sample a second, the first tenth is warm-up.
#include <doctest/doctest.h>

#include <algorithm>

#include "analysis/made_series.hpp"
#include "sanitized.hpp"

using namespace made;
using namespace tidemark::analysis;

namespace {

using Values = std::vector<double>;

bool called_growing(const Values& values_mb) {
  const Series series = series_of(values_mb);
  const auto trend = find_trend(series, series.span_ns() / 10, series.span_ns());
  return trend && is_growing(*trend, std::max(0.02 * base_mb, 4.0) * mega);
}

template <typename Make>
double percent_growing(std::size_t count, const Make& make) {
  std::size_t growing = 0;
  for (std::size_t seed = 0; seed < count; ++seed) {
    Random random(seed);
    growing += called_growing(make(random));
  }
  return 100 * static_cast<double>(growing) / static_cast<double>(count);
}

std::size_t some_length(Random& random) { return random.one_of({600, 1800, 3600}); }

Values with_noise(Values values, Random& random, double deviation) {
  add_noise(values, random, deviation);
  return values;
}

Values leaking(Values values, double mb_per_hour) {
  add_leak(values, mb_per_hour);
  return values;
}

/// Steps of 10 MB at random times, none after `end` (a share of the time).
Values staircase(Random& random, std::size_t seconds, double end) {
  Values steps(random.one_of({3, 5, 10, 20}));
  for (double& step : steps) step = random.uniform(0, end * static_cast<double>(seconds));
  return values_of(seconds, [&](double at) {
    return 10.0 * static_cast<double>(std::ranges::count_if(steps, [&](double step) { return step <= at; }));
  });
}

Values regular_steps(std::size_t seconds, double every, double height) {
  return values_of(seconds, [&](double at) { return height * std::floor(at / every); });
}

Values even_staircase(Random& random, std::size_t seconds, double end) {
  const auto steps = static_cast<double>(random.one_of({3, 5, 10, 20}));
  return values_of(seconds, [&](double at) {
    return 10 * std::min(steps, std::floor(at / (end * static_cast<double>(seconds)) * steps));
  });
}

Values warm_up(std::size_t seconds, double share) {
  const double constant = share * static_cast<double>(seconds);
  return values_of(seconds, [&](double at) { return 100 * (1 - std::exp(-at / constant)); });
}

Values sum_of(Values one, const Values& two) {
  for (std::size_t at = 0; at < one.size(); ++at) one[at] += two[at] - base_mb;
  return one;
}

struct Kind {
  std::string name;
  std::function<Values(Random&)> make;
};

void check_rates(const std::vector<Kind>& kinds, std::size_t count, double least, double most) {
  for (const Kind& kind : kinds) {
    const double percent = percent_growing(count, kind.make);
    CAPTURE(kind.name);
    CHECK(percent >= least);
    CHECK(percent <= most);
  }
}

}  // namespace

TEST_CASE("trendless series: at most 5 % of each kind are called growing" *
          doctest::skip(tidemark::is_sanitized)) {
  check_rates(
      {
          {"white noise", [](Random& r) { return autoregression(r, some_length(r), 0, 20); }},
          {"AR(0.99), 10 min", [](Random& r) { return autoregression(r, 600, 0.99, 20); }},
          {"AR(0.99), 30 min", [](Random& r) { return autoregression(r, 1800, 0.99, 20); }},
          {"AR(0.99), 1 h", [](Random& r) { return autoregression(r, 3600, 0.99, 20); }},
          {"walk pinned to 200 +- 20 MB", [](Random& r) { return pinned_walk(r, some_length(r), 2, 20); }},
          {"slow walk pinned to 200 +- 40 MB", [](Random& r) { return pinned_walk(r, some_length(r), 1, 40); }},
          {"sawtooth of 90 s in 10 min", [](Random& r) { return sawtooth(r, 600, 90, r.uniform(20, 100), 0); }},
          {"staircase that ends flat", [](Random& r) { return staircase(r, some_length(r), 0.7); }},
          {"even staircase that ends flat", [](Random& r) { return even_staircase(r, some_length(r), 0.75); }},
          {"warm-up that saturates", [](Random& r) { return warm_up(some_length(r), r.uniform(0.05, 0.25)); }},
      },
      300, 0, 5);
}

TEST_CASE("trendless series, mixed and short: at most 5 % of each kind" * doctest::skip(tidemark::is_sanitized)) {
  check_rates(
      {
          {"walk that nothing pins", [](Random& r) { return pinned_walk(r, 1800, 1, 1e4); }},
          {"AR(0.9), 10 min", [](Random& r) { return autoregression(r, 600, 0.9, 20); }},
          {"AR(0.99) under white noise, 10 min",
           [](Random& r) { return with_noise(autoregression(r, 600, 0.99, 15), r, 15); }},
          {"white noise, 30 to 60 samples",
           [](Random& r) {
             return autoregression(r, r.one_of({30, 40, 60}), 0, 20);
           }},
          {"sawtooth of any period", [](Random& r) { return sawtooth(r, some_length(r), r.uniform(5, 300), 50, 0); }},
          {"sawtooth that wanders", [](Random& r) { return sawtooth(r, 600, 90, 50, 0.2); }},
          {"irregular sawtooth", [](Random& r) { return sawtooth(r, some_length(r), r.uniform(30, 150), 50, 0.7); }},
          {"sawtooth of 90 s under noise", [](Random& r) { return with_noise(sawtooth(r, 600, 90, 50, 0), r, 2); }},
          {"staircase under noise", [](Random& r) { return with_noise(staircase(r, some_length(r), 0.6), r, 5); }},
          {"even staircase under noise",
           [](Random& r) { return with_noise(even_staircase(r, some_length(r), 0.75), r, 2); }},
          {"one jump under noise",
           [](Random& r) { return with_noise(regular_steps(1800, r.uniform(900, 1700), 50), r, 2); }},
          {"warm-up under white noise", [](Random& r) { return with_noise(warm_up(some_length(r), 0.15), r, 20); }},
          {"warm-up under AR(0.9)",
           [](Random& r) { return sum_of(warm_up(1800, 0.15), autoregression(r, 1800, 0.9, 20)); }},
          {"warm-up under a sawtooth",
           [](Random& r) { return sum_of(warm_up(1800, 0.15), sawtooth(r, 1800, 90, 25, 0)); }},
      },
      300, 0, 5);
}

TEST_CASE("leaks: at least 95 % of each kind are called growing" * doctest::skip(tidemark::is_sanitized)) {
  check_rates(
      {
          {"15 MB/h in 30 min under white noise", [](Random& r) { return leaking(autoregression(r, 1800, 0, 2), 15); }},
          {"15 MB/h in 30 min under AR(0.7)", [](Random& r) { return leaking(autoregression(r, 1800, 0.7, 2), 15); }},
          {"1/50 of a sawtooth of 90 s, 30 min", [](Random& r) { return leaking(sawtooth(r, 1800, 90, 25, 0), 20); }},
          {"the same under noise",
           [](Random& r) { return with_noise(leaking(sawtooth(r, 1800, 90, 25, 0), 20), r, 2); }},
          {"the same in 1 h", [](Random& r) { return leaking(sawtooth(r, 3600, 90, 25, 0), 20); }},
          {"the same, wandering 10 %", [](Random& r) { return leaking(sawtooth(r, 1800, 90, 25, 0.1), 20); }},
          {"the same, wandering 20 %", [](Random& r) { return leaking(sawtooth(r, 1800, 90, 25, 0.2), 20); }},
          {"1/50 of a sawtooth of 30 s, 30 min", [](Random& r) { return leaking(sawtooth(r, 1800, 30, 25, 0), 60); }},
          {"1/50 of a sawtooth of 5 min, 2 h", [](Random& r) { return leaking(sawtooth(r, 7200, 300, 25, 0), 6); }},
          {"the same, wandering 10 %", [](Random& r) { return leaking(sawtooth(r, 7200, 300, 25, 0.1), 6); }},
          {"steps of 2 MB at 40 random times",
           [](Random& r) {
             Values values(1800, base_mb);
             for (int step = 0; step < 40; ++step)
               for (auto at = static_cast<std::size_t>(r.uniform(0, 1800)); at < 1800; ++at) values[at] += 2;
             return values;
           }},
          {"60 MB/h after a warm-up", [](Random& r) { return with_noise(leaking(warm_up(1800, 0.05), 60), r, 1); }},
      },
      200, 95, 100);
}

TEST_CASE("clean leaks are all found, from half a minute on") {
  for (const std::size_t seconds : {40UL, 60UL, 120UL, 600UL, 3600UL}) {
    CAPTURE(seconds);
    CHECK(called_growing(regular_steps(seconds, 4, 1)));
  }
  for (const std::size_t seconds : {600UL, 1800UL, 3600UL}) {
    CAPTURE(seconds);
    CHECK(called_growing(regular_steps(seconds, 60, 10)));
    CHECK(called_growing(leaking(Values(seconds, base_mb), 60)));
  }
  CHECK(called_growing(regular_steps(1800, 300, 10)));
}

TEST_CASE("what a tenth of the threshold grows is not called growing, however sure the slope") {
  CHECK_FALSE(called_growing(leaking(Values(3600, base_mb), 0.4)));
}
