// Purpose: one side of a comparison: the figures of a subject, and how far each could be off.
#pragma once

#include <array>
#include <optional>

#include "bootstrap.hpp"
#include "stretch.hpp"
#include "tidemark/analysis/compare.hpp"

namespace tidemark::analysis::detail {

inline constexpr std::array all_metrics{CompareMetric::peak,    CompareMetric::growth,   CompareMetric::retained,
                                        CompareMetric::slope,   CompareMetric::cpu_mean, CompareMetric::cpu_peak,
                                        CompareMetric::duration};

/// A stretch of a recording, looked at as a whole. Refers to the recording's series.
struct Subject {
  const MemorySeries* memory = nullptr;
  Stretch rss, cpu;
  std::optional<double> peak, growth, retained_percent, cpu_mean, cpu_peak;
  double seconds = 0;
  std::optional<Trend> trend;
  Stretch baseline, end;  ///< the samples whose medians are the levels that growth lies between
  double above_baseline = 0;
  bool long_enough = false;

  [[nodiscard]] std::optional<double> value(CompareMetric metric) const;
  /// Empty when the figure has none.
  [[nodiscard]] Noise noise(CompareMetric metric, Dice& dice, std::size_t resamples) const;
};

[[nodiscard]] Subject whole_of(const Findings& findings, const MemorySeries& memory, const Settings& settings);
[[nodiscard]] Subject phase_of(const PhaseFindings& findings, const MemorySeries& memory, const Settings& settings);

}  // namespace tidemark::analysis::detail
