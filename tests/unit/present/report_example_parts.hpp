// Purpose: what reports and comparisons built by hand are made of.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tidemark/present/report.hpp"

namespace tidemark::present::examples {

inline constexpr double mb = 1024.0 * 1024.0;
inline constexpr std::int64_t second = 1'000'000'000;
inline constexpr double per_hour = 3600;

inline analysis::Slope slope(double mb_per_hour, double lower, double upper) {
  return {.per_second = mb_per_hour * mb / per_hour,
          .lower_per_second = lower * mb / per_hour,
          .upper_per_second = upper * mb / per_hour,
          .p_value = lower > 0 ? 0.0001 : 0.4,
          .effective_n = 41.25,
          .bins = 300};
}

inline analysis::Trend trend(double mb_per_hour, double lower, double upper, std::int64_t to_ns) {
  analysis::Trend out;
  out.medians = slope(mb_per_hour, lower, upper);
  out.minima = slope(mb_per_hour * 0.99, lower * 0.99, upper * 0.99);
  out.still_rising = lower > 0;
  out.from_ns = to_ns / 10;
  out.to_ns = to_ns;
  const double span_hours = static_cast<double>(to_ns - out.from_ns) / 1e9 / per_hour;
  out.growth_medians = mb_per_hour * mb * span_hours;
  out.growth_minima = out.growth_medians * 0.99;
  return out;
}

struct Sizes {
  double start = 0, baseline = 0, peak = 0, end = 0;
};

inline analysis::Findings findings(analysis::SubjectKind kind, std::string name, Sizes sizes,
                                   analysis::VerdictKind verdict, std::int64_t to_ns) {
  analysis::Findings out;
  out.kind = kind;
  out.name = std::move(name);
  out.samples = static_cast<std::uint64_t>(to_ns / second);
  out.to_ns = to_ns;
  out.levels.start = sizes.start * mb;
  out.levels.baseline = sizes.baseline * mb;
  out.levels.baseline_samples = 36;
  out.levels.baseline_from_ns = to_ns / 10;
  out.levels.baseline_to_ns = to_ns / 10 + to_ns / 20;
  out.levels.peak = {.at_ns = to_ns / 2, .bytes = sizes.peak * mb, .cpu_percent = {}, .phase = {}};
  out.levels.end = sizes.end * mb;
  out.levels.last_part = sizes.end * mb;
  out.levels.growth_bytes = out.levels.end - out.levels.baseline;
  out.levels.growth_percent = 100 * out.levels.growth_bytes / out.levels.baseline;
  out.release.retained_bytes = out.levels.growth_bytes;
  out.verdict = {.kind = verdict,
                 .growth_medians_bytes = 0,
                 .growth_minima_bytes = 0,
                 .growth_threshold_bytes = std::max(4 * mb, out.levels.baseline * 0.02)};
  return out;
}

inline void set_process(analysis::Findings& findings, base::Pid pid) {
  findings.process = model::ProcessInfo{.identity = {.pid = pid, .start_ticks = 4711},
                                        .name = findings.name,
                                        .command_line = "python " + findings.name,
                                        .started_wall_ns = 1795240000 * second,
                                        .parent_at_first_sight = 1};
}

inline analysis::PhaseFindings phase(std::string label, std::int64_t from_s, std::int64_t to_s, double before,
                                     double after, double peak) {
  analysis::PhaseFindings out;
  out.span = {.label = std::move(label), .fields = {}, .from_ns = from_s * second, .to_ns = to_s * second};
  out.samples = static_cast<std::uint64_t>(to_s - from_s);
  out.before = before * mb;
  out.after = after * mb;
  out.delta_bytes = out.after - out.before;
  out.from_start_bytes = out.after - 96.2 * mb;
  out.peak = peak * mb;
  out.peak_at_ns = (from_s + to_s) / 2 * second;
  out.cpu_peak_percent = 99.5;
  out.recovered_percent = 12.3;
  return out;
}

inline ReportView head(std::string file, std::int64_t to_ns) {
  ReportView view;
  view.file = file;
  view.files = {std::move(file)};
  auto& report = view.report;
  report.format = model::RecordedFormat::jsonl;
  report.host = "build-7";
  report.boot_id = "0c9b0ef4-5c39-4b3c-9b0b-000000000001";
  report.tool = "tidemark 0.1.0";
  report.kernel = "6.12.0";
  report.started_wall_ns = 1795240380 * second;
  report.to_ns = to_ns;
  report.ticks = {.ticks = static_cast<std::uint64_t>(to_ns / second),
                  .late = 2,
                  .lost = 0,
                  .interval_ns = second,
                  .counted_by_recorder = true,
                  .incomplete = 0};
  return view;
}

inline model::RecordingEnd end_of_recording() {
  model::RecordingEnd end;
  end.why = "duration";
  end.rows = 5400;
  end.processes = 3;
  end.short_lived = 0;
  end.own_cpu_ns = 2'100'000'000;
  end.own_peak_rss = static_cast<model::Bytes>(6 * mb);
  end.target_bytes_read = static_cast<model::Bytes>(41 * mb);
  return end;
}

inline analysis::Forecast forecast() {
  analysis::Forecast out;
  out.of_cgroup = true;
  out.now_bytes = 311 * mb;
  out.bytes_per_hour = 15.2 * mb;
  out.lower_bytes_per_hour = 14.1 * mb;
  out.upper_bytes_per_hour = 16.3 * mb;
  out.limit_source = analysis::LimitSource::cgroup;
  out.limit_bytes = 512 * mb;
  out.hours = 201 / 15.2;
  out.earliest_hours = 201 / 16.3;
  out.latest_hours = 201 / 14.1;
  for (const double hours : {0.0, 1.0, 4.0, 8.0, 24.0}) {
    out.rows.push_back({.hours = hours,
                        .bytes = (311 + 15.2 * hours) * mb,
                        .lower_bytes = (311 + 14.1 * hours) * mb,
                        .upper_bytes = (311 + 16.3 * hours) * mb,
                        .percent_of_limit = 100 * (311 + 15.2 * hours) / 512});
  }
  return out;
}

inline analysis::TypeGrowth grown_type(std::string type, double grown_mb, double objects, double share_percent) {
  return {.type = std::move(type),
          .growth = {.objects = objects, .bytes = grown_mb * mb, .held_bytes = 1.1 * grown_mb * mb},
          .last = {.objects = 2 * objects, .bytes = 2 * grown_mb * mb, .held_bytes = 2.2 * grown_mb * mb},
          .is_new = false,
          .share_percent = share_percent,
          .slope = {}};
}

/// Of the worker that leaks, of one with two censuses, and of one that ended after its first.
inline std::vector<analysis::ObjectGrowth> objects() {
  analysis::ObjectGrowth leaking;
  leaking.name = "celery";
  leaking.pid = 4951;
  leaking.started_wall_ns = 1795240000 * second;
  leaking.censuses = 30;
  leaking.from_ns = 60 * second;
  leaking.to_ns = 1800 * second;
  leaking.first = {.objects = 210'000, .bytes = 18.5 * mb, .held_bytes = 20 * mb};
  leaking.last = {.objects = 330'412, .bytes = 25.25 * mb, .held_bytes = 27 * mb};
  leaking.grown_bytes = 7.5 * mb;
  leaking.grown_types = 14;
  leaking.types = {grown_type("builtins.bytes", 3, 41, 40), grown_type("builtins.dict", 2.8, 120'300, 37.3),
                   grown_type("shop.models.Order", 0.03, 641, 0.4)};
  leaking.types[0].slope = slope(3, -0.2, 6);
  leaking.types[1].slope = slope(5.7, 5.1, 6.2);
  leaking.types[2].slope = slope(0.06, 0.05, 0.07);
  leaking.types[2].is_new = true;
  analysis::ObjectGrowth short_one = leaking;
  short_one.pid = 4952;
  short_one.censuses = 2;
  short_one.grown_types = 1;
  short_one.types = {grown_type("builtins.list", 0.2, 2000, 100)};
  analysis::ObjectGrowth single = leaking;
  single.pid = 4953;
  single.censuses = 1;
  single.types.clear();
  return {std::move(leaking), std::move(short_one), std::move(single)};
}

}  // namespace tidemark::present::examples
