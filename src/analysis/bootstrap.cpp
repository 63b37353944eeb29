#include "detail/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "detail/order_statistics.hpp"

namespace tidemark::analysis::detail {
namespace {

constexpr std::size_t fewest_values = 8;

Noise centred(Noise noise) {
  if (noise.empty()) return noise;
  const double mean = mean_of(noise);
  for (double& one : noise) one -= mean;
  return noise;
}

/// Overwrites `out` with blocks that begin where `start` says.
template <typename Start>
void fill(std::span<const double> residuals, std::size_t length, std::vector<double>& out, const Start& start) {
  for (std::size_t at = 0; at < out.size(); at += length) {
    const std::size_t taken = std::min(length, out.size() - at);
    const auto from = residuals.begin() + static_cast<std::ptrdiff_t>(start());
    std::copy_n(from, taken, out.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

/// The figure of as many resamples of the residuals, all blocks equally likely.
template <typename Figure>
Noise resampled(std::span<const double> residuals, std::size_t parameters, Dice& dice, std::size_t resamples,
                const Figure& figure) {
  const Blocks blocks = blocks_of(residuals, parameters);
  const std::size_t starts = residuals.size() - blocks.length + 1;
  std::vector<double> sample(residuals.size());
  Noise noise;
  for (std::size_t i = 0; i < resamples; ++i) {
    fill(residuals, blocks.length, sample, [&] { return dice.below(starts); });
    noise.push_back(blocks.widening * figure(sample));
  }
  return centred(std::move(noise));
}

double slope_of(std::span<const double> values) {
  const double middle = (static_cast<double>(values.size()) - 1) / 2;
  double product = 0;
  double squares = 0;
  for (std::size_t at = 0; at < values.size(); ++at) {
    const double step = static_cast<double>(at) - middle;
    product += step * values[at];
    squares += step * step;
  }
  return product / squares;
}

/// Medians of `width` samples, put together from blocks of the residuals.
class LevelDraws {
 public:
  LevelDraws(std::span<const double> values, std::size_t width)
      : residuals_(without_line(values)), blocks_(blocks_of(residuals_, 2)), window_(std::max<std::size_t>(width, 1)) {}

  [[nodiscard]] double draw(Dice& dice) {
    const std::size_t starts = residuals_.size() - blocks_.length + 1;
    fill(residuals_, blocks_.length, window_, [&] { return dice.below(starts); });
    return blocks_.widening * median_of(window_);
  }

 private:
  std::vector<double> residuals_;
  Blocks blocks_;
  std::vector<double> window_;
};

}  // namespace

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Noise noise_of_mean(std::span<const double> values, Dice& dice, std::size_t resamples) {
  if (values.size() < fewest_values) return {};
  std::vector<double> residuals(values.begin(), values.end());
  const double mean = mean_of(values);
  for (double& residual : residuals) residual -= mean;
  return resampled(residuals, 1, dice, resamples, mean_of);
}

Noise noise_of_slope(std::span<const double> values, Dice& dice, std::size_t resamples) {
  if (values.size() < fewest_values) return {};
  return resampled(without_line(values), 2, dice, resamples, slope_of);
}

Noise noise_of_highest(std::span<const double> values, Dice& dice, std::size_t resamples) {
  if (values.size() < fewest_values) return {};
  const std::vector<double> residuals = without_line(values);
  const std::size_t length = blocks_of(residuals, 2).length;
  const std::size_t starts = residuals.size() - length + 1;
  std::vector<std::size_t> quarter(std::max<std::size_t>(1, residuals.size() / (4 * length)));
  std::vector<double> sample(residuals.size());
  Noise noise;
  for (std::size_t i = 0; i < resamples; ++i) {
    for (std::size_t& start : quarter) start = dice.below(starts);
    fill(residuals, length, sample, [&] { return quarter[dice.below(quarter.size())]; });
    double highest = values[0] - residuals[0] + sample[0];
    for (std::size_t at = 1; at < sample.size(); ++at)
      highest = std::max(highest, values[at] - residuals[at] + sample[at]);
    noise.push_back(highest);
  }
  return centred(std::move(noise));
}

Noise noise_of_difference(std::span<const double> beginning, std::size_t first, std::span<const double> ending,
                          std::size_t last, Dice& dice, std::size_t resamples) {
  if (beginning.size() < fewest_values || ending.size() < fewest_values) return {};
  LevelDraws start(beginning, first);
  LevelDraws end(ending, last);
  Noise noise;
  for (std::size_t i = 0; i < resamples; ++i) {
    const double error_of_end = end.draw(dice);
    noise.push_back(error_of_end - start.draw(dice));
  }
  return centred(std::move(noise));
}

std::optional<std::pair<double, double>> interval_of(double difference, const Noise& before, const Noise& after) {
  const std::size_t count = std::min(before.size(), after.size());
  if (count == 0) return std::nullopt;
  std::vector<double> differences;
  for (std::size_t i = 0; i < count; ++i) differences.push_back(difference + after[i] - before[i]);
  std::sort(differences.begin(), differences.end());
  const auto tail = static_cast<std::size_t>(0.025 * static_cast<double>(count));
  return std::pair{differences[tail], differences[count - 1 - tail]};
}

}  // namespace tidemark::analysis::detail
