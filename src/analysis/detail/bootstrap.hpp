// Purpose: how far a figure of one series could lie from where it is by chance: moving-block bootstrap (Kuensch 1989).
// Residuals around a fitted line are put together anew from blocks, so that what lies close together in time stays
// together, and the figure is taken again. Deterministic: std::mt19937_64 with an index mapping of our own.
//
// Three things keep it honest for series whose samples hang together (tests/unit/analysis/bootstrap_test.cpp):
//   * the length of a block follows from the autocorrelation (Politis & White 2004, at least n^(1/3)); of the lengths
//   up
//     to twice that, the one with the widest spread, because blocks of whole periods of a sawtooth have none;
//   * blocks still tear apart what hangs together at their borders: the spread is widened by what a first-order
//     autoregression of the same lag-1 correlation (without its bias, Marriott & Pope 1954) loses that way;
//   * few blocks know little of their own spread: it is widened by one part in as many as there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace tidemark::analysis::detail {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 to count - 1. Not std::uniform_int_distribution: that differs between standard libraries.
  [[nodiscard]] std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }

 private:
  std::mt19937_64 engine_;
};

/// Errors of a figure, one for each resample, their mean 0. Empty: too few samples.
using Noise = std::vector<double>;

/// How residuals are cut up, and by how much the spread of a mean of them is too narrow.
struct Blocks {
  std::size_t length = 1;
  double widening = 1;
};
/// `parameters`: how many were fitted to make the residuals: 1 the mean, 2 a line.
[[nodiscard]] Blocks blocks_of(std::span<const double> residuals, std::size_t parameters);

/// Of values that are not empty.
[[nodiscard]] double mean_of(std::span<const double> values);

/// What is left of evenly spaced values without their least-squares line.
[[nodiscard]] std::vector<double> without_line(std::span<const double> values);

[[nodiscard]] Noise noise_of_mean(std::span<const double> values, Dice& dice, std::size_t resamples);
/// Of the slope, per step.
[[nodiscard]] Noise noise_of_slope(std::span<const double> values, Dice& dice, std::size_t resamples);
/// Of the highest value. The blocks of each resample come from a quarter of all (m out of n, Bickel & Sakov 2008): with
/// all of them the highest would nearly always be the same one.
[[nodiscard]] Noise noise_of_highest(std::span<const double> values, Dice& dice, std::size_t resamples);
/// Of the median of `last` samples at the end of `ending` less that of `first` samples at the start of `beginning`.
/// Each is drawn from its own neighbourhood (local block bootstrap, Paparoditis & Politis 2002), so that a job in the
/// middle is no noise of a level at the end.
[[nodiscard]] Noise noise_of_difference(std::span<const double> beginning, std::size_t first,
                                        std::span<const double> ending, std::size_t last, Dice& dice,
                                        std::size_t resamples);

/// The 95 % percentile interval of after - before; nullopt when either is empty.
[[nodiscard]] std::optional<std::pair<double, double>> interval_of(double difference, const Noise& before,
                                                                   const Noise& after);

}  // namespace tidemark::analysis::detail
