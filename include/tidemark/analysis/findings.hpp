// Purpose: what a series says, as values with their thresholds: levels, release, trend, verdict, forecast. All sizes
// are bytes (double: medians and sums of halves), times elapsed nanoseconds, rates per hour.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/analysis/recording.hpp"
#include "tidemark/analysis/trend.hpp"

namespace tidemark::analysis {

/// Settable, and printed with the verdict.
struct Thresholds {
  double growth_percent = 2;                ///< of the baseline; growing needs more than this
  double growth_bytes = 4.0 * 1024 * 1024;  ///< and more than this
  double released_percent = 80;             ///< of peak - baseline back: peak released
  double retained_percent = 50;             ///< less than this back over the last part: peak retained
  double last_part_percent = 25;            ///< of the time: where release is judged
  double tolerance_percent = 5;             ///< of peak - baseline: "back at the baseline"
  std::size_t fewest_samples = 30;          ///< below: too short to tell
  double idle_cpu_percent = 10;             ///< below: idle
};

struct Settings {
  Thresholds thresholds;
  std::optional<std::int64_t> warm_up_ns;  ///< unset: a tenth of the time
  std::string baseline_phase;              ///< empty: after warm-up
  std::optional<model::Bytes> limit;       ///< for the forecast
  std::vector<PhaseSpan> phases;           ///< --phases; empty: the recording's own
};

struct Moment {
  std::int64_t at_ns = 0;
  double bytes = 0;
  std::optional<double> cpu_percent;
  std::string phase;
};

enum class MomentKind { start, steepest_rise, peak, hold, release, end };
[[nodiscard]] std::string_view text_of(MomentKind kind);  ///< "start", "steepest rise", ...
struct NamedMoment {
  MomentKind kind;
  Moment moment;
};

enum class VerdictKind {
  growing,
  peak_released,
  peak_retained,
  partly_released,
  steady,
  too_short,
  not_judged,  ///< one of so many processes that no trend was made of it (report.hpp: most_judged_processes)
};
[[nodiscard]] std::string_view text_of(
    VerdictKind kind);  ///< "growing", "peak_released", ...: stable, for rules and JSON

/// `start` is the first sample. `baseline` is the median of the first 5 % of the samples after warm-up, at least 5, or
/// of the samples of the baseline phase where the subject has any. `end` is the median of the last 5 % of the samples,
/// at least 5, so that one sample's noise is no growth; what lies before the peak is no end. With fewer than
/// Thresholds::fewest_samples there is no warm-up (unless given), and baseline and end are the first and last sample.
struct Levels {
  double start = 0, baseline = 0, end = 0;
  std::size_t baseline_samples = 0;
  std::int64_t baseline_from_ns = 0, baseline_to_ns = 0;
  std::size_t end_samples = 0;  ///< the last ones, whose median `end` is
  Moment peak;
  std::optional<model::Bytes> hwm;
  double last_part = 0;                  ///< median of the last part of the time, of what lies after the peak
  double growth_bytes = 0;               ///< end - baseline
  std::optional<double> growth_percent;  ///< of the baseline; unset when that is 0
};

/// After the peak.
struct Release {
  double retained_bytes = 0;  ///< end - baseline
  /// Of peak - baseline that came back by the end; unset when that is no more than what growth must exceed.
  std::optional<double> share_percent;
  std::optional<double> last_part_percent;    ///< the same, by the last part of the time
  std::optional<std::int64_t> back_after_ns;  ///< from the peak until within the tolerance of the baseline
};

struct CpuFindings {
  double peak_percent = 0, mean_percent = 0, idle_percent = 0;  ///< idle: share of samples below the idle threshold
  std::int64_t peak_at_ns = 0;
};

struct GcFindings {
  std::array<std::int64_t, 3> collections{};
  std::int64_t collected = 0;
};

struct Verdict {
  VerdictKind kind = VerdictKind::too_short;
  double growth_medians_bytes = 0, growth_minima_bytes = 0;  ///< along the fitted lines
  double growth_threshold_bytes = 0;                         ///< the larger of the two thresholds
};

enum class SubjectKind { tree, name, process };
[[nodiscard]] std::string_view text_of(SubjectKind kind);

/// All that is said of the tree, of the processes of one name together, or of one process.
struct Findings {
  SubjectKind kind = SubjectKind::tree;
  std::string name;  ///< "all together" is the presenter's word for the tree: empty there
  std::optional<model::ProcessInfo> process;
  std::size_t processes = 1;
  std::uint64_t samples = 0;
  std::int64_t from_ns = 0, to_ns = 0;  ///< elapsed time of its first and last sample
  Levels levels;
  Release release;
  std::vector<NamedMoment> moments;  ///< in time's order
  std::optional<CpuFindings> cpu;
  std::optional<GcFindings> gc;
  std::optional<Trend> trend;  ///< bytes; unset when too short
  Verdict verdict;
};

/// A subject without samples has none.
[[nodiscard]] std::optional<Findings> find(const MemorySeries& memory, const std::vector<PhaseSpan>& phases,
                                           const Settings& settings);

struct ForecastRow {
  double hours = 0;
  double bytes = 0, lower_bytes = 0, upper_bytes = 0;
  std::optional<double> percent_of_limit;
};

enum class LimitSource { option, cgroup, machine, none };
[[nodiscard]] std::string_view text_of(LimitSource source);

/// Only for a tree that grows. Of the cgroup's working set when there is one that rises too, else of the tree's RSS.
/// `now_bytes` is the last sample.
struct Forecast {
  bool of_cgroup = false;
  double now_bytes = 0;
  double bytes_per_hour = 0, lower_bytes_per_hour = 0, upper_bytes_per_hour = 0;
  LimitSource limit_source = LimitSource::none;
  std::optional<double> limit_bytes;
  /// Hours until the limit: at the slope, at its upper bound (earliest) and at its lower (latest). Unset without limit.
  std::optional<double> hours, earliest_hours, latest_hours;
  std::vector<ForecastRow> rows;  ///< now, 1, 4, 8, 24 h
};

/// One phase of one subject.
struct PhaseFindings {
  PhaseSpan span;
  std::uint64_t samples = 0;
  double before = 0, after = 0;                  ///< first and last level within it
  double delta_bytes = 0, from_start_bytes = 0;  ///< after - before; after - the recording's first level
  double peak = 0;
  std::int64_t peak_at_ns = 0;
  std::optional<double> cpu_peak_percent;
  /// (peak - the recording's end) / (peak - the recording's start): of what this phase's peak added, what had come back
  /// by the end. Negative when the end lies above the peak. Unset when the peak added nothing.
  std::optional<double> recovered_percent;
};

}  // namespace tidemark::analysis
