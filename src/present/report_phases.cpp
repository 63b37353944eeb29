#include <algorithm>
#include <cmath>

#include "detail/figures.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using analysis::PhaseFindings;
using analysis::SubjectPhases;

constexpr std::size_t most_phases = 10;

/// What a phase did to the level, for good or in passing.
double movement(const PhaseFindings& phase) {
  return std::max(std::abs(phase.delta_bytes), std::abs(phase.peak - phase.before));
}

std::vector<std::string> row_of(const PhaseFindings& phase, const std::string& letter, const TextStyle& style) {
  const auto& span = phase.span;
  std::vector<std::string> row{letter, name(span.label, style), duration(span.from_ns),
                               duration(span.to_ns - span.from_ns)};
  if (phase.samples == 0) return row;
  row.insert(row.end(), {mb_cell(phase.before), mb_cell(phase.after), signed_mb_cell(phase.delta_bytes),
                         signed_mb_cell(phase.from_start_bytes), mb_cell(phase.peak),
                         percent_cell(phase.cpu_peak_percent), percent_cell(phase.recovered_percent)});
  return row;
}

std::string fields_of(const PhaseFindings& phase, const TextStyle& style) {
  std::string text;
  for (const auto& [key, value] : phase.span.fields) {
    text += (text.empty() ? "" : " ") + name(key + "=" + value, style, 60);
  }
  return text;
}

void add_phase_table(Document& document, const SubjectPhases& subject, const TextStyle& style) {
  Table table{.columns = {{""},
                          {"phase", Align::left, true},
                          {"start"},
                          {"lasted"},
                          {"before"},
                          {"after"},
                          {"delta"},
                          {"total"},
                          {"peak"},
                          {"CPU %"},
                          {"back %"}},
              .rows = {}};
  Facts fields;
  const auto shown = shown_phases(subject, style);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    table.rows.push_back(row_of(*shown[i], phase_letter(i), style));
    if (std::string text = fields_of(*shown[i], style); !text.empty()) {
      fields.facts.emplace_back(phase_letter(i) + " " + name(shown[i]->span.label, style, 20), std::move(text));
    }
  }
  document.emplace_back(
      Heading{subject.name.empty() ? "Phases, MB" : "Phases of " + name(subject.name, style) + ", MB"});
  document.emplace_back(std::move(table));
  if (!fields.facts.empty()) document.emplace_back(std::move(fields));
  if (const std::size_t more = subject.phases.size() - shown.size(); more > 0) {
    document.push_back(
        Sentences{.text = counted(more, "phase") + " more, which moved less (--all shows them).", .indent = 2});
  }
}

}  // namespace

std::vector<const PhaseFindings*> shown_phases(const SubjectPhases& phases, const TextStyle& style) {
  std::vector<const PhaseFindings*> shown;
  for (const auto& phase : phases.phases) shown.push_back(&phase);
  if (style.all || shown.size() <= most_phases) return shown;
  std::stable_sort(shown.begin(), shown.end(),
                   [](const auto* a, const auto* b) { return movement(*a) > movement(*b); });
  shown.resize(most_phases);
  std::stable_sort(shown.begin(), shown.end(),
                   [](const auto* a, const auto* b) { return a->span.from_ns < b->span.from_ns; });
  return shown;
}

std::string phase_letter(std::size_t shown) {
  constexpr std::size_t letters = 26;
  return shown < letters ? std::string(1, static_cast<char>('A' + shown)) : std::string();
}

void add_phases(Document& document, const ReportView& view, const TextStyle& style) {
  for (const auto& subject : view.report.phases) {
    if (subject.phases.empty() || (!subject.name.empty() && !style.all)) continue;
    add_phase_table(document, subject, style);
    if (!style.all) break;
  }
}

}  // namespace tidemark::present::detail
