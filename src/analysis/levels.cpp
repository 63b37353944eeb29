#include <algorithm>

#include "detail/findings_parts.hpp"
#include "detail/stretch.hpp"

namespace tidemark::analysis {
namespace {

// The share of the samples whose median is a level, and how many it takes at least.
constexpr std::size_t level_share = 20;  // a 20th: 5 %
constexpr std::size_t fewest_for_a_level = 5;

std::size_t level_samples(std::size_t of) {
  return std::min(of, std::max(fewest_for_a_level, (of + level_share - 1) / level_share));
}

bool is_short(const Series& rss, const Settings& settings) { return rss.size() < settings.thresholds.fewest_samples; }

/// The first span of this label in which the series has samples.
std::optional<Stretch> stretch_of_phase(const Series& rss, const std::vector<PhaseSpan>& phases,
                                        const std::string& label) {
  for (const auto& span : phases) {
    if (span.label != label) continue;
    const Stretch stretch = stretch_of(rss, span.from_ns, span.to_ns);
    if (!stretch.empty()) return stretch;
  }
  return std::nullopt;
}

Stretch baseline_stretch(const Series& rss, const std::vector<PhaseSpan>& phases, const Settings& settings) {
  if (!settings.baseline_phase.empty()) {
    if (const auto stretch = stretch_of_phase(rss, phases, settings.baseline_phase)) return *stretch;
  }
  constexpr Stretch first_sample{0, 1};
  if (is_short(rss, settings) && !settings.warm_up_ns) return first_sample;
  const Stretch after = stretch_of(rss, warm_up_end_ns(rss, settings), rss.elapsed_ns.back());
  if (after.empty()) return first_sample;  // it did not live as long as the warm-up
  return {after.begin, after.begin + level_samples(after.size())};
}

/// The samples from `begin` on that lie after the peak, and enough of them to tell a level from noise.
Stretch tail(const Series& rss, std::size_t begin, std::size_t peak, std::size_t fewest) {
  return {std::min(std::max(begin, peak), rss.size() - fewest), rss.size()};
}

void set_tail_levels(Levels& levels, const Series& rss, std::size_t peak, const Settings& settings) {
  const std::size_t fewest = is_short(rss, settings) ? 1 : fewest_for_a_level;
  const std::size_t of_end = is_short(rss, settings) ? 1 : level_samples(rss.size());
  const Stretch end = tail(rss, rss.size() - of_end, peak, std::min(fewest, rss.size()));
  levels.end = median_of(rss, end);
  levels.end_samples = end.size();

  const double last_part = settings.thresholds.last_part_percent / 100;
  const auto last_part_ns = static_cast<std::int64_t>(static_cast<double>(rss.span_ns()) * last_part);
  const Stretch part = stretch_of(rss, rss.elapsed_ns.back() - last_part_ns, rss.elapsed_ns.back());
  levels.last_part = median_of(rss, tail(rss, part.begin, peak, std::min(fewest, rss.size())));
}

}  // namespace

std::int64_t warm_up_end_ns(const Series& rss, const Settings& settings) {
  constexpr std::int64_t warm_up_share = 10;
  return rss.elapsed_ns.front() + settings.warm_up_ns.value_or(rss.span_ns() / warm_up_share);
}

Levels levels_of(const MemorySeries& memory, const std::vector<PhaseSpan>& phases, const Settings& settings) {
  const Series& rss = memory.rss;
  const std::size_t peak = highest_of(rss, {0, rss.size()});
  const Stretch baseline = baseline_stretch(rss, phases, settings);

  Levels levels;
  levels.start = rss.values.front();
  levels.baseline = median_of(rss, baseline);
  levels.baseline_samples = baseline.size();
  levels.baseline_from_ns = rss.elapsed_ns[baseline.begin];
  levels.baseline_to_ns = rss.elapsed_ns[baseline.end - 1];
  levels.peak = moment_at(memory, peak, phases);
  levels.hwm = memory.hwm;
  set_tail_levels(levels, rss, peak, settings);
  levels.growth_bytes = levels.end - levels.baseline;
  if (levels.baseline > 0) levels.growth_percent = 100 * levels.growth_bytes / levels.baseline;
  return levels;
}

double least_change(const Levels& levels, const Thresholds& thresholds) {
  return std::max(levels.baseline * thresholds.growth_percent / 100, thresholds.growth_bytes);
}

bool has_peak(const Levels& levels, const Thresholds& thresholds) {
  return levels.peak.bytes - levels.baseline > least_change(levels, thresholds);
}

}  // namespace tidemark::analysis
