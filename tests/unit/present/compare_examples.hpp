// Purpose: comparisons built by hand, as the presenters meet them.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report_example_parts.hpp"

namespace tidemark::present::examples {

inline analysis::MetricChange change(analysis::CompareMetric metric, std::optional<double> before,
                                     std::optional<double> after, analysis::Change judged) {
  analysis::MetricChange out;
  out.metric = metric;
  out.before = before;
  out.after = after;
  if (metric != analysis::CompareMetric::retained && before && after && *before > 0 && *after > 0)
    out.ratio = *before / *after;
  if (before && after && judged != analysis::Change::not_judged) {
    out.lower = *after - *before - 2;
    out.upper = *after - *before + 2;
  }
  out.change = judged;
  return out;
}

inline analysis::MetricChange growth_change(double before_mb, double after_mb, analysis::Change judged) {
  analysis::MetricChange out = change(analysis::CompareMetric::growth, before_mb * mb, after_mb * mb, judged);
  out.no_growth_after = before_mb > 0 && after_mb <= 0;
  if (out.lower) {
    out.lower = (after_mb - before_mb - 1.5) * mb;
    out.upper = (after_mb - before_mb + 1.5) * mb;
  }
  return out;
}

/// The fix-verification seed: a worker that kept 3867.3 MB, and one that gives it back; a helper that only AFTER has.
inline CompareView the_fix() {
  using analysis::Change;
  using analysis::CompareMetric;
  using analysis::SubjectKind;
  using analysis::VerdictKind;
  constexpr std::int64_t to_ns = 730 * second;
  CompareView view;
  view.before_file = "before.csv";
  view.after_file = "after.csv";
  auto& compared = view.compared;
  compared.before.tree = findings(SubjectKind::tree, "", {600, 632.7, 4500, 4500}, VerdictKind::peak_retained, to_ns);
  compared.before.tree.release.last_part_percent = 0;
  compared.after.tree = findings(SubjectKind::tree, "", {13.2, 12.4, 3590.2, 13.3}, VerdictKind::peak_released, to_ns);
  compared.after.tree.release.last_part_percent = 100;
  compared.after.tree.release.back_after_ns = 127 * second;

  std::vector<analysis::MetricChange> metrics{change(CompareMetric::peak, 4500 * mb, 3590.2 * mb, Change::unclear),
                                              growth_change(3867.3, 0.9, Change::better),
                                              change(CompareMetric::retained, 100, 0.03, Change::better),
                                              change(CompareMetric::slope, 310.5 * mb, -0.001 * mb, Change::unclear),
                                              change(CompareMetric::cpu_mean, 31.25, 33, Change::unclear),
                                              change(CompareMetric::cpu_peak, 390, 408.9, Change::worse),
                                              change(CompareMetric::duration, 730, 725, Change::not_judged)};
  metrics[3].no_growth_after = true;
  compared.subjects = {{.name = "", .phase = "", .metrics = metrics},
                       {.name = "rq", .phase = "", .metrics = metrics},
                       {.name = "helper.py",
                        .phase = "",
                        .only_after = true,
                        .metrics = {change(CompareMetric::peak, std::nullopt, 20 * mb, Change::not_judged),
                                    change(CompareMetric::growth, std::nullopt, 0, Change::not_judged)}}};
  compared.phases = {{.name = "",
                      .phase = "long audio",
                      .metrics = {change(CompareMetric::peak, 4500 * mb, 3590.2 * mb, Change::unclear),
                                  growth_change(3867.3, 0.9, Change::better),
                                  change(CompareMetric::duration, 126.6, 120, Change::not_judged)}}};
  analysis::Rule rule;
  rule.text = "growth>20MB";
  view.rules = {{.rule = rule, .subject = ""}, {.rule = rule, .subject = "rq"}};
  return view;
}

/// Names and files that are long, wide and hostile.
inline CompareView hostile_comparison() {
  CompareView view = the_fix();
  const std::string long_name = "a_worker_with_a_name_that_no_table_can_hold_and_that_goes_on_for_a_while.py";
  view.before_file = std::string(200, 'b');
  view.after_file = "\x1b[2J" + std::string(200, 'a');
  view.notes = {"One word: " + std::string(120, 'w')};
  view.compared.subjects[1].name = "ワーカー|`evil`|" + long_name;
  view.compared.subjects[2].name = "\x1b[31m" + long_name;
  view.compared.phases[0].phase = "ワーカー" + long_name;
  for (auto& metric : view.compared.subjects[1].metrics) {
    metric.before = 1e13;
    metric.after = -1e13;
  }
  return view;
}

}  // namespace tidemark::present::examples
