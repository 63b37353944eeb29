#include "detail/findings_parts.hpp"

namespace tidemark::analysis {

Verdict verdict_of(const Findings& findings, const Thresholds& thresholds) {
  Verdict verdict;
  verdict.growth_threshold_bytes = least_change(findings.levels, thresholds);
  if (!findings.trend) return verdict;  // too short

  const Trend& trend = *findings.trend;
  verdict.growth_medians_bytes = trend.growth_medians;
  verdict.growth_minima_bytes = trend.growth_minima;
  if (is_growing(trend, verdict.growth_threshold_bytes)) {
    verdict.kind = VerdictKind::growing;
  } else if (!findings.release.last_part_percent) {
    verdict.kind = VerdictKind::steady;
  } else if (*findings.release.last_part_percent >= thresholds.released_percent) {
    verdict.kind = VerdictKind::peak_released;
  } else if (*findings.release.last_part_percent < thresholds.retained_percent) {
    verdict.kind = VerdictKind::peak_retained;
  } else {
    verdict.kind = VerdictKind::partly_released;
  }
  return verdict;
}

}  // namespace tidemark::analysis
