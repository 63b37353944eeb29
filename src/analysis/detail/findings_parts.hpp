// Purpose: the steps from a series to its findings, each a function of what came before. `find()` and make_report()
// put them together. A series here is never empty.
#pragma once

#include <vector>

#include "tidemark/analysis/findings.hpp"

namespace tidemark::analysis {

/// All but the trend and the verdict.
[[nodiscard]] std::optional<Findings> describe(const MemorySeries& memory, const std::vector<PhaseSpan>& phases,
                                               const Settings& settings);
/// Adds trend and verdict to what describe() said of the same series.
void add_verdict(Findings& findings, const Series& rss, const Settings& settings);

/// The phase that holds this time; null when none does. At a border the phase that begins there.
[[nodiscard]] const PhaseSpan* phase_at(const std::vector<PhaseSpan>& phases, std::int64_t at_ns);
[[nodiscard]] Moment moment_at(const MemorySeries& memory, std::size_t index, const std::vector<PhaseSpan>& phases);

/// Where the trend begins: after the warm-up.
[[nodiscard]] std::int64_t warm_up_end_ns(const Series& rss, const Settings& settings);
[[nodiscard]] Levels levels_of(const MemorySeries& memory, const std::vector<PhaseSpan>& phases,
                               const Settings& settings);

/// What a change of level must exceed: the larger of the two growth thresholds.
[[nodiscard]] double least_change(const Levels& levels, const Thresholds& thresholds);
/// Does the peak stand out of the baseline by more than that?
[[nodiscard]] bool has_peak(const Levels& levels, const Thresholds& thresholds);

[[nodiscard]] Release release_of(const Series& rss, const Levels& levels, const Thresholds& thresholds);
[[nodiscard]] std::vector<NamedMoment> moments_of(const MemorySeries& memory, const Levels& levels,
                                                  const std::vector<PhaseSpan>& phases, const Thresholds& thresholds);
[[nodiscard]] std::optional<CpuFindings> cpu_of(const Series& cpu, const Thresholds& thresholds);
[[nodiscard]] std::optional<GcFindings> gc_of(const MemorySeries& memory);
[[nodiscard]] Verdict verdict_of(const Findings& findings, const Thresholds& thresholds);

/// Those of `phases` in which the series has samples.
[[nodiscard]] std::vector<PhaseFindings> phases_of(const MemorySeries& memory, const std::vector<PhaseSpan>& phases);

/// nullopt unless the tree is growing.
[[nodiscard]] std::optional<Forecast> forecast_of(const Recording& recording, const Findings& tree,
                                                  const Settings& settings);

/// At most `most` points: the first, the last, and the highest and lowest of each stretch between.
[[nodiscard]] Series plot_points(const Series& series, std::size_t most);

}  // namespace tidemark::analysis
