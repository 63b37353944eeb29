// `tidemark compare`: two recordings side by side.
#include "tidemark/analysis/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "detail/read_back.hpp"
#include "detail/report_choices.hpp"
#include "tidemark/cli/command.hpp"

namespace tidemark::cli {
namespace {

struct CompareOptions {
  std::string before, after;
  ReportChoices choices;
};

using Parsed = std::variant<CompareOptions, UsageError, HelpWanted>;

Parsed parse(const Manual& manual, std::span<const std::string> arguments) {
  return parse_command<CompareOptions>(manual, arguments, true, [](const CommandLine& line) {
    const auto words = line.words();
    if (words.size() != 2) {
      refuse(fmt::format("two recordings are compared, {} given", words.size()), "tidemark compare BEFORE AFTER");
    }
    return CompareOptions{words[0], words[1], read_report_choices(line)};
  });
}

/// A recording that spans a restart of the machine is compared by its longest part.
const analysis::Recording& longest_part(const ReadBack& read, std::vector<std::string>& notes) {
  const auto longest =
      std::max_element(read.recordings.begin(), read.recordings.end(),
                       [](const auto& a, const auto& b) { return a.to_ns - a.from_ns < b.to_ns - b.from_ns; });
  if (read.recordings.size() > 1) {
    notes.push_back(fmt::format("{} spans {} starts of the machine: its longest part is compared.", read.files.name,
                                read.recordings.size()));
  }
  return *longest;
}

std::string render(const present::CompareView& view, const ReportChoices& choices) {
  switch (choices.format) {
    case ReportFormat::json:
      return present::compare_json(view);
    case ReportFormat::markdown:
      return present::compare_markdown(view, style_for(choices));
    case ReportFormat::text:
      break;
  }
  return present::compare_text(view, style_for(choices));
}

int compare(const CompareOptions& options, Streams& streams) {
  present::CompareView view{
      .before_file = options.before, .after_file = options.after, .notes = {}, .compared = {}, .rules = {}};
  std::vector<ReadBack> read;
  for (const auto& file : {options.before, options.after}) {
    auto one = read_back({file});
    if (const auto* failure = std::get_if<Failure>(&one)) {
      return print_failure(streams, "compare", *failure);
    }
    read.push_back(std::move(std::get<std::vector<ReadBack>>(one).front()));
    if (const auto failure = check_baseline_phase(read.back().recordings.back(), options.choices.settings, file)) {
      return print_failure(streams, "compare", *failure);
    }
    for (const auto& note : read.back().notes) view.notes.push_back(file + ": " + note);
  }
  view.compared =
      analysis::compare(longest_part(read[0], view.notes), longest_part(read[1], view.notes), options.choices.settings);
  view.rules = analysis::judge(options.choices.rules, view.compared.after);
  if (const auto failed = print_report(render(view, options.choices), options.choices, "compare", streams)) {
    return *failed;
  }
  return status_of_rules(view.rules, "compare", streams);
}

}  // namespace

Manual compare_manual() {
  Manual manual;
  manual.name = "compare";
  manual.summary = "compare two recordings: did the fix work";
  manual.synopsis = {"tidemark compare BEFORE AFTER [options]"};
  manual.description =
      "Peak, growth, retained memory, slope and CPU side by side, for the tree, each\n"
      "process name and each phase. What changed beyond noise (95 % bootstrap interval)\n"
      "is told from what did not. Rules and thresholds are those of tidemark report;\n"
      "--fail-on judges AFTER.\n";
  add_report_choices(manual.options);
  manual.positional = "FILE";
  manual.examples = {
      {"tidemark compare before.csv after.csv", "one screen"},
      {"tidemark compare main.csv branch.csv --fail-on 'growth>20MB'", "for CI"},
      {"tidemark compare before.csv after.csv --format markdown", "for a pull request"},
  };
  manual.exit_status =
      "0 done, 1 AFTER failed on a RULE, 2 usage, 3 a file\n"
      "cannot be read, 4 a rule could not be judged.\n";
  return manual;
}

int run_compare(std::span<const std::string> arguments, Streams& streams) {
  const Manual manual = compare_manual();
  return run_parsed(manual, parse(manual, arguments), streams,
                    [&streams](const CompareOptions& options) { return compare(options, streams); });
}

}  // namespace tidemark::cli
