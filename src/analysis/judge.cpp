#include <algorithm>
#include <optional>

#include "tidemark/analysis/rules.hpp"

namespace tidemark::analysis {
namespace {

/// Retained of a peak that was none is nothing: the series never left its baseline.
double retained_percent(const Release& release) { return release.share_percent ? 100 - *release.share_percent : 0; }

/// The subject's value in the rule's unit; nullopt when it has none.
std::optional<double> value_of(const Rule& rule, const Findings& subject) {
  if (subject.samples == 0) return std::nullopt;
  const bool percent = rule.unit == RuleUnit::percent;
  switch (rule.metric) {
    case RuleMetric::growth:
      return percent ? subject.levels.growth_percent : std::optional(subject.levels.growth_bytes);
    case RuleMetric::slope:
      if (!subject.trend) return std::nullopt;
      return subject.trend->medians.per_hour();
    case RuleMetric::retained:
      return percent ? retained_percent(subject.release) : subject.release.retained_bytes;
    case RuleMetric::peak:
      return subject.levels.peak.bytes;
    case RuleMetric::cpu_peak:
      if (!subject.cpu) return std::nullopt;
      return subject.cpu->peak_percent;
    case RuleMetric::verdict:
      break;
  }
  return std::nullopt;
}

bool passes(Comparison comparison, double value, double limit) {
  switch (comparison) {
    case Comparison::above:
      return value > limit;
    case Comparison::at_least:
      return value >= limit;
    case Comparison::below:
      return value < limit;
    case Comparison::at_most:
      return value <= limit;
    case Comparison::equal:
      break;
  }
  return value == limit;
}

bool asks_for_less(Comparison comparison) {
  return comparison == Comparison::below || comparison == Comparison::at_most;
}

/// Whether the trend bears the slope out, so that noise breaks no rule.
bool beyond_noise(const Rule& rule, const Trend& trend) {
  if (asks_for_less(rule.comparison)) return passes(rule.comparison, trend.medians.upper_per_hour(), rule.limit);
  return trend.rises();
}

RuleResult judge_verdict(RuleResult result, const Findings& subject) {
  const bool short_of_samples = result.verdict == VerdictKind::too_short;
  result.broken = result.verdict == result.rule.verdict && subject.samples > 0;
  result.undecided = !result.broken && short_of_samples;
  return result;
}

RuleResult judge_one(const Rule& rule, const Findings& subject) {
  RuleResult result{.rule = rule, .subject = subject.name, .verdict = subject.verdict.kind};
  if (rule.metric == RuleMetric::verdict) return judge_verdict(std::move(result), subject);
  const auto value = value_of(rule, subject);
  result.undecided = !value;
  if (!value) return result;
  result.value = *value;
  result.broken = passes(rule.comparison, *value, rule.limit);
  if (result.broken && rule.metric == RuleMetric::slope) result.broken = beyond_noise(rule, *subject.trend);
  return result;
}

/// Broken ones first, undecided ones last; farther beyond the limit first.
bool worse(const RuleResult& left, const RuleResult& right) {
  if (left.broken != right.broken) return left.broken;
  if (left.undecided != right.undecided) return right.undecided;
  return asks_for_less(left.rule.comparison) ? left.value < right.value : left.value > right.value;
}

std::vector<RuleResult> judge_rule(const Rule& rule, const Report& report) {
  std::vector<RuleResult> results;
  if (rule.subject.empty()) results.push_back(judge_one(rule, report.tree));
  for (const Findings& subject : report.names) {
    if (rule.subject.empty() || rule.subject == subject.name) results.push_back(judge_one(rule, subject));
  }
  if (results.empty()) results.push_back({.rule = rule, .subject = rule.subject, .undecided = true, .absent = true});
  std::stable_sort(results.begin(), results.end(), worse);
  return results;
}

}  // namespace

std::vector<RuleResult> judge(const std::vector<Rule>& rules, const Report& report) {
  std::vector<RuleResult> all;
  for (const Rule& rule : rules) {
    auto results = judge_rule(rule, report);
    std::move(results.begin(), results.end(), std::back_inserter(all));
  }
  return all;
}

bool any_broken(const std::vector<RuleResult>& results) {
  return std::any_of(results.begin(), results.end(), [](const RuleResult& result) { return result.broken; });
}

}  // namespace tidemark::analysis
