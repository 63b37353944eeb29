#include "detail/findings_parts.hpp"
#include "detail/stretch.hpp"

namespace tidemark::analysis {

Release release_of(const Series& rss, const Levels& levels, const Thresholds& thresholds) {
  Release release;
  release.retained_bytes = levels.growth_bytes;
  if (!has_peak(levels, thresholds)) return release;

  const double added = levels.peak.bytes - levels.baseline;
  release.share_percent = 100 * (levels.peak.bytes - levels.end) / added;
  release.last_part_percent = 100 * (levels.peak.bytes - levels.last_part) / added;

  const double back_below = levels.baseline + added * thresholds.tolerance_percent / 100;
  const Stretch after = stretch_of(rss, levels.peak.at_ns, rss.elapsed_ns.back());
  for (std::size_t i = after.begin; i < after.end; ++i) {
    if (rss.values[i] > back_below) continue;
    release.back_after_ns = rss.elapsed_ns[i] - levels.peak.at_ns;
    break;
  }
  return release;
}

}  // namespace tidemark::analysis
