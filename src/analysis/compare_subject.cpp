#include <algorithm>
#include <cmath>
#include <span>

#include "detail/compared_subject.hpp"
#include "detail/order_statistics.hpp"

namespace tidemark::analysis::detail {
namespace {

std::span<const double> values_in(const Series& series, Stretch stretch) {
  return std::span(series.values).subspan(stretch.begin, stretch.size());
}

double highest_value(std::span<const double> values) { return *std::max_element(values.begin(), values.end()); }

/// At most `most_bins` groups of neighbours, each as one value: a night's recording costs what an hour's does.
template <typename Figure>
std::vector<double> grouped(std::span<const double> values, const Figure& figure) {
  const std::size_t groups = std::min(values.size(), most_bins);
  std::vector<double> out;
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t from = group * values.size() / groups;
    const std::size_t to = (group + 1) * values.size() / groups;
    out.push_back(figure(values.subspan(from, to - from)));
  }
  return out;
}

/// The quarter of the samples next to a level, and enough of them to see how they scatter.
std::size_t neighbourhood(std::size_t samples, std::size_t level) {
  constexpr std::size_t share = 4;
  constexpr std::size_t fewest = 60;
  return std::min(samples, std::max({samples / share, fewest, 2 * level}));
}

/// The value that half of the samples are nearer to the level than.
double scatter_around(double level, std::span<const double> samples) {
  std::vector<double> distances;
  for (const double sample : samples) distances.push_back(std::abs(sample - level));
  return median_of(distances);
}

/// How often a series goes away from the level by more than so much.
std::size_t times_away(std::span<const double> samples, double level, double distance) {
  std::size_t times = 0;
  bool away = false;
  for (const double sample : samples) {
    const bool now = std::abs(sample - level) > distance;
    times += now && !away ? 1 : 0;
    away = now;
  }
  return times;
}

/// What lies beyond a jump is another level, and no scatter of this one: a job that begins next to the baseline. A
/// series that goes there and back again many times scatters that much.
class Jumps {
 public:
  Jumps(const Series& series, Stretch whole, Stretch level, Stretch near)
      : all_(values_in(series, whole)),
        near_(values_in(series, near).begin(), values_in(series, near).end()),
        level_(median_of(series, level)) {
    if (level.end == near.end) std::reverse(near_.begin(), near_.end());
    constexpr std::size_t fewest_for_scatter = 15;
    const std::size_t adjacent = std::min(near_.size(), std::max(level.size(), fewest_for_scatter));
    scatter_ = scatter_around(level_, std::span(near_).first(adjacent));
  }

  /// How many of the samples next to the level come before any jump.
  [[nodiscard]] std::size_t samples_before(std::size_t fewest) const {
    std::size_t kept = near_.size();
    for (double reach = farthest(kept); is_jump(reach); reach = farthest(kept)) {
      const auto beyond = [&](double sample) { return std::abs(sample - level_) > reach / 2; };
      const auto jump = std::find_if(near_.begin(), near_.begin() + static_cast<std::ptrdiff_t>(kept), beyond);
      const auto left = static_cast<std::size_t>(jump - near_.begin());
      if (left < fewest) return kept;
      kept = left;
    }
    return kept;
  }

 private:
  [[nodiscard]] double farthest(std::size_t count) const {
    double reach = 0;
    for (const double sample : std::span(near_).first(count)) reach = std::max(reach, std::abs(sample - level_));
    return reach;
  }
  [[nodiscard]] bool is_jump(double reach) const {
    constexpr double scatters = 30;  // of the median distance: 20 standard deviations
    constexpr double smallest_changes = 8;
    constexpr std::size_t fewest_for_a_law = 5;
    if (reach <= std::max(scatters * scatter_, smallest_changes * smallest_change.bytes)) return false;
    return times_away(all_, level_, reach / 2) < fewest_for_a_law;
  }

  std::span<const double> all_;
  std::vector<double> near_;  ///< from the level on outwards
  double level_ = 0, scatter_ = 0;
};

Noise noise_of_growth(const Subject& subject, Dice& dice, std::size_t resamples) {
  const Series& rss = subject.memory->rss;
  const Stretch whole{subject.baseline.begin, subject.rss.end};
  const auto fewest_for = [](Stretch level) { return std::max<std::size_t>(8, level.size()); };

  Stretch beginning{whole.begin, whole.begin + neighbourhood(whole.size(), subject.baseline.size())};
  const Jumps after_baseline(rss, whole, subject.baseline, beginning);
  beginning.end = beginning.begin + after_baseline.samples_before(fewest_for(subject.baseline));

  Stretch ending{whole.end - neighbourhood(whole.size(), subject.end.size()), whole.end};
  const Jumps before_end(rss, whole, subject.end, ending);
  ending.begin = ending.end - before_end.samples_before(fewest_for(subject.end));

  return noise_of_difference(values_in(rss, beginning), subject.baseline.size(), values_in(rss, ending),
                             subject.end.size(), dice, resamples);
}

Noise noise_of_trend(const Subject& subject, Dice& dice, std::size_t resamples) {
  if (!subject.trend) return {};
  const Series bins = cut_into_bins(subject.memory->rss, subject.trend->from_ns, subject.trend->to_ns).medians;
  if (bins.span_ns() <= 0) return {};
  Noise noise = noise_of_slope(bins.values, dice, resamples);
  const double steps = static_cast<double>(bins.size() - 1);
  const double step_hours = static_cast<double>(bins.span_ns()) / 1e9 / steps / seconds_per_hour;
  for (double& error : noise) error /= step_hours;
  return noise;
}

}  // namespace

