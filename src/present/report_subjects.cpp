#include <fmt/format.h>

#include <algorithm>

#include "detail/figures.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using analysis::Findings;
using analysis::Report;
using analysis::SubjectKind;

/// Of names and of single processes each.
constexpr std::size_t most_shown = 5;
constexpr std::size_t longest_name = 32;

bool is_alone(const Report& report) { return report.names.size() == 1 && report.names.front().processes == 1; }

std::vector<std::string> row_of(const Findings& findings, const TextStyle& style) {
  const auto& levels = findings.levels;
  return {subject_text(findings, style),
          mb_cell(levels.start),
          mb_cell(levels.baseline),
          mb_cell(levels.peak.bytes),
          mb_cell(levels.end),
          signed_mb_cell(levels.growth_bytes),
          signed_percent_cell(levels.growth_percent),
          verdict_word(findings.verdict.kind)};
}

/// Returns how many were left out.
std::size_t add_rows(Table& table, const std::vector<Findings>& subjects, const TextStyle& style) {
  const std::size_t shown = style.all ? subjects.size() : std::min(subjects.size(), most_shown);
  for (std::size_t i = 0; i < shown; ++i) table.rows.push_back(row_of(subjects[i], style));
  return subjects.size() - shown;
}

std::string left_out(std::size_t names, std::size_t processes) {
  if (names + processes == 0) return {};
  std::string text = "Not shown, as they grew less: ";
  if (names > 0) text += counted(names, "name");
  if (names > 0 && processes > 0) text += " and ";
  if (processes > 0) text += counted(processes, "single process", "es");
  return text + " (--all shows them).";
}

}  // namespace

const Findings& main_subject(const Report& report) { return is_alone(report) ? report.names.front() : report.tree; }

std::string subject_text(const Findings& findings, const TextStyle& style) {
  if (findings.kind == SubjectKind::tree) return fmt::format("all together ({})", findings.processes);
  const std::string shown = printable(findings.name, longest_name, style.ascii);
  if (findings.processes > 1) return fmt::format("{} ({})", name(shown, style), findings.processes);
  if (!findings.process) return name(shown, style);
  return name(fmt::format("{}[{}]", shown, findings.process->identity.pid), style, longest_name + 9);
}

void add_subjects(Document& document, const ReportView& view, const TextStyle& style) {
  const auto& report = view.report;
  if (report.tree.samples == 0) return;
  constexpr std::size_t narrowest = 14;  // the end of a name holds the pid
  Table table{.columns = {{"RSS in MB", Align::left, true, narrowest},
                          {"start"},
                          {"baseline"},
                          {"peak"},
                          {"end"},
                          {"growth"},
                          {"%"},
                          {"verdict", Align::left}},
              .rows = {},
              .apart = true};
  if (!is_alone(report)) table.rows.push_back(row_of(report.tree, style));
  const std::size_t names = add_rows(table, report.names, style);
  const std::size_t processes = add_rows(table, report.processes, style);
  document.emplace_back(std::move(table));
  if (const std::string text = left_out(names, processes); !text.empty()) {
    document.push_back(Sentences{.text = text, .indent = 2});
  }
}

}  // namespace tidemark::present::detail
