#include <fmt/format.h>

#include <algorithm>

#include "detail/figures.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using analysis::Findings;
using analysis::Settings;

std::string baseline(const Findings& findings, const Settings& settings, const TextStyle& style) {
  const auto& levels = findings.levels;
  if (levels.baseline_samples == 1) {
    return fmt::format("{}, one sample at {}", megabytes(levels.baseline), duration(levels.baseline_from_ns));
  }
  const std::string where =
      settings.baseline_phase.empty()
          ? fmt::format("from {} to {}", duration(levels.baseline_from_ns), duration(levels.baseline_to_ns))
          : "in phase " + name(settings.baseline_phase, style);
  return fmt::format("{}, the median of {} {}", megabytes(levels.baseline), counted(levels.baseline_samples, "sample"),
                     where);
}

std::string peak(const Findings& findings, const TextStyle& style) {
  const auto& moment = findings.levels.peak;
  std::string text = fmt::format("{} at {}", megabytes(moment.bytes), duration(moment.at_ns));
  if (!moment.phase.empty()) text += " in phase " + name(moment.phase, style);
  if (moment.cpu_percent) text += fmt::format(", CPU {:.1f} %", *moment.cpu_percent);
  // The kernel sees what lies between two ticks.
  if (findings.levels.hwm) text += ", VmHWM " + megabytes(static_cast<double>(*findings.levels.hwm));
  return text;
}

std::string release(const Findings& findings, const Settings& settings) {
  const auto& release = findings.release;
  const double above = findings.levels.peak.bytes - findings.levels.baseline;
  if (!release.share_percent || above <= 0) return {};
  if (findings.verdict.kind == analysis::VerdictKind::growing) {
    return fmt::format("none to judge while it grows; {} retained", signed_megabytes(release.retained_bytes));
  }
  std::string text = fmt::format("{:.1f} % of the {} above the baseline came back by the end", *release.share_percent,
                                 megabytes(above));
  text += release.back_after_ns
              ? fmt::format(", within {} % of it after {}", plain(settings.thresholds.tolerance_percent),
                            duration(*release.back_after_ns))
              : fmt::format(", never within {} % of it", plain(settings.thresholds.tolerance_percent));
  if (release.retained_bytes < 0) {
    return text + fmt::format("; it ends {} below the baseline", megabytes(-release.retained_bytes));
  }
  return text + fmt::format("; {} retained", signed_megabytes(release.retained_bytes));
}

std::string trend(const Findings& findings) {
  if (!findings.trend) return {};
  const auto& trend = *findings.trend;
  std::string text = fmt::format("medians {}, minima {}, {} at the end; {} from {} to {} count as {:.0f} independent",
                                 rate_with_interval(trend.medians), rate_with_interval(trend.minima),
                                 trend.still_rising ? "still rising" : "not rising", counted(trend.medians.bins, "bin"),
                                 duration(trend.from_ns), duration(trend.to_ns), trend.medians.effective_n);
  if (trend.period_ns) text += fmt::format("; a regular up and down of {} was taken out", duration(*trend.period_ns));
  return text;
}

std::string cpu(const Findings& findings, const Settings& settings) {
  if (!findings.cpu) return {};
  const auto& cpu = *findings.cpu;
  return fmt::format("peak {:.1f} % at {}, mean {:.1f} %; idle (below {} %) in {:.1f} % of the samples",
                     cpu.peak_percent, duration(cpu.peak_at_ns), cpu.mean_percent,
                     plain(settings.thresholds.idle_cpu_percent), cpu.idle_percent);
}

std::string gc(const Findings& findings) {
  if (!findings.gc) return {};
  const auto& [collections, collected] = *findings.gc;
  return fmt::format("{}, {} and {} collections of generations 0, 1 and 2; {} collected", collections[0],
                     collections[1], collections[2],
                     counted(static_cast<std::uint64_t>(std::max<std::int64_t>(collected, 0)), "object"));
}

}  // namespace

void add_details(Document& document, const ReportView& view, const TextStyle& style) {
  const auto& findings = main_subject(view.report);
  const auto& settings = view.report.settings;
  if (findings.samples == 0) return;
  Facts facts;
  const auto add = [&facts](std::string word, std::string text) {
    if (!text.empty()) facts.facts.emplace_back(std::move(word), text + ".");
  };
  add("Baseline", baseline(findings, settings, style));
  add("Peak", peak(findings, style));
  add("Release", release(findings, settings));
  add("Trend", trend(findings));
  add("CPU", cpu(findings, settings));
  add("GC", gc(findings));
  document.emplace_back(std::move(facts));
}

void add_moments(Document& document, const ReportView& view, const TextStyle& style) {
  const auto& findings = main_subject(view.report);
  if (findings.moments.empty()) return;
  Table table{.columns = {{"time"}, {"CPU %"}, {"RSS MB"}, {"moment", Align::left}, {"phase", Align::left, true}},
              .rows = {}};
  for (const auto& [kind, moment] : findings.moments) {
    table.rows.push_back({duration(moment.at_ns), percent_cell(moment.cpu_percent), mb_cell(moment.bytes),
                          std::string(text_of(kind)), name(moment.phase, style)});
  }
  document.emplace_back(Heading{"Moments"});
  document.emplace_back(std::move(table));
}

}  // namespace tidemark::present::detail
