// `tidemark report`: what a recording says.
#include <fmt/format.h>

#include <iostream>

#include "detail/read_back.hpp"
#include "detail/report_choices.hpp"
#include "tidemark/base/quantities.hpp"
#include "tidemark/cli/command.hpp"

namespace tidemark::cli {
namespace {

struct ReportOptions {
  std::vector<std::string> files;
  ReportChoices choices;
};

using Parsed = std::variant<ReportOptions, UsageError, HelpWanted>;

Parsed parse(const Manual& manual, std::span<const std::string> arguments) {
  return parse_command<ReportOptions>(manual, arguments, true, [](const CommandLine& line) {
    ReportOptions options{line.words(), read_report_choices(line)};
    if (options.files.empty()) refuse("no recording named", "tidemark report FILE.csv");
    options.choices.style.plot = !line.has("no-plot");
    if (line.has("limit")) {
      options.choices.settings.limit = base::parse_size_bytes(line.text("limit"));
      if (!options.choices.settings.limit || *options.choices.settings.limit == 0) {
        refuse(fmt::format("--limit '{}' is not a size", line.text("limit")), "write 512MB or 8GB");
      }
    }
    return options;
  });
}

std::vector<present::ReportView> make_views(const std::vector<ReadBack>& read, const ReportOptions& options) {
  std::vector<present::ReportView> views;
  for (const auto& one : read) {
    for (std::size_t part = 0; part < one.recordings.size(); ++part) {
      present::ReportView view;
      view.file = one.files.name;
      view.files = one.paths();
      view.part = part + 1;
      view.parts = one.recordings.size();
      if (part == 0) view.notes = one.notes;
      view.report = analysis::make_report(one.recordings[part], options.choices.settings);
      view.rules = analysis::judge(options.choices.rules, view.report);
      views.push_back(std::move(view));
    }
  }
  return views;
}

std::string render(const std::vector<present::ReportView>& views, const ReportChoices& choices) {
  if (choices.format == ReportFormat::json) return present::report_json(views);
  const auto style = style_for(choices);
  std::string text;
  for (const auto& view : views) {
    if (!text.empty()) text += '\n';
    text += choices.format == ReportFormat::markdown ? present::report_markdown(view, style)
                                                     : present::report_text(view, style);
  }
  return text;
}

int report(const ReportOptions& options, Streams& streams) {
  const auto read = read_back(options.files);
  if (const auto* failure = std::get_if<Failure>(&read)) {
    return print_failure(streams, "report", *failure);
  }
  for (const auto& one : std::get<std::vector<ReadBack>>(read)) {
    const auto& settings = options.choices.settings;
    if (const auto failure = check_baseline_phase(one.recordings.back(), settings, one.files.name)) {
      return print_failure(streams, "report", *failure);
    }
  }
  const auto views = make_views(std::get<std::vector<ReadBack>>(read), options);
  if (const auto failed = print_report(render(views, options.choices), options.choices, "report", streams)) {
    return *failed;
  }
  int status = static_cast<int>(ExitStatus::done);
  for (const auto& view : views) {
    const int of_view = status_of_rules(view.rules, "report", streams);
    // A broken rule says more than one that could not be judged.
    if (status != static_cast<int>(ExitStatus::finding) && of_view != static_cast<int>(ExitStatus::done)) {
      status = of_view;
    }
  }
  return status;
}

}  // namespace

Manual report_manual() {
  Manual manual;
  manual.name = "report";
  manual.summary = "say what a recording shows: growth, peak, release, verdict";
  manual.synopsis = {"tidemark report FILE… [options]"};
  manual.description =
      "FILE is a CSV or JSONL of tidemark record (its rotated files are found), or any\n"
      "CSV that has the seven columns of psutil-style recorders.\n\n"
      "RULE is METRIC, > or <, and a value: growth>20MB, growth>10%, slope>5MB/h,\n"
      "retained>30%, peak>2GB, cpu_peak>300%, verdict=growing. With NAME: in front it\n"
      "concerns the processes of that name, else every name and the tree.\n\n"
      "Thresholds of the verdicts, with their defaults: growth=4MB and growth-percent=2\n"
      "(growing is more than both), released=80, retained=50 (% of peak - baseline),\n"
      "last-part=25 (% of the time, where release is judged), samples=30, idle=10 (%).\n";
  auto add = manual.options.add_options();
  add("limit", boost::program_options::value<std::string>()->value_name("SIZE"),
      "forecast to this limit instead of the cgroup's");
  add("no-plot", "leave the plot out");
  add_report_choices(manual.options);
  manual.positional = "FILE";
  manual.examples = {
      {"tidemark report soak.csv", "one screen: verdict, levels, trend, phases"},
      {"tidemark report soak.csv --fail-on 'growth>20MB' --fail-on verdict=growing", "for CI: exit status 1 on a leak"},
      {"tidemark report night.jsonl --baseline-phase idle", "the level of a phase is the baseline"},
      {"tidemark report soak.csv --format markdown > report.md", "for a pull request"},
      {"tidemark report soak.csv --json | jq '.recordings[0].tree.verdict'", "for a script"},
  };
  manual.exit_status =
      "0 done, 1 failed on a RULE, 2 usage, 3 a FILE cannot be\n"
      "read, 4 a rule could not be judged (too short, no such process).\n";
  return manual;
}

int run_report(std::span<const std::string> arguments, Streams& streams) {
  const Manual manual = report_manual();
  return run_parsed(manual, parse(manual, arguments), streams,
                    [&streams](const ReportOptions& options) { return report(options, streams); });
}

}  // namespace tidemark::cli
