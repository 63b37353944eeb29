#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "detail/compare_parts.hpp"
#include "detail/figures.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

/// What no clock shows is cut.
std::string duration_of(double seconds) {
  constexpr double most_seconds = 9e9;
  return duration(static_cast<std::int64_t>(std::clamp(seconds, -most_seconds, most_seconds) * 1e9));
}

using analysis::Change;
using analysis::CompareMetric;
using analysis::MetricChange;
using analysis::SubjectChange;

constexpr std::size_t most_shown = 8;
constexpr std::string_view not_judged = "not judged";

std::string title_of(CompareMetric metric) {
  switch (metric) {
    case CompareMetric::peak:
      return "peak MB";
    case CompareMetric::growth:
      return "growth MB";
    case CompareMetric::retained:
      return "retained %";
    case CompareMetric::slope:
      return "slope MB/h";
    case CompareMetric::cpu_mean:
      return "CPU mean %";
    case CompareMetric::cpu_peak:
      return "CPU peak %";
    case CompareMetric::duration:
      return "duration";
  }
  return {};
}

std::string value_cell(CompareMetric metric, const std::optional<double>& value) {
  if (!value) return {};
  switch (metric) {
    case CompareMetric::peak:
    case CompareMetric::growth:
    case CompareMetric::slope:
      return mb_cell(*value);
    case CompareMetric::retained:
    case CompareMetric::cpu_mean:
    case CompareMetric::cpu_peak:
      return percent_cell(*value);
    case CompareMetric::duration:
      return duration_of(*value);
  }
  return {};
}

std::string difference_cell(const MetricChange& change) {
  if (!change.before || !change.after) return {};
  const double difference = *change.after - *change.before;
  if (change.metric == CompareMetric::duration) {
    return (difference < 0 ? "-" : "+") + duration_of(std::abs(difference));
  }
  const bool bytes = change.metric == CompareMetric::peak || change.metric == CompareMetric::growth ||
                     change.metric == CompareMetric::slope;
  return bytes ? signed_mb_cell(difference) : signed_percent_cell(difference);
}

std::string ratio_cell(const MetricChange& change) {
  return change.no_growth_after ? std::string("none left") : ratio_text(change.ratio);
}

/// A length of time is what the user chose, and to what is missing nothing has changed.
std::string mark_of(const SubjectChange& subject, const MetricChange& change) {
  if (subject.only_before) return "only before";
  if (subject.only_after) return "only after";
  if (change.metric == CompareMetric::duration || !change.before || !change.after) return {};
  switch (change.change) {
    case Change::better:
      return strong("better");
    case Change::worse:
      return strong("worse");
    case Change::unclear:
      return "within noise";
    case Change::not_judged:
      return std::string(not_judged);
  }
  return {};
}

bool is_changed(const MetricChange& change) {
  return change.change == Change::better || change.change == Change::worse;
}

/// Of one of many subjects: the levels, and what changed.
bool is_worth_a_row(const MetricChange& change) {
  return change.metric == CompareMetric::peak || change.metric == CompareMetric::growth || is_changed(change);
}

void add_subject_rows(Table& table, const SubjectChange& subject, const std::string& title, bool all) {
  for (const auto& change : subject.metrics) {
    if (!all && !is_worth_a_row(change)) continue;
    table.rows.push_back({title, title_of(change.metric), value_cell(change.metric, change.before),
                          value_cell(change.metric, change.after), difference_cell(change), ratio_cell(change),
                          mark_of(subject, change)});
  }
}

Table table_of(const std::string& title) {
  constexpr std::size_t narrowest = 10;
  Table table;
  table.columns = {{title, Align::left, true, narrowest},
                   {"figure", Align::left},
                   {"BEFORE"},
                   {"AFTER"},
                   {"change"},
                   {"ratio"},
                   {"noise", Align::left}};
  return table;
}

void add_whole(Document& document, const CompareView& view, const TextStyle& style) {
  const SubjectChange* whole = main_change(view.compared);
  if (whole == nullptr) return;
  document.emplace_back(Heading{whole->name.empty() ? std::string("All together") : name(whole->name, style)});
  Table table = table_of("");
  add_subject_rows(table, *whole, "", true);
  document.emplace_back(std::move(table));
}

void add_several(Document& document, const std::vector<const SubjectChange*>& subjects, const std::string& heading,
                 const std::string& title, const TextStyle& style) {
  if (subjects.empty()) return;
  document.emplace_back(Heading{heading});
  Table table = table_of(title);
  const std::size_t shown = style.all ? subjects.size() : std::min(subjects.size(), most_shown);
  for (std::size_t i = 0; i < shown; ++i) {
    const SubjectChange& subject = *subjects[i];
    add_subject_rows(table, subject, name(subject.phase.empty() ? subject.name : subject.phase, style), style.all);
  }
  document.emplace_back(std::move(table));
  if (shown == subjects.size()) return;
  document.push_back(
      Sentences{.text = fmt::format("And {} more (--all shows them).", subjects.size() - shown), .indent = 2});
}

std::vector<const SubjectChange*> phases_of(const analysis::Compared& compared) {
  std::vector<const SubjectChange*> phases;
  for (const auto& phase : compared.phases) phases.push_back(&phase);
  return phases;
}

bool has_unjudged(const std::vector<SubjectChange>& subjects) {
  return std::any_of(subjects.begin(), subjects.end(), [](const SubjectChange& subject) {
    return std::any_of(subject.metrics.begin(), subject.metrics.end(),
                       [&](const MetricChange& change) { return mark_of(subject, change) == not_judged; });
  });
}

void add_legend(Document& document, const analysis::Compared& compared) {
  constexpr const auto& least = analysis::smallest_change;
  std::string text = fmt::format(
      "Better or worse: the 95 % bootstrap interval of the difference leaves out 0 (as one in 20 does by chance), and "
      "the difference is at least {} or {} % of the peak, or {} % of a core.",
      megabytes(least.bytes), plain(least.peak_percent), plain(least.percent));
  if (has_unjudged(compared.subjects) || has_unjudged(compared.phases)) {
    text += fmt::format(" Not judged: fewer than {} samples.", compared.after.settings.thresholds.fewest_samples);
  }
  document.push_back(Sentences{.text = text, .apart = true});
}

}  // namespace

void add_compared_tables(Document& document, const CompareView& view, const TextStyle& style) {
  add_whole(document, view, style);
  add_several(document, other_names(view.compared), "By process name", "name", style);
  add_several(document, phases_of(view.compared), "By phase, all together", "phase", style);
  if (main_change(view.compared) != nullptr) add_legend(document, view.compared);
}

}  // namespace tidemark::present::detail
