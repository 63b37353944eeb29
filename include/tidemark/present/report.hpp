// Purpose: a report or a comparison as text, Markdown and JSON. Values in, text out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/analysis/compare.hpp"
#include "tidemark/analysis/report.hpp"
#include "tidemark/analysis/rules.hpp"

namespace tidemark::present {

/// A report with where it comes from and how its rules fared.
struct ReportView {
  std::string file;                 ///< as the user names it
  std::vector<std::string> files;   ///< all that were read
  std::size_t part = 1, parts = 1;  ///< of a recording that spans several boots
  std::vector<std::string> notes;   ///< sentences: rows lost, cells that were no numbers, a file left aside
  analysis::Report report;
  std::vector<analysis::RuleResult> rules;
};

struct CompareView {
  std::string before_file, after_file;
  std::vector<std::string> notes;
  analysis::Compared compared;
  std::vector<analysis::RuleResult> rules;  ///< of AFTER
};

struct TextStyle {
  std::size_t width = 80;
  bool ascii = false;  ///< no character above 0x7F in what we draw
  bool all = false;    ///< every process, not only those that grew most
  bool colour = false;
  bool plot = true;
};

[[nodiscard]] std::string report_text(const ReportView& view, const TextStyle& style);
[[nodiscard]] std::string report_markdown(const ReportView& view, const TextStyle& style);
/// One object for all recordings of a call: {"schema":1,"tool":…,"recordings":[…]}; always all processes.
[[nodiscard]] std::string report_json(const std::vector<ReportView>& views);

[[nodiscard]] std::string compare_text(const CompareView& view, const TextStyle& style);
[[nodiscard]] std::string compare_markdown(const CompareView& view, const TextStyle& style);
[[nodiscard]] std::string compare_json(const CompareView& view);

}  // namespace tidemark::present
