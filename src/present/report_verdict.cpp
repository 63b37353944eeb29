#include <fmt/format.h>

#include <algorithm>

#include "detail/figures.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using analysis::Findings;
using analysis::Thresholds;
using analysis::VerdictKind;

double peak_above_baseline(const Findings& findings) { return findings.levels.peak.bytes - findings.levels.baseline; }

std::string since_baseline(const Findings& findings) {
  return fmt::format("{} since the baseline of {}", signed_megabytes(findings.levels.growth_bytes),
                     megabytes(findings.levels.baseline));
}

std::string growing(const Findings& findings) {
  if (!findings.trend) return fmt::format("{}: {}.", strong("Growing"), since_baseline(findings));
  return fmt::format("{}: {}, {}.", strong("Growing"), rate_with_interval(findings.trend->medians),
                     since_baseline(findings));
}

/// As the verdict sees it: over the last part of the time.
std::string came_back(const Findings& findings) {
  const auto share = findings.release.last_part_percent;
  return share ? fmt::format("{:.0f} % of {}", *share, megabytes(peak_above_baseline(findings)))
               : fmt::format("part of {}", megabytes(peak_above_baseline(findings)));
}

std::string released(const Findings& findings) {
  const auto& release = findings.release;
  const std::string time = release.back_after_ns ? " within " + duration(*release.back_after_ns) : std::string();
  return fmt::format("{}: {} came back{}.", strong("Peak released"), came_back(findings), time);
}

std::string retained(const Findings& findings, const Thresholds& thresholds) {
  return fmt::format("{}: {} was back over the last {} % of the time; {} retained at the end.", strong("Peak retained"),
                     came_back(findings), plain(thresholds.last_part_percent),
                     megabytes(findings.release.retained_bytes));
}

std::string partly_released(const Findings& findings) {
  return fmt::format("{}: {} came back; {} retained at the end.", strong("Partly released"), came_back(findings),
                     megabytes(findings.release.retained_bytes));
}

std::string too_short(const Findings& findings, const Thresholds& thresholds) {
  if (findings.samples >= thresholds.fewest_samples) {
    return fmt::format("{}: too few of the {} lie after warm-up.", strong("Too short to tell"),
                       counted(findings.samples, "sample"));
  }
  return fmt::format("{}: {}; {} are needed.", strong("Too short to tell"), counted(findings.samples, "sample"),
                     thresholds.fewest_samples);
}

/// What the word in front of the verdict stands for, with the thresholds in force.
std::string meaning(const Findings& findings, const Thresholds& thresholds) {
  switch (findings.verdict.kind) {
    case VerdictKind::too_short:
    case VerdictKind::not_judged:
      return {};
    case VerdictKind::growing:
    case VerdictKind::steady:
      return fmt::format(
          "Growing means: lower 95 % bound above 0, still rising, and growth of medians and minima above {} (the "
          "larger of {} % of the baseline and {}).",
          megabytes(findings.verdict.growth_threshold_bytes), plain(thresholds.growth_percent),
          megabytes(thresholds.growth_bytes));
    default:
      return fmt::format(
          "Released means: at least {} % of peak - baseline back over the last {} % of the time; retained: less than "
          "{} %.",
          plain(thresholds.released_percent), plain(thresholds.last_part_percent), plain(thresholds.retained_percent));
  }
}

/// The names or processes that fare worst, if they fare worse than the whole.
struct Worse {
  const Findings* first = nullptr;
  std::size_t others = 0;
};

void look_for_worse(const std::vector<Findings>& subjects, int than, Worse& worse) {
  for (const auto& findings : subjects) {
    const int here = severity(findings.verdict.kind);
    if (here < severity(VerdictKind::partly_released) || here <= than) continue;
    const int worst = worse.first == nullptr ? than : severity(worse.first->verdict.kind);
    if (here > worst)
      worse = {.first = &findings, .others = 0};
    else if (here == worst)
      ++worse.others;
  }
}

void add_worse(Document& document, const ReportView& view, const TextStyle& style) {
  const auto& report = view.report;
  Worse worse;
  look_for_worse(report.names, severity(report.tree.verdict.kind), worse);
  look_for_worse(report.processes, severity(report.tree.verdict.kind), worse);
  if (worse.first == nullptr) return;
  std::string text = "Worse than the whole is " + subject_text(*worse.first, style) + ". " +
                     verdict_sentence(*worse.first, report.settings.thresholds);
  if (worse.others > 0) text += fmt::format(" So are {} more.", worse.others);
  document.push_back(Sentences{text});
}

void add_most_of_it(Document& document, const analysis::Report& report, const TextStyle& style) {
  if (report.tree.verdict.kind != VerdictKind::growing || report.names.size() < 2) return;
  const auto& first = report.names.front();
  if (first.levels.growth_bytes <= 0) return;
  document.push_back(Sentences{
      fmt::format("{} grew most: {}.", subject_text(first, style), signed_megabytes(first.levels.growth_bytes))});
}

}  // namespace

int severity(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::growing:
      return 4;
    case VerdictKind::peak_retained:
      return 3;
    case VerdictKind::partly_released:
      return 2;
    case VerdictKind::peak_released:
    case VerdictKind::steady:
      return 1;
    case VerdictKind::too_short:
    case VerdictKind::not_judged:
      return 0;
  }
  return 0;
}

std::string verdict_word(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::growing:
      return "growing";
    case VerdictKind::peak_released:
      return "released";
    case VerdictKind::peak_retained:
      return "retained";
    case VerdictKind::partly_released:
      return "partly";
    case VerdictKind::steady:
      return "steady";
    case VerdictKind::too_short:
      return "too short";
    case VerdictKind::not_judged:
      return "-";
  }
  return {};
}

std::string verdict_sentence(const Findings& findings, const Thresholds& thresholds) {
  if (findings.samples == 0) return strong("No samples") + ": nothing to judge.";
  switch (findings.verdict.kind) {
    case VerdictKind::growing:
      return growing(findings);
    case VerdictKind::peak_released:
      return released(findings);
    case VerdictKind::peak_retained:
      return retained(findings, thresholds);
    case VerdictKind::partly_released:
      return partly_released(findings);
    case VerdictKind::steady:
      return fmt::format("{}: {}.", strong("Steady"), since_baseline(findings));
    case VerdictKind::too_short:
      return too_short(findings, thresholds);
    case VerdictKind::not_judged:
      return strong("Not judged") + ": too many processes grew more.";
  }
  return {};
}

void add_verdicts(Document& document, const ReportView& view, const TextStyle& style) {
  const auto& subject = main_subject(view.report);
  const auto& thresholds = view.report.settings.thresholds;
  document.push_back(Sentences{.text = verdict_sentence(subject, thresholds), .apart = true});
  if (subject.samples == 0) return;
  add_most_of_it(document, view.report, style);
  add_worse(document, view, style);
  document.push_back(Sentences{.text = meaning(subject, thresholds), .indent = 2});
}

}  // namespace tidemark::present::detail
