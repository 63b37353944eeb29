#include "detail/document.hpp"
#include "detail/json.hpp"
#include "tidemark/present/report.hpp"

namespace tidemark::present {
namespace detail {
namespace {

Json fields_of(const analysis::PhaseSpan& span) {
  Json fields = Json::object();
  for (const auto& [key, value] : span.fields) fields[said(key)] = said(value);
  return fields;
}

Json recorder_of(const std::optional<model::RecordingEnd>& end) {
  if (!end) return nullptr;
  return {{"why", json_text(end->why)},
          {"rows", end->rows},
          {"processes", end->processes},
          {"short_lived", end->short_lived ? Json(*end->short_lived) : Json(nullptr)},
          {"own_cpu_seconds", json_seconds(end->own_cpu_ns)},
          {"own_peak_rss_bytes", end->own_peak_rss},
          {"target_read_bytes", end->target_bytes_read},
          {"absent_bytes", end->absent_bytes},
          {"longest_pause_seconds", json_seconds(end->longest_pause_ns)}};
}

Json ticks_of(const analysis::TickBooks& ticks) {
  return {{"count", ticks.ticks},
          {"late", ticks.late},
          {"lost", ticks.lost},
          {"incomplete", ticks.incomplete},
          {"interval_seconds", json_seconds(ticks.interval_ns)},
          {"counted_by_recorder", ticks.counted_by_recorder}};
}

std::string_view text_of(model::RecordedFormat format) {
  switch (format) {
    case model::RecordedFormat::csv:
      return "csv";
    case model::RecordedFormat::jsonl:
      return "jsonl";
    case model::RecordedFormat::foreign_csv:
      return "foreign_csv";
  }
  return {};
}

Json subjects_of(const std::vector<analysis::Findings>& subjects, const analysis::Thresholds& thresholds) {
  Json list = Json::array();
  for (const auto& findings : subjects) list.push_back(json_of(findings, thresholds));
  return list;
}

Json objects_of(const std::vector<analysis::ObjectGrowth>& objects) {
  Json list = Json::array();
  for (const auto& growth : objects) list.push_back(json_of(growth));
  return list;
}

Json phases_of(const std::vector<analysis::SubjectPhases>& subjects) {
  Json list = Json::array();
  for (const auto& subject : subjects) {
    Json phases = Json::array();
    for (const auto& phase : subject.phases) phases.push_back(json_of(phase));
    list.push_back({{"process_name", json_text(subject.name)}, {"phases", std::move(phases)}});
  }
  return list;
}

Json recording_of(const ReportView& view) {
  Json files = Json::array();
  for (const auto& file : view.files) files.push_back(said(file));
  Json notes = Json::array();
  for (const auto& note : view.notes) notes.push_back(said(note));
  Json rules = Json::array();
  for (const auto& result : view.rules) rules.push_back(json_of(result));
  Json json{{"file", said(view.file)}, {"files", std::move(files)}, {"part", view.part},
            {"parts", view.parts},     {"notes", std::move(notes)}, {"rules", std::move(rules)}};
  json.update(json_of(view.report));
  return json;
}

}  // namespace

Json json_of(const analysis::PhaseFindings& phase) {
  return {{"phase", json_text(phase.span.label)},
          {"fields", fields_of(phase.span)},
          {"from_seconds", json_seconds(phase.span.from_ns)},
          {"to_seconds", json_seconds(phase.span.to_ns)},
          {"samples", phase.samples},
          {"before_bytes", json_number(phase.before)},
          {"after_bytes", json_number(phase.after)},
          {"delta_bytes", json_number(phase.delta_bytes)},
          {"from_start_bytes", json_number(phase.from_start_bytes)},
          {"peak_bytes", json_number(phase.peak)},
          {"peak_at_seconds", json_seconds(phase.peak_at_ns)},
          {"cpu_peak_percent", json_number(phase.cpu_peak_percent)},
          {"recovered_percent", json_number(phase.recovered_percent)}};
}

Json json_of(const analysis::Forecast& forecast) {
  Json rows = Json::array();
  for (const auto& row : forecast.rows) {
    rows.push_back({{"after_hours", json_number(row.hours)},
                    {"bytes", json_number(row.bytes)},
                    {"lower_bytes", json_number(row.lower_bytes)},
                    {"upper_bytes", json_number(row.upper_bytes)},
                    {"limit_percent", json_number(row.percent_of_limit)}});
  }
  return {{"of", forecast.of_cgroup ? "cgroup" : "rss"},
          {"now_bytes", json_number(forecast.now_bytes)},
          {"bytes_per_hour", json_number(forecast.bytes_per_hour)},
          {"lower_bytes_per_hour", json_number(forecast.lower_bytes_per_hour)},
          {"upper_bytes_per_hour", json_number(forecast.upper_bytes_per_hour)},
          {"limit_source", analysis::text_of(forecast.limit_source)},
          {"limit_bytes", json_number(forecast.limit_bytes)},
          {"limit_after_hours", json_number(forecast.hours)},
          {"earliest_hours", json_number(forecast.earliest_hours)},
          {"latest_hours", json_number(forecast.latest_hours)},
          {"rows", std::move(rows)}};
}

Json json_of(const analysis::RuleResult& result) {
  const bool is_verdict = result.rule.metric == analysis::RuleMetric::verdict;
  const bool has_value = !result.undecided && !is_verdict;
  return {{"rule", said(result.rule.text)},
          {"process_name", json_text(result.subject)},
          {"broken", result.broken},
          {"undecided", result.undecided},
          {"absent", result.absent},
          {"value", has_value ? json_number(result.value) : Json(nullptr)},
          {"verdict", is_verdict && !result.absent ? Json(analysis::text_of(result.verdict)) : Json(nullptr)}};
}

Json json_of(const analysis::Report& report) {
  const auto& thresholds = report.settings.thresholds;
  return {{"format", text_of(report.format)},
          {"host", json_text(report.host)},
          {"boot_id", json_text(report.boot_id)},
          {"recorded_by", json_text(report.tool)},
          {"kernel", json_text(report.kernel)},
          {"started", json_instant(report.started_wall_ns)},
          {"from_seconds", json_seconds(report.from_ns)},
          {"to_seconds", json_seconds(report.to_ns)},
          {"duration_seconds", json_seconds(report.to_ns - report.from_ns)},
          {"suspended_seconds", json_seconds(report.suspended_ns)},
          {"ticks", ticks_of(report.ticks)},
          {"recorder", recorder_of(report.end)},
          {"settings", json_of(report.settings)},
          {"tree", json_of(report.tree, thresholds)},
          {"names", subjects_of(report.names, thresholds)},
          {"processes", subjects_of(report.processes, thresholds)},
          {"phases", phases_of(report.phases)},
          {"objects", objects_of(report.objects)},
          {"forecast", report.forecast ? json_of(*report.forecast) : Json(nullptr)}};
}

}  // namespace detail

std::string report_json(const std::vector<ReportView>& views) {
  detail::Json recordings = detail::Json::array();
  for (const auto& view : views) recordings.push_back(detail::recording_of(view));
  return detail::json_lines(
      {{"schema", detail::json_schema}, {"tool", detail::tool_and_version()}, {"recordings", std::move(recordings)}});
}

}  // namespace tidemark::present
