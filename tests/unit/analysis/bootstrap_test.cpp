#include "detail/bootstrap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/made_series.hpp"

using namespace tidemark::analysis;
using namespace tidemark::analysis::detail;

namespace {

constexpr std::size_t resamples = 1000;

double deviation(const Noise& noise) {
  double squares = 0;
  for (const double error : noise) squares += error * error;
  return std::sqrt(squares / static_cast<double>(noise.size()));
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The mean over several series: one series' own estimate scatters.
template <typename Made, typename NoiseOf>
double typical_deviation(const Made& made_values, const NoiseOf& noise_of) {
  double sum = 0;
  constexpr std::size_t series = 30;
  for (std::size_t seed = 0; seed < series; ++seed) {
    made::Random random(seed);
    Dice dice(seed);
    sum += deviation(noise_of(made_values(random), dice, resamples));
  }
  return sum / static_cast<double>(series);
}

}  // namespace

TEST_CASE("dice are the same everywhere") {
  Dice dice(1);
  // std::mt19937_64 is fixed by the standard; so is what we make of it.
  CHECK(dice.below(1000) == 2469588189546311528U % 1000);
  CHECK(dice.below(1) == 0);
}

TEST_CASE("white noise: the spread of the mean and of the slope are those of the textbook") {
  constexpr std::size_t count = 300;
  const auto white = [](made::Random& random) { return made::autoregression(random, count, 0, 2); };
  const auto n = static_cast<double>(count);
  CHECK(typical_deviation(white, noise_of_mean) == doctest::Approx(2 / std::sqrt(n)).epsilon(0.2));
  CHECK(typical_deviation(white, noise_of_slope) == doctest::Approx(2 / std::sqrt(n * n * n / 12)).epsilon(0.2));
}

TEST_CASE("what hangs together has fewer independent values: sqrt(19) times the spread of the mean") {
  constexpr std::size_t count = 1000;
  const auto persistent = [](made::Random& random) { return made::autoregression(random, count, 0.9, 2); };
  const double expected = 2 * std::sqrt(19.0 / static_cast<double>(count));
  CHECK(typical_deviation(persistent, noise_of_mean) == doctest::Approx(expected).epsilon(0.2));
}

TEST_CASE("blocks grow with what hangs together") {
  made::Random random(3);
  const Blocks white = blocks_of(without_line(made::autoregression(random, 300, 0, 2)), 2);
  const Blocks persistent = blocks_of(without_line(made::autoregression(random, 300, 0.9, 2)), 2);
  CHECK(white.length >= 6);  // n^(1/3)
  CHECK(white.length <= 20);
  CHECK(persistent.length > white.length);
  CHECK(persistent.length <= 100);
  CHECK(persistent.widening > 1);
  CHECK(blocks_of(std::vector<double>(300, 0.0), 1).length == 1);
}

TEST_CASE("a line is no noise") {
  std::vector<double> line;
  for (int i = 0; i < 100; ++i) line.push_back(7 + 3.0 * i);
  for (const double left : without_line(line)) CHECK(left == doctest::Approx(0).epsilon(1e-9));
  Dice dice(1);
  CHECK(deviation(noise_of_slope(line, dice, 100)) < 1e-9);
  CHECK(deviation(noise_of_difference(line, 5, line, 5, dice, 100)) < 1e-9);
  CHECK(deviation(noise_of_highest(line, dice, 100)) < 1e-9);
}

TEST_CASE("noise is centred, repeatable and depends on the seed") {
  made::Random random(4);
  const auto values = made::autoregression(random, 200, 0.5, 2);
  Dice one(1), same(1), other(2);
  const Noise noise = noise_of_difference(values, 10, values, 10, one, resamples);
  CHECK(noise.size() == resamples);
  CHECK(std::abs(mean(noise)) < 1e-9);
  CHECK(noise == noise_of_difference(values, 10, values, 10, same, resamples));
  CHECK(noise != noise_of_difference(values, 10, values, 10, other, resamples));
}

TEST_CASE("a level of single samples scatters as the samples do, one of many far less") {
  const auto white = [](made::Random& random) { return made::autoregression(random, 400, 0, 2); };
  const auto of = [](std::size_t width) {
    return [width](const std::vector<double>& values, Dice& dice, std::size_t count) {
      return noise_of_difference(values, width, values, width, dice, count);
    };
  };
  CHECK(typical_deviation(white, of(1)) == doctest::Approx(2 * std::sqrt(2.0)).epsilon(0.1));
  // The median of 25: sqrt(pi / 2 / 25) of the deviation.
  CHECK(typical_deviation(white, of(25)) == doctest::Approx(2 * std::sqrt(2.0) * std::sqrt(1.5708 / 25)).epsilon(0.2));
}

TEST_CASE("the interval holds 95 % of the differences; nothing to draw from, no interval") {
  Noise noise(1000);
  std::iota(noise.begin(), noise.end(), -499.5);
  const Noise none(1000, 0.0);
  const auto interval = interval_of(1000, none, noise);
  REQUIRE(interval);
  CHECK(interval->first == doctest::Approx(1000 - 474.5));
  CHECK(interval->second == doctest::Approx(1000 + 474.5));
  CHECK(interval_of(1000, noise, none)->second == doctest::Approx(1000 + 474.5));
  CHECK_FALSE(interval_of(1000, noise, {}));
  Dice dice(1);
  CHECK(noise_of_mean(std::vector<double>(7, 1.0), dice, 10).empty());
  CHECK(noise_of_slope({}, dice, 10).empty());
}
