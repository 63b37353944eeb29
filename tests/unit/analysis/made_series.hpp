// Purpose: series with a known truth: trendless ones of many kinds, and leaks. MB around 200 MB, one sample a second.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "tidemark/analysis/trend.hpp"

namespace made {

using tidemark::analysis::Series;

inline constexpr double mega = 1024.0 * 1024.0;
inline constexpr double base_mb = 200;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(engine_); }
  double normal(double deviation) { return std::normal_distribution<double>(0, deviation)(engine_); }
  std::size_t one_of(std::initializer_list<std::size_t> choices) {
    return *(choices.begin() + std::uniform_int_distribution<std::ptrdiff_t>(0, std::ssize(choices) - 1)(engine_));
  }

 private:
  std::mt19937_64 engine_;
};

/// Values in MB, one a second, to a series in bytes.
inline Series series_of(const std::vector<double>& values_mb) {
  Series series;
  for (std::size_t at = 0; at < values_mb.size(); ++at)
    series.add(static_cast<std::int64_t>(at) * 1'000'000'000, std::floor(values_mb[at] * mega / 4096) * 4096);
  return series;
}

template <typename ValueAt>
std::vector<double> values_of(std::size_t seconds, const ValueAt& value_at) {
  std::vector<double> values(seconds);
  for (std::size_t at = 0; at < seconds; ++at) values[at] = base_mb + value_at(static_cast<double>(at));
  return values;
}

/// Stationary first-order autoregression with this marginal deviation.
inline std::vector<double> autoregression(Random& random, std::size_t seconds, double persistence, double deviation) {
  double value = random.normal(deviation);
  return values_of(seconds, [&](double) {
    value = persistence * value + random.normal(deviation * std::sqrt(1 - persistence * persistence));
    return value;
  });
}

inline std::vector<double> pinned_walk(Random& random, std::size_t seconds, double step, double range) {
  double value = random.uniform(-range, range);
  return values_of(seconds, [&](double) { return value = std::clamp(value + random.normal(step), -range, range); });
}

/// Rises for `period` seconds, falls at once; each period `jitter` (a share) longer or shorter.
inline std::vector<double> sawtooth(Random& random, std::size_t seconds, double period, double height, double jitter) {
  double length = period;
  double start = -random.uniform(0, period);
  return values_of(seconds, [&](double at) {
    while (at >= start + length) {
      start += length;
      length = period * (1 + random.uniform(-jitter, jitter));
    }
    return height * (at - start) / length;
  });
}

inline void add_noise(std::vector<double>& values, Random& random, double deviation) {
  for (double& value : values) value += random.normal(deviation);
}

inline void add_leak(std::vector<double>& values, double mb_per_hour) {
  for (std::size_t at = 0; at < values.size(); ++at) values[at] += mb_per_hour * static_cast<double>(at) / 3600;
}

}  // namespace made
