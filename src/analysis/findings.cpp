#include "tidemark/analysis/findings.hpp"

#include "detail/findings_parts.hpp"

namespace tidemark::analysis {

std::string_view text_of(MomentKind kind) {
  switch (kind) {
    case MomentKind::start:
      return "start";
    case MomentKind::steepest_rise:
      return "steepest rise";
    case MomentKind::peak:
      return "peak";
    case MomentKind::hold:
      return "hold";
    case MomentKind::release:
      return "release";
    case MomentKind::end:
      return "end";
  }
  return {};
}

std::string_view text_of(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::growing:
      return "growing";
    case VerdictKind::peak_released:
      return "peak_released";
    case VerdictKind::peak_retained:
      return "peak_retained";
    case VerdictKind::partly_released:
      return "partly_released";
    case VerdictKind::steady:
      return "steady";
    case VerdictKind::too_short:
      return "too_short";
    case VerdictKind::not_judged:
      return "not_judged";
  }
  return {};
}

std::string_view text_of(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::tree:
      return "tree";
    case SubjectKind::name:
      return "name";
    case SubjectKind::process:
      return "process";
  }
  return {};
}

std::string_view text_of(LimitSource source) {
  switch (source) {
    case LimitSource::option:
      return "option";
    case LimitSource::cgroup:
      return "cgroup";
    case LimitSource::machine:
      return "machine";
    case LimitSource::none:
      return "none";
  }
  return {};
}

std::optional<Findings> describe(const MemorySeries& memory, const std::vector<PhaseSpan>& phases,
                                 const Settings& settings) {
  if (memory.rss.empty()) return std::nullopt;
  Findings findings;
  findings.samples = memory.rss.size();
  findings.from_ns = memory.rss.elapsed_ns.front();
  findings.to_ns = memory.rss.elapsed_ns.back();
  findings.levels = levels_of(memory, phases, settings);
  findings.release = release_of(memory.rss, findings.levels, settings.thresholds);
  findings.moments = moments_of(memory, findings.levels, phases, settings.thresholds);
  findings.cpu = cpu_of(memory.cpu, settings.thresholds);
  findings.gc = gc_of(memory);
  return findings;
}

void add_verdict(Findings& findings, const Series& rss, const Settings& settings) {
  if (findings.samples >= settings.thresholds.fewest_samples)
    findings.trend = find_trend(rss, warm_up_end_ns(rss, settings), rss.elapsed_ns.back());
  findings.verdict = verdict_of(findings, settings.thresholds);
}

std::optional<Findings> find(const MemorySeries& memory, const std::vector<PhaseSpan>& phases,
                             const Settings& settings) {
  auto findings = describe(memory, phases, settings);
  if (findings) add_verdict(*findings, memory.rss, settings);
  return findings;
}

}  // namespace tidemark::analysis
