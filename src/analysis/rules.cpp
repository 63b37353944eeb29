#include "tidemark/analysis/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "tidemark/base/quantities.hpp"

namespace tidemark::analysis {
namespace {

struct MetricName {
  std::string_view name;
  RuleMetric metric;
  std::string_view example;
};

constexpr std::array metric_names{MetricName{"growth", RuleMetric::growth, "growth>20MB or growth>10%"},
                                  MetricName{"slope", RuleMetric::slope, "slope>5MB/h"},
                                  MetricName{"retained", RuleMetric::retained, "retained>30% or retained>20MB"},
                                  MetricName{"peak", RuleMetric::peak, "peak>2GB"},
                                  MetricName{"cpu_peak", RuleMetric::cpu_peak, "cpu_peak>300%"},
                                  MetricName{"verdict", RuleMetric::verdict, "verdict=growing"}};

constexpr std::array verdicts{VerdictKind::growing,         VerdictKind::peak_released, VerdictKind::peak_retained,
                              VerdictKind::partly_released, VerdictKind::steady,        VerdictKind::too_short};

struct RateUnit {
  std::string_view name;
  double per_hour;
};
constexpr std::array rate_units{RateUnit{"s", 3600},      RateUnit{"m", 60},   RateUnit{"min", 60},
                                RateUnit{"h", 1},         RateUnit{"hour", 1}, RateUnit{"d", 1.0 / 24},
                                RateUnit{"day", 1.0 / 24}};

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char letter) { return letter == ' ' || letter == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Lower case, with '_' for '-' and ' ': `Peak Retained` and `peak-retained` are peak_retained.
std::string as_word(std::string_view text) {
  std::string word;
  for (const char letter : trimmed(text)) {
    const bool separator = letter == '-' || letter == ' ';
    word += separator ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return word;
}

std::string without_spaces(std::string_view text) {
  std::string dense;
  for (const char letter : text) {
    if (letter != ' ' && letter != '\t') dense += letter;
  }
  return dense;
}

base::Unexpected wrong(std::string_view rule, std::string detail) {
  return base::fail({.code = base::ErrorCode::usage,
                     .doing = "read the rule '" + std::string(rule) + "'",
                     .detail = std::move(detail)});
}

std::string all_metrics() {
  std::string list;
  for (const auto& entry : metric_names) list += (list.empty() ? "" : ", ") + std::string(entry.name);
  return list;
}

std::string all_verdicts() {
  std::string list;
  for (const VerdictKind kind : verdicts) list += (list.empty() ? "" : ", ") + std::string(text_of(kind));
  return list;
}

const MetricName* metric_named(std::string_view word) {
  const auto* found = std::find_if(metric_names.begin(), metric_names.end(),
                                   [&](const MetricName& entry) { return entry.name == word; });
  return found == metric_names.end() ? nullptr : found;
}

const MetricName& entry_of(RuleMetric metric) {
  return *std::find_if(metric_names.begin(), metric_names.end(),
                       [&](const MetricName& entry) { return entry.metric == metric; });
}

/// A rule cut at its operator: the last one, since a process name may hold any character and a limit holds none of
/// these.
struct Parts {
  std::string_view left, right;
  Comparison comparison = Comparison::above;
};

std::optional<Parts> cut_at_operator(std::string_view text) {
  const std::size_t last = text.find_last_of("<>=");
  if (last == std::string_view::npos) return std::nullopt;
  Parts parts{.left = text.substr(0, last), .right = trimmed(text.substr(last + 1))};
  const char before = last > 0 ? text[last - 1] : ' ';
  if (text[last] == '>') parts.comparison = Comparison::above;
  if (text[last] == '<') parts.comparison = Comparison::below;
  if (text[last] == '=') {
    parts.comparison = before == '>' ? Comparison::at_least : before == '<' ? Comparison::at_most : Comparison::equal;
    if (before == '>' || before == '<' || before == '=') parts.left.remove_suffix(1);
  }
  parts.left = trimmed(parts.left);
  return parts;
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failed != std::errc{} || rest != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

struct Limit {
  RuleUnit unit = RuleUnit::bytes;
  double value = 0;
};

/// A number without a unit is refused: `growth>20` would mean 20 bytes, and nobody means that. 0 needs none.
std::optional<Limit> limit_of(std::string_view text, RuleUnit unit_of_zero) {
  const bool negative = !text.empty() && text.front() == '-';
  const double sign = negative ? -1.0 : 1.0;
  if (negative) text.remove_prefix(1);
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) == 0) return std::nullopt;
  if (const auto bare = number_of(text)) {
    if (*bare == 0) return Limit{unit_of_zero, 0};
    return std::nullopt;
  }
  if (text.ends_with('%')) {
    const auto percent = number_of(text.substr(0, text.size() - 1));
    return percent ? std::optional(Limit{RuleUnit::percent, sign * *percent}) : std::nullopt;
  }
  const std::size_t slash = text.find('/');
  const auto size = base::parse_size_bytes(text.substr(0, slash));
  if (!size) return std::nullopt;
  const double bytes = sign * static_cast<double>(*size);
  if (slash == std::string_view::npos) return Limit{RuleUnit::bytes, bytes};
  const std::string time = as_word(text.substr(slash + 1));
  for (const auto& unit : rate_units) {
    if (unit.name == time) return Limit{RuleUnit::bytes_per_hour, bytes * unit.per_hour};
  }
  return std::nullopt;
}

bool takes(RuleMetric metric, RuleUnit unit) {
  switch (metric) {
    case RuleMetric::growth:
    case RuleMetric::retained:
      return unit == RuleUnit::bytes || unit == RuleUnit::percent;
    case RuleMetric::slope:
      return unit == RuleUnit::bytes_per_hour;
    case RuleMetric::peak:
      return unit == RuleUnit::bytes;
    case RuleMetric::cpu_peak:
      return unit == RuleUnit::percent;
    case RuleMetric::verdict:
      return unit == RuleUnit::verdict;
  }
  return false;
}

RuleUnit first_unit_of(RuleMetric metric) {
  if (metric == RuleMetric::slope) return RuleUnit::bytes_per_hour;
  if (metric == RuleMetric::cpu_peak) return RuleUnit::percent;
  return RuleUnit::bytes;
}

base::Result<Rule> with_verdict(Rule rule, const Parts& parts) {
  if (rule.comparison != Comparison::equal)
    return wrong(rule.text, "a verdict is compared with '=', as in verdict=growing");
  const std::string word = as_word(parts.right);
  for (const VerdictKind kind : verdicts) {
    if (text_of(kind) != word) continue;
    rule.unit = RuleUnit::verdict;
    rule.verdict = kind;
    return rule;
  }
  return wrong(rule.text, fmt::format("no verdict '{}'; there are {}", parts.right, all_verdicts()));
}

base::Result<Rule> with_limit(Rule rule, const Parts& parts) {
  const MetricName& entry = entry_of(rule.metric);
  if (rule.comparison == Comparison::equal)
    return wrong(rule.text, fmt::format("{} is compared with > or < (>=, <=), as in {}", entry.name, entry.example));
  const auto limit = limit_of(without_spaces(parts.right), first_unit_of(rule.metric));
  if (!limit || !takes(rule.metric, limit->unit))
    return wrong(rule.text, fmt::format("'{}' is no limit for {}, which is written as in {}", parts.right, entry.name,
                                        entry.example));
  rule.unit = limit->unit;
  rule.limit = limit->value;
  return rule;
}

}  // namespace

base::Result<Rule> parse_rule(std::string_view text) {
  const auto parts = cut_at_operator(text);
  if (!parts)
    return wrong(text,
                 fmt::format("no comparison in it; a rule is METRIC>LIMIT, as in growth>20MB, or verdict=growing; "
                             "metrics are {}",
                             all_metrics()));
  Rule rule;
  rule.text = std::string(trimmed(text));
  rule.comparison = parts->comparison;
  const std::size_t colon = parts->left.rfind(':');
  const bool named = colon != std::string_view::npos;
  if (named) rule.subject = std::string(trimmed(parts->left.substr(0, colon)));
  if (named && rule.subject.empty()) return wrong(text, "no process name before ':', as in worker.py:growth>20MB");
  const std::string_view metric_text = trimmed(named ? parts->left.substr(colon + 1) : parts->left);
  const MetricName* entry = metric_named(as_word(metric_text));
  if (entry == nullptr)
    return wrong(text, fmt::format("no metric '{}'; there are {}, as in growth>20MB", metric_text, all_metrics()));
  rule.metric = entry->metric;
  if (rule.metric == RuleMetric::verdict) return with_verdict(std::move(rule), *parts);
  return with_limit(std::move(rule), *parts);
}

}  // namespace tidemark::analysis
