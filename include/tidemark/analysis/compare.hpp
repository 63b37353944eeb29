// Purpose: two recordings side by side: what changed, and whether beyond noise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/analysis/report.hpp"

namespace tidemark::analysis {

enum class CompareMetric { peak, growth, retained, slope, cpu_mean, cpu_peak, duration };
[[nodiscard]] std::string_view text_of(CompareMetric metric);

enum class Change {
  unclear,  ///< the interval of the difference holds 0
  better,   ///< beyond noise: less memory or CPU
  worse,
  not_judged,  ///< no interval can be made (duration, one sample)
};
[[nodiscard]] std::string_view text_of(Change change);

struct MetricChange {
  CompareMetric metric = CompareMetric::peak;
  std::optional<double> before, after;  ///< bytes, bytes per hour, percent, seconds
  /// before / after when both are above 0: 4297 is "4297x less", below 1 is more.
  std::optional<double> ratio;
  bool no_growth_after = false;        ///< AFTER's growth, retained or slope is at or below 0 and BEFORE's was above
  std::optional<double> lower, upper;  ///< 95 % bootstrap interval of after - before
  Change change = Change::not_judged;
};

struct SubjectChange {
  std::string name;   ///< process name; empty for the tree
  std::string phase;  ///< label; empty for the whole recording
  bool only_before = false, only_after = false;
  std::vector<MetricChange> metrics;
};

struct Compared {
  Report before, after;
  std::vector<SubjectChange> subjects;  ///< the tree, then the names, largest change of growth first
  std::vector<SubjectChange> phases;    ///< the tree's, by label, in BEFORE's order
  VerdictKind verdict_before = VerdictKind::too_short, verdict_after = VerdictKind::too_short;
};

/// `seed` makes the bootstrap repeatable; `resamples` are made for each interval.
[[nodiscard]] Compared compare(const Recording& before, const Recording& after, const Settings& settings,
                               std::uint64_t seed = 1, std::size_t resamples = 1000);

}  // namespace tidemark::analysis