std::optional<double> Subject::value(CompareMetric metric) const {
  switch (metric) {
    case CompareMetric::peak:
      return peak;
    case CompareMetric::growth:
      return growth;
    case CompareMetric::retained:
      return retained_percent;
    case CompareMetric::slope:
      if (!trend) return std::nullopt;
      return trend->medians.per_hour();
    case CompareMetric::cpu_mean:
      return cpu_mean;
    case CompareMetric::cpu_peak:
      return cpu_peak;
    case CompareMetric::duration:
      return seconds;
  }
  return std::nullopt;
}

Noise Subject::noise(CompareMetric metric, Dice& dice, std::size_t resamples) const {
  if (!long_enough) return {};
  switch (metric) {
    case CompareMetric::peak:
      return noise_of_highest(grouped(values_in(memory->rss, rss), highest_value), dice, resamples);
    case CompareMetric::growth:
      return noise_of_growth(*this, dice, resamples);
    case CompareMetric::retained: {
      Noise noise = above_baseline > 0 ? noise_of_growth(*this, dice, resamples) : Noise{};
      for (double& error : noise) error *= 100 / above_baseline;
      return noise;
    }
    case CompareMetric::slope:
      return noise_of_trend(*this, dice, resamples);
    case CompareMetric::cpu_mean:
      return noise_of_mean(grouped(values_in(memory->cpu, cpu), mean_of), dice, resamples);
    case CompareMetric::cpu_peak:
      return noise_of_highest(grouped(values_in(memory->cpu, cpu), highest_value), dice, resamples);
    case CompareMetric::duration:
      return {};
  }
  return {};
}

Subject whole_of(const Findings& findings, const MemorySeries& memory, const Settings& settings) {
  const Levels& levels = findings.levels;
  Subject subject;
  subject.memory = &memory;
  subject.rss = {0, memory.rss.size()};
  subject.cpu = {0, memory.cpu.size()};
  subject.peak = levels.peak.bytes;
  subject.growth = levels.growth_bytes;
  if (findings.release.share_percent) subject.retained_percent = 100 - *findings.release.share_percent;
  if (findings.cpu) {
    subject.cpu_mean = findings.cpu->mean_percent;
    subject.cpu_peak = findings.cpu->peak_percent;
  }
  subject.seconds = static_cast<double>(findings.to_ns - findings.from_ns) / 1e9;
  subject.trend = findings.trend;
  subject.baseline = stretch_of(memory.rss, levels.baseline_from_ns, levels.baseline_to_ns);
  subject.end = {memory.rss.size() - levels.end_samples, memory.rss.size()};
  subject.above_baseline = levels.peak.bytes - levels.baseline;
  subject.long_enough = findings.samples >= settings.thresholds.fewest_samples;
  return subject;
}

Subject phase_of(const PhaseFindings& findings, const MemorySeries& memory, const Settings& settings) {
  Subject subject;
  subject.memory = &memory;
  subject.rss = stretch_of(memory.rss, findings.span.from_ns, findings.span.to_ns);
  subject.cpu = stretch_of(memory.cpu, findings.span.from_ns, findings.span.to_ns);
  subject.peak = findings.peak;
  subject.growth = findings.delta_bytes;
  if (!subject.cpu.empty()) subject.cpu_mean = mean_of(values_in(memory.cpu, subject.cpu));
  subject.cpu_peak = findings.cpu_peak_percent;
  subject.seconds = static_cast<double>(findings.span.to_ns - findings.span.from_ns) / 1e9;
  subject.baseline = {subject.rss.begin, subject.rss.begin + 1};
  subject.end = {subject.rss.end - 1, subject.rss.end};
  subject.long_enough = findings.samples >= settings.thresholds.fewest_samples;
  if (subject.long_enough) subject.trend = find_trend(memory.rss, findings.span.from_ns, findings.span.to_ns);
  return subject;
}

}  // namespace tidemark::analysis::detail
