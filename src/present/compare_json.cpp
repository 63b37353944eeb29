#include "detail/document.hpp"
#include "detail/json.hpp"
#include "tidemark/present/report.hpp"

namespace tidemark::present {
namespace {

using analysis::CompareMetric;
using detail::Json;
using detail::json_number;
using detail::json_of;

/// With its unit: what a metric's numbers are.
const char* key_of(CompareMetric metric) {
  switch (metric) {
    case CompareMetric::peak:
      return "peak_bytes";
    case CompareMetric::growth:
      return "growth_bytes";
    case CompareMetric::retained:
      return "retained_percent";
    case CompareMetric::slope:
      return "slope_bytes_per_hour";
    case CompareMetric::cpu_mean:
      return "cpu_mean_percent";
    case CompareMetric::cpu_peak:
      return "cpu_peak_percent";
    case CompareMetric::duration:
      return "duration_seconds";
  }
  return "";
}

Json change_json(const analysis::MetricChange& change) {
  std::optional<double> difference;
  if (change.before && change.after) difference = *change.after - *change.before;
  return {{"before", json_number(change.before)},
          {"after", json_number(change.after)},
          {"difference", json_number(difference)},
          {"difference_lower_95", json_number(change.lower)},
          {"difference_upper_95", json_number(change.upper)},
          {"ratio", json_number(change.ratio)},
          {"no_growth_after", change.no_growth_after},
          {"change", analysis::text_of(change.change)}};
}

Json subjects_json(const std::vector<analysis::SubjectChange>& subjects) {
  Json list = Json::array();
  for (const auto& subject : subjects) {
    Json json{{"process_name", detail::json_text(subject.name)},
              {"phase", detail::json_text(subject.phase)},
              {"only_before", subject.only_before},
              {"only_after", subject.only_after}};
    for (const auto& change : subject.metrics) json[key_of(change.metric)] = change_json(change);
    list.push_back(std::move(json));
  }
  return list;
}

Json side_json(const std::string& file, const analysis::Report& report) {
  Json json{{"file", detail::said(file)}, {"verdict", analysis::text_of(report.tree.verdict.kind)}};
  json.update(json_of(report));
  return json;
}

}  // namespace

std::string compare_json(const CompareView& view) {
  const auto& compared = view.compared;
  Json notes = Json::array();
  for (const auto& note : view.notes) notes.push_back(detail::said(note));
  Json rules = Json::array();
  for (const auto& result : view.rules) rules.push_back(json_of(result));
  return detail::json_lines({{"schema", detail::json_schema},
                             {"tool", detail::tool_and_version()},
                             {"subjects", subjects_json(compared.subjects)},
                             {"phases", subjects_json(compared.phases)},
                             {"rules", std::move(rules)},
                             {"notes", std::move(notes)},
                             {"before", side_json(view.before_file, compared.before)},
                             {"after", side_json(view.after_file, compared.after)}});
}

}  // namespace tidemark::present
