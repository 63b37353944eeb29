// Purpose: the parts of a report, in the order a reader meets them. Each adds what it has to say, or nothing.
#pragma once

#include <string>
#include <vector>

#include "document.hpp"

namespace tidemark::present::detail {

/// The tree; or the only process of the recording, which is all there is of it.
[[nodiscard]] const analysis::Findings& main_subject(const analysis::Report& report);

/// "all together", or the process's name with its pid or how many there are.
[[nodiscard]] std::string subject_text(const analysis::Findings& findings, const TextStyle& style);

void add_head(Document& document, const ReportView& view, const TextStyle& style);
void add_verdicts(Document& document, const ReportView& view, const TextStyle& style);
void add_subjects(Document& document, const ReportView& view, const TextStyle& style);
void add_details(Document& document, const ReportView& view, const TextStyle& style);
void add_plot(Document& document, const ReportView& view, const TextStyle& style);
void add_moments(Document& document, const ReportView& view, const TextStyle& style);
void add_phases(Document& document, const ReportView& view, const TextStyle& style);
void add_objects(Document& document, const ReportView& view, const TextStyle& style);
void add_forecast(Document& document, const ReportView& view, const TextStyle& style);
void add_cost(Document& document, const ReportView& view, const TextStyle& style);
void add_rules(Document& document, const ReportView& view, const TextStyle& style);

/// "Growing: 15.2 MB/h (…), +7.6 MB since the baseline of 101.3 MB." Without markup but for the verdict's own word.
[[nodiscard]] std::string verdict_sentence(const analysis::Findings& findings, const analysis::Thresholds& thresholds);
/// The verdict in a table's cell: "growing", "released", "too short".
[[nodiscard]] std::string verdict_word(analysis::VerdictKind kind);
/// Which of two is the worse news: a larger number.
[[nodiscard]] int severity(analysis::VerdictKind kind);

/// The phases that fit a screen: those that moved most, in time's order; all when the style says so.
[[nodiscard]] std::vector<const analysis::PhaseFindings*> shown_phases(const analysis::SubjectPhases& phases,
                                                                       const TextStyle& style);
/// "A" for the first shown phase, "B", …; empty beyond Z.
[[nodiscard]] std::string phase_letter(std::size_t shown);

}  // namespace tidemark::present::detail
