#include <algorithm>

#include "detail/findings_parts.hpp"
#include "detail/stretch.hpp"

namespace tidemark::analysis {
namespace {

/// A plateau creeps: its begin is the peak a person points at, not the highest sample far along it.
std::size_t begin_of_peak(const Series& rss, const Levels& levels) {
  constexpr double plateau_share = 0.001;
  const double near = levels.peak.bytes * (1 - plateau_share);
  const auto first = std::find_if(rss.values.begin(), rss.values.end(), [near](double one) { return one >= near; });
  return static_cast<std::size_t>(first - rss.values.begin());
}

/// The last sample of a window before which nearly nothing of its rise has happened: where a jump begins.
std::size_t begin_of_rise(const Series& rss, Stretch window) {
  constexpr double nearly_nothing = 0.05;
  const double low = rss.values[window.begin];
  const double still_low = low + nearly_nothing * (rss.values[window.end - 1] - low);
  std::size_t begin = window.end - 1;
  while (begin > window.begin && rss.values[begin] > still_low) --begin;
  return begin;
}

/// Where the largest rise within a hundredth of the time begins; a single step may be longer.
std::optional<std::size_t> steepest_rise(const Series& rss) {
  constexpr std::int64_t window_share = 100;
  const std::int64_t window_ns = rss.span_ns() / window_share;
  Stretch steepest;
  double most = 0;
  std::size_t to = 0;
  for (std::size_t from = 0; from + 1 < rss.size(); ++from) {
    to = std::max(to, from + 1);
    while (to + 1 < rss.size() && rss.elapsed_ns[to + 1] - rss.elapsed_ns[from] <= window_ns) ++to;
    const double rise = rss.values[to] - rss.values[from];
    if (rise <= most) continue;
    most = rise;
    steepest = {from, to + 1};
  }
  if (steepest.empty()) return std::nullopt;
  return begin_of_rise(rss, steepest);
}

/// After the peak: idle, and the memory still there.
std::optional<std::size_t> hold_after(const MemorySeries& memory, std::size_t peak, const Levels& levels,
                                      const Thresholds& thresholds) {
  const double added = levels.peak.bytes - levels.baseline;
  const double still = levels.peak.bytes - added * thresholds.tolerance_percent / 100;
  for (std::size_t i = peak + 1; i < memory.rss.size() && memory.rss.values[i] >= still; ++i) {
    const auto cpu = value_at(memory.cpu, memory.rss.elapsed_ns[i]);
    if (cpu && *cpu < thresholds.idle_cpu_percent) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> release_after(const Series& rss, std::size_t peak, const Levels& levels) {
  const double half = (levels.peak.bytes + levels.baseline) / 2;
  for (std::size_t i = peak + 1; i < rss.size(); ++i) {
    if (rss.values[i] <= half) return i;
  }
  return std::nullopt;
}

struct Candidate {
  MomentKind kind;
  std::size_t index;
};

/// In time's order; of several at one sample the one named first stays.
std::vector<Candidate> in_order(const std::vector<Candidate>& named) {
  std::vector<Candidate> kept;
  for (const auto& one : named) {
    const auto same = [&one](const Candidate& other) { return other.index == one.index; };
    if (std::none_of(kept.begin(), kept.end(), same)) kept.push_back(one);
  }
  std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return kept;
}

}  // namespace

Moment moment_at(const MemorySeries& memory, std::size_t index, const std::vector<PhaseSpan>& phases) {
  Moment moment;
  moment.at_ns = memory.rss.elapsed_ns[index];
  moment.bytes = memory.rss.values[index];
  moment.cpu_percent = value_at(memory.cpu, moment.at_ns);
  if (const auto* phase = phase_at(phases, moment.at_ns)) moment.phase = phase->label;
  return moment;
}

std::vector<NamedMoment> moments_of(const MemorySeries& memory, const Levels& levels,
                                    const std::vector<PhaseSpan>& phases, const Thresholds& thresholds) {
  const std::size_t peak = begin_of_peak(memory.rss, levels);
  std::vector<Candidate> named{{MomentKind::peak, peak}};
  if (has_peak(levels, thresholds)) {
    if (const auto hold = hold_after(memory, peak, levels, thresholds)) named.push_back({MomentKind::hold, *hold});
    if (const auto release = release_after(memory.rss, peak, levels)) named.push_back({MomentKind::release, *release});
  }
  named.push_back({MomentKind::start, 0});
  if (has_peak(levels, thresholds)) {
    if (const auto rise = steepest_rise(memory.rss)) named.push_back({MomentKind::steepest_rise, *rise});
  }
  named.push_back({MomentKind::end, memory.rss.size() - 1});

  std::vector<NamedMoment> moments;
  for (const auto& one : in_order(named)) moments.push_back({one.kind, moment_at(memory, one.index, phases)});
  return moments;
}

}  // namespace tidemark::analysis
