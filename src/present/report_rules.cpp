#include <fmt/format.h>

#include <algorithm>

#include "detail/figures.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using analysis::RuleMetric;
using analysis::RuleResult;
using analysis::RuleUnit;

constexpr std::size_t most_shown = 8;

std::string value_text(const RuleResult& result) {
  switch (result.rule.unit) {
    case RuleUnit::bytes:
      return megabytes(result.value);
    case RuleUnit::percent:
      return fmt::format("{:.1f} %", result.value);
    case RuleUnit::bytes_per_hour:
      return rate(result.value);
    case RuleUnit::verdict:
      return verdict_word(result.verdict);
  }
  return {};
}

std::string why_undecided(const RuleResult& result) {
  if (result.absent) return "no process has this name";
  switch (result.rule.metric) {
    case RuleMetric::slope:
    case RuleMetric::verdict:
      return "too short to tell";
    case RuleMetric::cpu_peak:
      return "no CPU figures";
    default:
      return "no such figure";
  }
}

std::string subject_of(const RuleResult& result, const TextStyle& style) {
  return result.subject.empty() ? std::string("all together") : name(result.subject, style);
}

std::string rule_text(const RuleResult& result, const TextStyle& style) { return name(result.rule.text, style, 60); }

std::string failed_text(const RuleResult& result, const TextStyle& style) {
  return fmt::format("{} {}: {} has {}.", strong("Failed:"), rule_text(result, style), subject_of(result, style),
                     value_text(result));
}

std::string not_judged_text(const RuleResult& result, const TextStyle& style) {
  return fmt::format("Not judged: {}: {}: {}.", rule_text(result, style), subject_of(result, style),
                     why_undecided(result));
}

/// What a rule came to: a sentence for each subject that it fails on, else one.
void add_outcome(std::vector<std::string>& sentences, const std::vector<const RuleResult*>& of_rule,
                 const TextStyle& style) {
  const auto count = [&of_rule](bool RuleResult::*flag) {
    return std::count_if(of_rule.begin(), of_rule.end(), [flag](const auto* result) { return result->*flag; });
  };
  const auto undecided = count(&RuleResult::undecided);
  if (count(&RuleResult::broken) > 0) {
    for (const auto* result : of_rule) {
      if (result->broken) sentences.push_back(failed_text(*result, style));
    }
  } else if (undecided == std::ssize(of_rule)) {
    sentences.push_back(not_judged_text(*of_rule.front(), style));
  } else {
    sentences.push_back(fmt::format("Passed: {}.", rule_text(*of_rule.front(), style)));
    if (undecided > 0) {
      sentences.back() += fmt::format(" Too short to tell for {} of {} names.", undecided, of_rule.size());
    }
  }
}

/// The results of each rule, in the order given. The only process of a recording is not said twice.
std::vector<std::vector<const RuleResult*>> by_rule(const ReportView& view) {
  const bool alone = !main_subject(view.report).name.empty();
  std::vector<std::vector<const RuleResult*>> rules;
  for (const auto& result : view.rules) {
    if (alone && result.subject.empty()) continue;
    const auto same = std::find_if(rules.begin(), rules.end(), [&result](const auto& of_rule) {
      return of_rule.front()->rule.text == result.rule.text;
    });
    if (same == rules.end()) {
      rules.push_back({&result});
    } else {
      same->push_back(&result);
    }
  }
  return rules;
}

}  // namespace

void add_rules(Document& document, const ReportView& view, const TextStyle& style) {
  if (view.rules.empty()) return;
  document.emplace_back(Heading{"Rules"});
  std::vector<std::string> sentences;
  for (const auto& of_rule : by_rule(view)) add_outcome(sentences, of_rule, style);
  const std::size_t shown = style.all ? sentences.size() : std::min(sentences.size(), most_shown);
  for (std::size_t i = 0; i < shown; ++i) document.push_back(Sentences{.text = sentences[i], .indent = 2});
  if (shown < sentences.size()) {
    document.push_back(
        Sentences{.text = fmt::format("And {} more (--all shows them).", sentences.size() - shown), .indent = 2});
  }
}

void add_cost(Document& document, const ReportView& view, const TextStyle&) {
  if (!view.report.end) return;
  const auto& end = *view.report.end;
  const std::string pause = end.longest_pause_ns == 0 ? std::string("never stopped a target")
                                                      : fmt::format("stopped a target for {:.0f} ms at most",
                                                                    static_cast<double>(end.longest_pause_ns) / 1e6);
  document.push_back(Sentences{
      .text = fmt::format("The recorder took {:.1f} s of CPU and {} at its peak, read {} of target memory, and {}.",
                          static_cast<double>(end.own_cpu_ns) / 1e9, megabytes(static_cast<double>(end.own_peak_rss)),
                          megabytes(static_cast<double>(end.target_bytes_read)), pause),
      .apart = true});
}

}  // namespace tidemark::present::detail
