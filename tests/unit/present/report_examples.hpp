// Purpose: reports built by hand, as the presenters meet them.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "report_example_parts.hpp"
#include "tidemark/present/report.hpp"

namespace tidemark::present::examples {

/// Half an hour of a web server and two workers; one worker leaks, four phases, a forecast and rules.
inline ReportView growing() {
  constexpr std::int64_t to_ns = 1800 * second;
  using analysis::SubjectKind;
  using analysis::VerdictKind;
  ReportView view = head("uvicorn_leak.jsonl", to_ns);
  view.notes = {"3 rows had the wrong number of cells: lines 12, 13 and 907."};
  auto& report = view.report;
  report.end = end_of_recording();
  report.suspended_ns = 90 * second;
  report.ticks.incomplete = 1;

  report.tree = findings(SubjectKind::tree, "", {96.2, 101.3, 108.9, 108.9}, VerdictKind::growing, to_ns);
  report.tree.processes = 3;
  report.tree.trend = trend(15.2, 14.1, 16.3, to_ns);
  report.tree.verdict.growth_medians_bytes = report.tree.trend->growth_medians;
  report.tree.verdict.growth_minima_bytes = report.tree.trend->growth_minima;
  report.tree.trend->period_ns = 90 * second;
  report.tree.levels.peak.phase = "soak";
  report.tree.levels.peak.at_ns = 1799 * second;
  report.tree.cpu = analysis::CpuFindings{
      .peak_percent = 188.2, .mean_percent = 43.125, .idle_percent = 61.3, .peak_at_ns = 75 * second};
  report.tree.gc = analysis::GcFindings{.collections = {231, 20, 1}, .collected = 1530};
  report.tree.moments = {
      {analysis::MomentKind::start, {.at_ns = 0, .bytes = 96.2 * mb, .cpu_percent = 69.9, .phase = ""}},
      {analysis::MomentKind::steepest_rise,
       {.at_ns = 62 * second + second / 2, .bytes = 99.8 * mb, .cpu_percent = 78.7, .phase = "warm up"}},
      {analysis::MomentKind::peak, {.at_ns = 1799 * second, .bytes = 108.9 * mb, .cpu_percent = {}, .phase = "soak"}},
      {analysis::MomentKind::end, {.at_ns = 1800 * second, .bytes = 108.9 * mb, .cpu_percent = 0, .phase = "soak"}}};

  report.names = {findings(SubjectKind::name, "celery", {50, 55, 62.6, 62.6}, VerdictKind::growing, to_ns),
                  findings(SubjectKind::name, "uvicorn", {46.2, 46.3, 46.4, 46.3}, VerdictKind::steady, to_ns)};
  report.names[0].processes = 2;
  report.names[0].trend = trend(15.2, 14.0, 16.2, to_ns);
  report.names[1].trend = trend(0.02, -0.1, 0.15, to_ns);
  set_process(report.names[1], 4711);
  report.names[1].levels.hwm = static_cast<model::Bytes>(47 * mb);
  report.processes = {findings(SubjectKind::process, "celery", {25, 27, 34.5, 34.5}, VerdictKind::growing, to_ns),
                      findings(SubjectKind::process, "celery", {25, 28, 28.1, 28.1}, VerdictKind::steady, to_ns)};
  set_process(report.processes[0], 4951);
  set_process(report.processes[1], 4952);

  report.phases = {{.name = "", .phases = {}}, {.name = "celery", .phases = {}}};
  report.phases[0].phases = {phase("warm up", 60, 180, 98, 101, 101.5), phase("job 1", 180, 600, 101, 103, 104),
                             phase("job 2", 600, 1200, 103, 105.5, 106),
                             phase("soak", 1200, 1800, 105.5, 108.9, 108.9)};
  report.phases[0].phases[1].span.fields = {{"file", "short.wav"}, {"model", "small"}};
  report.phases[0].phases[3].recovered_percent = std::nullopt;
  report.phases[1].phases = {phase("job 1", 180, 600, 55, 57, 58)};
  report.objects = objects();
  report.forecast = forecast();
  for (std::int64_t i = 0; i <= 360; ++i) {
    const double wave = 0.8 * std::sin(static_cast<double>(i) / 3.0);
    report.plot.add(i * 5 * second, (96.2 + 12.7 * static_cast<double>(i) / 360 + wave) * mb);
  }
  const analysis::Rule growth{.text = "growth>5MB",
                              .subject = "",
                              .metric = analysis::RuleMetric::growth,
                              .comparison = analysis::Comparison::above,
                              .unit = analysis::RuleUnit::bytes,
                              .limit = 5 * mb,
                              .verdict = {}};
  analysis::Rule absent = growth;
  absent.text = "rq:growth>5MB";
  absent.subject = "rq";
  view.rules = {{.rule = growth, .subject = "", .broken = true, .value = 7.6 * mb},
                {.rule = growth, .subject = "celery", .broken = true, .value = 7.6 * mb},
                {.rule = growth, .subject = "uvicorn", .value = 0},
                {.rule = absent, .subject = "rq", .undecided = true, .absent = true}};
  return view;
}

/// The worker of the fix-verification seed: 473.8 MB, a peak of 3590.2 MB, and back.
inline ReportView peak_released() {
  constexpr std::int64_t to_ns = 730 * second;
  ReportView view = head("system_resources_20251209_234204.csv", to_ns);
  auto& report = view.report;
  report.format = model::RecordedFormat::foreign_csv;
  report.host = report.boot_id = report.tool = report.kernel = "";
  report.ticks.counted_by_recorder = false;
  report.tree = findings(analysis::SubjectKind::tree, "", {473.8, 101.3, 3590.3, 171.1},
                         analysis::VerdictKind::peak_released, to_ns);
  report.tree.trend = trend(-3.5, -20, 4.2, to_ns);
  report.tree.levels.peak = {
      .at_ns = 12970 * second / 1000, .bytes = 3590.3 * mb, .cpu_percent = 408.9, .phase = "long audio"};
  report.tree.release = {
      .retained_bytes = 69.8 * mb, .share_percent = 98, .last_part_percent = 98.4, .back_after_ns = 14 * second};
  report.tree.cpu =
      analysis::CpuFindings{.peak_percent = 408.9, .mean_percent = 31, .idle_percent = 70, .peak_at_ns = 13 * second};
  report.names = {report.tree};
  report.names[0].kind = analysis::SubjectKind::name;
  report.names[0].name = "rq";
  report.names[0].levels.hwm = static_cast<model::Bytes>(3601.2 * mb);
  set_process(report.names[0], 4951);
  report.names[0].moments = {
      {analysis::MomentKind::start, {.at_ns = 0, .bytes = 473.8 * mb, .cpu_percent = 69.9, .phase = ""}},
      {analysis::MomentKind::steepest_rise,
       {.at_ns = 2500 * second / 1000, .bytes = 588.8 * mb, .cpu_percent = 78.7, .phase = ""}},
      {analysis::MomentKind::peak, report.tree.levels.peak},
      {analysis::MomentKind::hold, {.at_ns = 14 * second, .bytes = 3590.3 * mb, .cpu_percent = 0, .phase = ""}},
      {analysis::MomentKind::release, {.at_ns = 27 * second, .bytes = 240 * mb, .cpu_percent = 0, .phase = ""}}};
  report.plot.add(0, 473.8 * mb);
  report.plot.add(12 * second, 1000 * mb);
  report.plot.add(13 * second, 3590.3 * mb);
  report.plot.add(26 * second, 3590.3 * mb);
  report.plot.add(27 * second, 240 * mb);
  report.plot.add(to_ns, 171.1 * mb);
  analysis::Rule rule;
  rule.text = "retained>30%";
  view.rules = {{.rule = rule, .subject = ""}, {.rule = rule, .subject = "rq"}};
  return view;
}

inline ReportView too_short() {
  constexpr std::int64_t to_ns = 12 * second;
  ReportView view = head("short.jsonl", to_ns);
  auto& report = view.report;
  report.tree =
      findings(analysis::SubjectKind::tree, "", {13.2, 13.2, 13.3, 13.3}, analysis::VerdictKind::too_short, to_ns);
  report.tree.levels.baseline_samples = 1;
  report.tree.levels.baseline_from_ns = report.tree.levels.baseline_to_ns = 0;
  report.names = {report.tree};
  report.names[0].kind = analysis::SubjectKind::name;
  report.names[0].name = "app.py";
  set_process(report.names[0], 812);
  analysis::Rule rule;
  rule.text = "slope>5MB/h";
  rule.metric = analysis::RuleMetric::slope;
  rule.unit = analysis::RuleUnit::bytes_per_hour;
  view.rules = {{.rule = rule, .subject = "", .undecided = true},
                {.rule = rule, .subject = "app.py", .undecided = true}};
  return view;
}

inline ReportView empty() {
  ReportView view;
  view.file = "nothing.csv";
  view.files = {"nothing.csv"};
  view.report.tree.samples = 0;
  view.report.tree.processes = 0;
  return view;
}

/// A night of 1000 workers that were recycled, and a few of them kept what they had.
inline ReportView recycled() {
  constexpr std::int64_t to_ns = 8 * 3600 * second;
  using analysis::SubjectKind;
  using analysis::VerdictKind;
  ReportView view = head("night.jsonl", to_ns);
  auto& report = view.report;
  report.tree = findings(SubjectKind::tree, "", {800, 812, 1290.5, 815.3}, VerdictKind::steady, to_ns);
  report.tree.processes = 1001;
  report.tree.trend = trend(0.3, -0.2, 0.9, to_ns);
  report.names = {findings(SubjectKind::name, "celery", {700, 710, 1188, 713}, VerdictKind::steady, to_ns),
                  findings(SubjectKind::name, "gunicorn", {100, 102, 102.5, 102.3}, VerdictKind::steady, to_ns)};
  report.names[0].processes = 1000;
  set_process(report.names[1], 1);
  for (base::Pid i = 0; i < 1000; ++i) {
    const VerdictKind verdict = i < 3 ? VerdictKind::growing : i < 200 ? VerdictKind::steady : VerdictKind::not_judged;
    const double end = i < 3 ? 300.0 - i : 100;
    report.processes.push_back(findings(SubjectKind::process, "celery", {90, 100, end, end}, verdict, 480 * second));
    if (i < 3) report.processes.back().trend = trend(1500, 1400, 1600, 480 * second);
    set_process(report.processes.back(), 100000 + i);
  }
  report.phases = {{.name = "", .phases = {}}};
  for (std::int64_t i = 0; i < 48; ++i) {
    report.phases[0].phases.push_back(
        phase("job " + std::to_string(i), i * 600, (i + 1) * 600, 812, 813, 900 + static_cast<double>(i % 7) * 50));
  }
  for (std::int64_t i = 0; i < 2000; ++i) {
    report.plot.add(to_ns / 1999 * i, (i % 41 == 7 ? 1290.5 : 810 + static_cast<double>(i % 5)) * mb);
  }
  return view;
}

/// Names that try to drive the terminal or the Markdown, and sizes no desk has.
inline ReportView hostile() {
  ReportView view = growing();
  auto& report = view.report;
  const std::string long_name = "a_worker_with_a_name_that_no_table_can_hold_and_that_goes_on_for_a_while.py";
  report.names[0].name = "\x1b[31m|`evil`|" + long_name;
  report.names[1].name = "ワーカー_" + long_name;
  report.tree.levels.start = report.tree.levels.baseline = 25600.4 * mb;
  report.tree.levels.peak.bytes = report.tree.levels.end = 1234567.8 * mb;
  report.tree.levels.growth_bytes = report.tree.levels.end - report.tree.levels.baseline;
  report.tree.levels.peak.phase = report.names[1].name;
  report.host = std::string(200, 'h');
  view.file = std::string(300, 'f') + ".csv";
  view.notes = {"One word: " + std::string(120, 'w'), "Control \x1b[2J bytes and \xff."};
  for (auto& phase : report.phases[0].phases) {
    phase.span.label = report.names[1].name;
    phase.span.fields = {{"key", std::string(200, 'v')}, {"`|`", "|"}};
    phase.before = phase.after = phase.peak = 25600.4 * mb;
    phase.delta_bytes = -25600.4 * mb;
  }
  report.objects[0].name = report.names[0].name;
  report.objects[0].types[1].type = "\x1b[31m|`evil`|\n" + std::string(300, 't');
  report.objects[0].types[0].growth = {.objects = 1e15, .bytes = 1234567.8 * mb, .held_bytes = 0};
  view.rules[1].subject = report.names[0].name;
  view.rules[3].rule.text = std::string(200, 'r');
  return view;
}

}  // namespace tidemark::present::examples
