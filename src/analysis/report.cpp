#include "tidemark/analysis/report.hpp"

#include <algorithm>

#include "detail/findings_parts.hpp"

namespace tidemark::analysis {
namespace {

bool grew_more(const Findings& a, const Findings& b) { return a.levels.growth_bytes > b.levels.growth_bytes; }

Findings tree_of(const Recording& recording, const std::vector<PhaseSpan>& phases, const Settings& settings) {
  Findings tree = find(recording.tree, phases, settings).value_or(Findings{});
  tree.processes = recording.processes.size();
  return tree;
}

std::vector<Findings> names_of(const Recording& recording, const std::vector<PhaseSpan>& phases,
                               const Settings& settings) {
  std::vector<Findings> names;
  for (const auto& name : recording.names) {
    auto findings = find(recording.memory_of(name), phases, settings);
    if (!findings) continue;
    findings->kind = SubjectKind::name;
    findings->name = name.name;
    findings->processes = name.processes.size();
    if (name.processes.size() == 1) findings->process = recording.processes[name.processes.front()].info;
    names.push_back(std::move(*findings));
  }
  std::stable_sort(names.begin(), names.end(), grew_more);
  return names;
}

struct Described {
  Findings findings;
  const Series* rss = nullptr;
};

/// The single processes of names that have several, largest growth first, without verdicts.
std::vector<Described> described_processes(const Recording& recording, const std::vector<PhaseSpan>& phases,
                                           const Settings& settings) {
  std::vector<Described> all;
  for (const auto& name : recording.names) {
    if (name.processes.size() < 2) continue;
    for (const auto index : name.processes) {
      const ProcessSeries& process = recording.processes[index];
      auto findings = describe(process.memory, phases, settings);
      if (!findings) continue;
      findings->kind = SubjectKind::process;
      findings->name = name.name;
      findings->process = process.info;
      all.push_back({std::move(*findings), &process.memory.rss});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Described& a, const Described& b) { return grew_more(a.findings, b.findings); });
  return all;
}

std::vector<Findings> processes_of(const Recording& recording, const std::vector<PhaseSpan>& phases,
                                   const Settings& settings) {
  std::vector<Findings> processes;
  std::size_t judged = 0;
  for (auto& [findings, rss] : described_processes(recording, phases, settings)) {
    const bool long_enough = findings.samples >= settings.thresholds.fewest_samples;
    if (long_enough && judged >= most_judged_processes) {
      findings.verdict.growth_threshold_bytes = least_change(findings.levels, settings.thresholds);
      findings.verdict.kind = VerdictKind::not_judged;
    } else {
      add_verdict(findings, *rss, settings);
      judged += long_enough ? 1 : 0;
    }
    processes.push_back(std::move(findings));
  }
  return processes;
}

/// Of the tree, then of the names in the order they were found.
std::vector<SubjectPhases> all_phases_of(const Recording& recording, const std::vector<PhaseSpan>& phases,
                                         const std::vector<Findings>& names) {
  std::vector<SubjectPhases> all;
  all.push_back({{}, phases_of(recording.tree, phases)});
  for (const auto& name : names) {
    const auto same = [&name](const NameSeries& series) { return series.name == name.name; };
    const auto series = std::find_if(recording.names.begin(), recording.names.end(), same);
    all.push_back({name.name, phases_of(recording.memory_of(*series), phases)});
  }
  return all;
}

}  // namespace

Report make_report(const Recording& recording, const Settings& settings) {
  const auto& phases = settings.phases.empty() ? recording.phases : settings.phases;
  Report report;
  report.settings = settings;
  report.format = recording.format;
  report.host = recording.host;
  report.boot_id = recording.boot_id;
  report.tool = recording.tool;
  report.kernel = recording.kernel;
  report.started_wall_ns = recording.started_wall_ns;
  report.from_ns = recording.from_ns;
  report.to_ns = recording.to_ns;
  report.ticks = recording.ticks;
  report.suspended_ns = recording.suspended_ns;
  report.end = recording.end;
  report.tree = tree_of(recording, phases, settings);
  report.names = names_of(recording, phases, settings);
  report.processes = processes_of(recording, phases, settings);
  if (!phases.empty()) report.phases = all_phases_of(recording, phases, report.names);
  report.objects = object_growth_of(recording.objects);
  report.forecast = forecast_of(recording, report.tree, settings);
  report.plot = plot_points(recording.tree.rss, most_plot_points);
  return report;
}

}  // namespace tidemark::analysis
