#include <fmt/format.h>

#include "detail/figures.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/recording_text.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using analysis::Report;

/// Every name is the sum of its processes.
std::size_t processes_of(const Report& report) {
  std::size_t count = 0;
  for (const auto& subject : report.names) count += subject.processes;
  return count;
}

std::string when_and_where(const Report& report, const TextStyle& style) {
  std::string text = "Recorded for " + duration(report.to_ns - report.from_ns);
  if (report.started_wall_ns != 0) text += " from " + wall_time(report.started_wall_ns);
  if (!report.host.empty()) text += " on " + name(report.host, style);
  return text;
}

/// "250 ms", "1.0 s".
std::string interval(std::int64_t ns) {
  constexpr std::int64_t ns_per_ms = 1'000'000, ns_per_second = 1'000'000'000;
  if (ns >= ns_per_second) return duration(ns);
  return fmt::format("{} ms", (ns + ns_per_ms / 2) / ns_per_ms);
}

std::string books(const Report& report) {
  const auto& ticks = report.ticks;
  return fmt::format("{} of {} in {}, one every {}; {} late, {} lost", counted(report.tree.samples, "sample"),
                     counted(processes_of(report), "process", "es"), counted(ticks.ticks, "tick"),
                     interval(ticks.interval_ns), ticks.late, ticks.lost);
}

std::vector<std::string> remarks(const ReportView& view) {
  const auto& report = view.report;
  std::vector<std::string> out;
  if (view.parts > 1) {
    out.push_back(fmt::format("Part {} of {}: the machine was started anew in between.", view.part, view.parts));
  }
  if (view.files.size() > 1) out.push_back(fmt::format("Read from {} files.", view.files.size()));
  if (report.suspended_ns > 0) {
    out.push_back(
        fmt::format("The machine slept {} meanwhile; that time is not counted.", duration(report.suspended_ns)));
  }
  if (report.ticks.incomplete > 0) {
    out.push_back(
        fmt::format("In {} a process had no RSS: left out of the sums.", counted(report.ticks.incomplete, "tick")));
  }
  if (report.end) {
    if (auto sentence = short_lived_sentence(*report.end); !sentence.empty()) out.push_back(std::move(sentence));
  }
  for (const auto& note : view.notes) out.push_back(said(note));
  return out;
}

}  // namespace

void add_head(Document& document, const ReportView& view, const TextStyle& style) {
  constexpr std::size_t longest_file = 76;
  document.push_back(Heading{name(view.file, style, longest_file), 1});
  if (view.report.tree.samples > 0) {
    document.push_back(Sentences{when_and_where(view.report, style) + "."});
    document.push_back(Sentences{books(view.report) + "."});
  }
  for (const auto& remark : remarks(view)) document.push_back(Sentences{remark});
}

}  // namespace tidemark::present::detail
