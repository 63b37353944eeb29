// Purpose: two recordings side by side: what changed, and whether beyond noise.
//
// Noise is what a recording's own samples show of it: moving-block bootstrap of the residuals of each series
// (src/analysis/detail/bootstrap.hpp), 95 % percentile interval of AFTER - BEFORE. It does not hold what differs from
// one run to the next for other reasons (order of jobs, address space); hence the smallest change. Of as many figures
// that did not change, one in twenty is called changed by chance.
//
// Phases meet by label, the first of each; names by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/analysis/report.hpp"

namespace tidemark::analysis {

enum class CompareMetric { peak, growth, retained, slope, cpu_mean, cpu_peak, duration };
[[nodiscard]] std::string_view text_of(CompareMetric metric);

/// A smaller difference is never called a change, whatever the interval: two runs of one program differ by as much.
struct SmallestChange {
  double bytes = 0.5 * 1024 * 1024;  ///< a slope's: this much over the longer of both times
  double peak_percent = 0.5;         ///< of the higher peak: the larger of the two counts
  double percent = 1;                ///< of one core, or of peak - baseline
};
inline constexpr SmallestChange smallest_change;

enum class Change {
  unclear,  ///< the interval of the difference holds 0, or the difference is below the smallest change
  better,   ///< beyond noise: less memory or CPU
  worse,
  not_judged,  ///< no interval can be made: a duration, or fewer than Thresholds::fewest_samples
};
[[nodiscard]] std::string_view text_of(Change change);

struct MetricChange {
  CompareMetric metric = CompareMetric::peak;
  /// peak, growth: bytes; slope: bytes per hour; cpu: percent of one core; duration: seconds; retained: percent of
  /// peak - baseline that is still there at the end, unset without a peak to speak of (in bytes it is the growth).
  std::optional<double> before, after;
  /// before / after when both are above 0: 4297 is "4297x less", below 1 is more. Of a slope only when both intervals
  /// of Trend lie above 0: a ratio to noise says nothing; never of retained, which is a share already.
  std::optional<double> ratio;
  bool no_growth_after = false;        ///< AFTER's growth, retained or slope is at or below 0 and BEFORE's was above
  std::optional<double> lower, upper;  ///< 95 % bootstrap interval of after - before
  Change change = Change::not_judged;
};

struct SubjectChange {
  std::string name;   ///< process name; empty for the tree
  std::string phase;  ///< label; empty for the whole recording
  bool only_before = false, only_after = false;
  std::vector<MetricChange> metrics;  ///< those that either side has; a phase's growth is its delta
};

struct Compared {
  Report before, after;
  std::vector<SubjectChange> subjects;  ///< the tree, then the names, largest change of growth first (up or down)
  std::vector<SubjectChange> phases;    ///< the tree's, by label, in BEFORE's order
};

/// `seed` makes the bootstrap repeatable; `resamples` are made for each interval.
[[nodiscard]] Compared compare(const Recording& before, const Recording& after, const Settings& settings,
                               std::uint64_t seed = 1, std::size_t resamples = 1000);

}  // namespace tidemark::analysis
