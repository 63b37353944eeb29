// Purpose: `--fail-on`: a rule as a value, and whether a report breaks it.
//
// So that noise fails no CI run, `slope>5MB/h` is broken only when the subject's trend rises (medians and minima,
// beyond chance) and the estimate is above the limit; `slope<…` only when the whole 95 % interval is below it. The
// percentage of `growth` is of the baseline; that of `retained` is the share of peak - baseline that is still there at
// the end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tidemark/analysis/report.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::analysis {

enum class RuleMetric { growth, slope, retained, peak, verdict, cpu_peak };
enum class RuleUnit { bytes, percent, bytes_per_hour, verdict };
enum class Comparison { above, at_least, below, at_most, equal };

/// `growth>20MB`, `growth>10%`, `slope>5MB/h`, `retained>30%`, `peak>2GB`, `verdict=growing`, `cpu_peak>300%`; with
/// `NAME:` in front only of processes of that name (`celery:growth>20MB`; the last ':' before the metric counts), else
/// of every name and the tree. `>=` and `<=` too; blanks around all parts; '-', '_' and ' ' are one in names of metrics
/// and verdicts. A limit needs its unit (0 does not); rates are per s, min, h or day.
struct Rule {
  std::string text;     ///< as the user wrote it
  std::string subject;  ///< a process name; empty: every name and the tree
  RuleMetric metric = RuleMetric::growth;
  Comparison comparison = Comparison::above;
  RuleUnit unit = RuleUnit::bytes;
  double limit = 0;  ///< bytes, percent or bytes per hour
  VerdictKind verdict = VerdictKind::growing;
};

/// Errors: usage, with what is wrong in `detail` ("no metric 'grwth'; there are growth, slope, …").
[[nodiscard]] base::Result<Rule> parse_rule(std::string_view text);

/// One subject that broke a rule, or could not be judged by it.
struct RuleResult {
  Rule rule;
  std::string subject;  ///< process name; empty for the tree
  bool broken = false;
  bool undecided = false;  ///< the subject has no such value (too short for a slope): not broken, and said
  bool absent = false;     ///< undecided because there is no process of that name
  double value = 0;        ///< in the rule's unit
  VerdictKind verdict = VerdictKind::too_short;
};

/// One result for each rule and subject it concerns, worst first within a rule; a rule whose subject does not exist is
/// undecided.
[[nodiscard]] std::vector<RuleResult> judge(const std::vector<Rule>& rules, const Report& report);

[[nodiscard]] bool any_broken(const std::vector<RuleResult>& results);

}  // namespace tidemark::analysis
