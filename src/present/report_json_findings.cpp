#include "detail/document.hpp"
#include "detail/json.hpp"
#include "detail/report_parts.hpp"
#include "detail/spans.hpp"

namespace tidemark::present::detail {
namespace {

Json json_of(const analysis::Moment& moment) {
  return {{"at_seconds", json_seconds(moment.at_ns)},
          {"bytes", json_number(moment.bytes)},
          {"cpu_percent", json_number(moment.cpu_percent)},
          {"phase", json_text(moment.phase)}};
}

Json json_of(const std::vector<analysis::NamedMoment>& moments) {
  Json list = Json::array();
  for (const auto& [kind, moment] : moments) {
    Json entry{{"moment", text_of(kind)}};
    entry.update(json_of(moment));
    list.push_back(std::move(entry));
  }
  return list;
}

Json json_of(const analysis::Release& release) {
  return {{"retained_bytes", json_number(release.retained_bytes)},
          {"share_percent", json_number(release.share_percent)},
          {"last_part_percent", json_number(release.last_part_percent)},
          {"back_after_seconds", json_seconds(release.back_after_ns)}};
}

Json json_of(const std::optional<analysis::CpuFindings>& cpu) {
  if (!cpu) return nullptr;
  return {{"peak_percent", json_number(cpu->peak_percent)},
          {"peak_at_seconds", json_seconds(cpu->peak_at_ns)},
          {"mean_percent", json_number(cpu->mean_percent)},
          {"idle_percent", json_number(cpu->idle_percent)}};
}

Json json_of(const std::optional<analysis::GcFindings>& gc) {
  if (!gc) return nullptr;
  return {{"collections", gc->collections}, {"collected", gc->collected}};
}

Json json_of(const std::optional<analysis::Trend>& trend) {
  if (!trend) return nullptr;
  return {{"medians", detail::json_of(trend->medians)},
          {"minima", detail::json_of(trend->minima)},
          {"still_rising", trend->still_rising},
          {"rises", trend->rises()},
          {"from_seconds", json_seconds(trend->from_ns)},
          {"to_seconds", json_seconds(trend->to_ns)},
          {"period_seconds", json_seconds(trend->period_ns)}};
}

Json verdict_of(const analysis::Findings& findings, const analysis::Thresholds& thresholds) {
  const auto& verdict = findings.verdict;
  return {{"kind", text_of(verdict.kind)},
          {"sentence", without_spans(verdict_sentence(findings, thresholds))},
          {"growth_medians_bytes", findings.trend ? json_number(verdict.growth_medians_bytes) : Json(nullptr)},
          {"growth_minima_bytes", findings.trend ? json_number(verdict.growth_minima_bytes) : Json(nullptr)},
          {"growth_threshold_bytes", json_number(verdict.growth_threshold_bytes)}};
}

Json levels_of(const analysis::Levels& levels) {
  return {{"start_bytes", json_number(levels.start)},
          {"baseline_bytes", json_number(levels.baseline)},
          {"baseline_samples", levels.baseline_samples},
          {"baseline_from_seconds", json_seconds(levels.baseline_from_ns)},
          {"baseline_to_seconds", json_seconds(levels.baseline_to_ns)},
          {"peak", json_of(levels.peak)},
          {"vm_hwm_bytes", json_number(levels.hwm)},
          {"end_bytes", json_number(levels.end)},
          {"last_part_bytes", json_number(levels.last_part)},
          {"growth_bytes", json_number(levels.growth_bytes)},
          {"growth_percent", json_number(levels.growth_percent)}};
}

Json subject_of(const analysis::Findings& findings) {
  const auto& process = findings.process;
  return {{"kind", text_of(findings.kind)},
          {"process_name", json_text(findings.name)},
          {"processes", findings.processes},
          {"pid", process ? Json(process->identity.pid) : Json(nullptr)},
          {"process_started", process ? json_instant(process->started_wall_ns) : Json(nullptr)},
          {"samples", findings.samples},
          {"from_seconds", json_seconds(findings.from_ns)},
          {"to_seconds", json_seconds(findings.to_ns)}};
}

}  // namespace

Json json_of(const analysis::Slope& slope) {
  return {{"bytes_per_hour", json_number(slope.per_hour())},
          {"lower_bytes_per_hour", json_number(slope.lower_per_hour())},
          {"upper_bytes_per_hour", json_number(slope.upper_per_hour())},
          {"p_value", json_number(slope.p_value)},
          {"effective_n", json_number(slope.effective_n)},
          {"bins", slope.bins}};
}

Json json_of(const analysis::Findings& findings, const analysis::Thresholds& thresholds) {
  if (findings.samples == 0) return nullptr;  // its zeros are no figures
  Json json = subject_of(findings);
  json["verdict"] = verdict_of(findings, thresholds);
  json.update(levels_of(findings.levels));
  json["release"] = json_of(findings.release);
  json["trend"] = json_of(findings.trend);
  json["cpu"] = json_of(findings.cpu);
  json["gc"] = json_of(findings.gc);
  json["moments"] = json_of(findings.moments);
  return json;
}

}  // namespace tidemark::present::detail
