#include <algorithm>

#include "detail/findings_parts.hpp"
#include "detail/stretch.hpp"

namespace tidemark::analysis {
namespace {

PhaseFindings findings_of(const MemorySeries& memory, const PhaseSpan& span, Stretch stretch) {
  const Series& rss = memory.rss;
  const std::size_t peak = highest_of(rss, stretch);
  PhaseFindings findings;
  findings.span = span;
  findings.samples = stretch.size();
  findings.before = rss.values[stretch.begin];
  findings.after = rss.values[stretch.end - 1];
  findings.delta_bytes = findings.after - findings.before;
  findings.from_start_bytes = findings.after - rss.values.front();
  findings.peak = rss.values[peak];
  findings.peak_at_ns = rss.elapsed_ns[peak];

  const Stretch busy = stretch_of(memory.cpu, span.from_ns, span.to_ns);
  if (!busy.empty()) findings.cpu_peak_percent = memory.cpu.values[highest_of(memory.cpu, busy)];
  const double added = findings.peak - rss.values.front();
  if (added > 0) findings.recovered_percent = 100 * (findings.peak - rss.values.back()) / added;
  return findings;
}

}  // namespace

const PhaseSpan* phase_at(const std::vector<PhaseSpan>& phases, std::int64_t at_ns) {
  const auto holds = [at_ns](const PhaseSpan& span) { return span.from_ns <= at_ns && at_ns <= span.to_ns; };
  const auto found = std::find_if(phases.rbegin(), phases.rend(), holds);
  return found == phases.rend() ? nullptr : &*found;
}

std::vector<PhaseFindings> phases_of(const MemorySeries& memory, const std::vector<PhaseSpan>& phases) {
  std::vector<PhaseFindings> all;
  for (const auto& span : phases) {
    const Stretch stretch = stretch_of(memory.rss, span.from_ns, span.to_ns);
    if (!stretch.empty()) all.push_back(findings_of(memory, span, stretch));
  }
  return all;
}

}  // namespace tidemark::analysis
