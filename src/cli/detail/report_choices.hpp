// Purpose: what `report` and `compare` have in common on their command lines: thresholds, rules, and how to print.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "tidemark/analysis/rules.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/present/report.hpp"

namespace tidemark::cli {

enum class ReportFormat { text, json, markdown };

struct ReportChoices {
  analysis::Settings settings;
  std::vector<analysis::Rule> rules;
  ReportFormat format = ReportFormat::text;
  present::TextStyle style;
  std::string output;  ///< "-" is standard output
};

/// Adds the shared options to a command's own.
void add_report_choices(boost::program_options::options_description& options);

/// Throws Refused.
[[nodiscard]] ReportChoices read_report_choices(const CommandLine& line);

/// The phase asked for as baseline must be there; what is wrong if not.
[[nodiscard]] std::optional<Failure> check_baseline_phase(const analysis::Recording& recording,
                                                          const analysis::Settings& settings, const std::string& file);

/// Widths and colour that fit where the text goes.
[[nodiscard]] present::TextStyle style_for(const ReportChoices& choices);

/// Prints to standard output or into the file; an exit status when that failed.
[[nodiscard]] std::optional<int> print_report(const std::string& text, const ReportChoices& choices,
                                              std::string_view command, Streams& streams);

/// 1 when a rule is broken, 4 when one could not be judged at all, else 0. Says on stderr which, because text on
/// standard output may go into a file.
[[nodiscard]] int status_of_rules(const std::vector<analysis::RuleResult>& results, std::string_view command,
                                  Streams& streams);

}  // namespace tidemark::cli
