#include "detail/report_choices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iostream>

#include "detail/terminal.hpp"
#include "tidemark/base/quantities.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* threshold_names =
    "growth=4MB growth-percent=2 released=80 retained=50 last-part=25 samples=30 idle=10";

double parse_percent(std::string_view text, const std::string& what) {
  if (text.ends_with('%')) text.remove_suffix(1);
  double percent = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (failed != std::errc{} || end != text.data() + text.size() || !(percent >= 0 && percent <= 100)) {
    refuse(fmt::format("{} '{}' is not a percentage", what, text), "a number from 0 to 100");
  }
  return percent;
}

std::uint64_t parse_size(const std::string& text, const std::string& what) {
  const auto bytes = base::parse_size_bytes(text);
  if (!bytes) refuse(fmt::format("{} '{}' is not a size", what, text), "write 64k, 100MB or 1.5GB");
  return *bytes;
}

struct PercentThreshold {
  std::string_view name;
  double analysis::Thresholds::*value;
};

constexpr std::array percent_thresholds{
    PercentThreshold{"growth-percent", &analysis::Thresholds::growth_percent},
    PercentThreshold{"released", &analysis::Thresholds::released_percent},
    PercentThreshold{"retained", &analysis::Thresholds::retained_percent},
    PercentThreshold{"last-part", &analysis::Thresholds::last_part_percent},
    PercentThreshold{"idle", &analysis::Thresholds::idle_cpu_percent},
};

/// NAME=VALUE.
void set_threshold(const std::string& text, analysis::Thresholds& thresholds) {
  const auto equal = text.find('=');
  const std::string name = text.substr(0, equal);
  const std::string value = equal == std::string::npos ? "" : text.substr(equal + 1);
  if (name == "growth") {
    thresholds.growth_bytes = static_cast<double>(parse_size(value, "--threshold growth"));
    return;
  }
  if (name == "samples") {
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), thresholds.fewest_samples);
    if (failed == std::errc{} && end == value.data() + value.size() && thresholds.fewest_samples > 0) return;
    refuse(fmt::format("--threshold samples '{}' is not a number of samples", value), "a whole number from 1");
  }
  for (const auto& threshold : percent_thresholds) {
    if (name != threshold.name) continue;
    thresholds.*threshold.value = parse_percent(value, "--threshold " + name);
    return;
  }
  refuse(fmt::format("there is no threshold '{}'", name), fmt::format("NAME=VALUE; by default {}", threshold_names));
}

/// NAME=FROM..TO, times since the recording's start; TO may be left out.
analysis::PhaseSpan parse_phase(const std::string& text) {
  const std::string hint = "NAME=FROM..TO in time since the start, for example 'load=1m..10m'";
  const auto equal = text.rfind('=');
  const auto dots = equal == std::string::npos ? equal : text.find("..", equal);
  if (equal == std::string::npos || equal == 0 || dots == std::string::npos) {
    refuse(fmt::format("--phases '{}' is no phase", text), hint);
  }
  analysis::PhaseSpan span;
  span.label = text.substr(0, equal);
  const std::string from = text.substr(equal + 1, dots - equal - 1);
  const std::string to = text.substr(dots + 2);
  span.from_ns = from.empty() ? 0 : parse_time(from, "--phases");
  span.to_ns = to.empty() ? INT64_MAX : parse_time(to, "--phases") - 1;  // a sample at TO belongs to what follows
  if (span.to_ns <= span.from_ns) refuse(fmt::format("--phases '{}' ends before it begins", text), hint);
  return span;
}

analysis::Settings read_settings(const CommandLine& line) {
  analysis::Settings settings;
  for (const auto& text : line.texts("threshold")) set_threshold(text, settings.thresholds);
  settings.thresholds.tolerance_percent = parse_percent(line.text("tolerance"), "--tolerance");
  if (settings.thresholds.last_part_percent <= 0) refuse("--threshold last-part 0 leaves nothing to judge");
  if (settings.thresholds.retained_percent > settings.thresholds.released_percent) {
    refuse("--threshold retained lies above released", "less than retained is retained, at least released is released");
  }
  if (line.has("warm-up")) settings.warm_up_ns = line.time_ns("warm-up");
  if (line.has("baseline-phase")) settings.baseline_phase = line.text("baseline-phase");
  if (line.has("warm-up") && line.has("baseline-phase")) {
    refuse("--warm-up and --baseline-phase exclude each other", "both say where the baseline is taken");
  }
  for (const auto& text : line.texts("phases")) settings.phases.push_back(parse_phase(text));
  std::stable_sort(settings.phases.begin(), settings.phases.end(),
                   [](const auto& a, const auto& b) { return a.from_ns < b.from_ns; });
  return settings;
}

ReportFormat read_format(const CommandLine& line) {
  const auto name = line.text("format");
  if (line.has("json") && name != "text" && name != "json") refuse("--json and --format exclude each other");
  if (line.has("json") || name == "json") return ReportFormat::json;
  if (name == "markdown") return ReportFormat::markdown;
  if (name != "text") refuse(fmt::format("there is no format '{}'", name), "text, json or markdown");
  return ReportFormat::text;
}

}  // namespace

void add_report_choices(po::options_description& options) {
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto texts = [](const char* name) {
    return po::value<std::vector<std::string>>()->composing()->value_name(name);
  };
  auto add = options.add_options();
  add("fail-on", texts("RULE"), "exit with 1 when RULE holds, e.g. 'growth>20MB' (repeatable)");
  add("format", text("text|json|markdown")->default_value("text"), "how to print");
  add("json", "the same as --format json");
  add("output,o", text("FILE")->default_value("-"), "write there; '-' is standard output");
  add("warm-up", text("TIME"), "leave out the beginning (default: a tenth of the time)");
  add("baseline-phase", text("LABEL"), "take the baseline from this phase");
  add("tolerance", text("PERCENT")->default_value("5"), "of peak - baseline: this close is back at the baseline");
  add("threshold", texts("NAME=VALUE"), "of the verdicts, e.g. growth=10MB (repeatable; see below)");
  add("phases", texts("NAME=FROM..TO"), "phases by time, e.g. load=1m..10m, instead of the marks (repeatable)");
  add("all", "every process and figure, not only those that fit a screen");
  add("ascii", "draw with ASCII characters only");
  add("help,h", "this text");
}

ReportChoices read_report_choices(const CommandLine& line) {
  ReportChoices choices;
  choices.settings = read_settings(line);
  choices.format = read_format(line);
  choices.output = line.text("output");
  choices.style.ascii = line.has("ascii");
  choices.style.all = line.has("all");
  for (const auto& text : line.texts("fail-on")) {
    auto rule = analysis::parse_rule(text);
    if (!rule)
      refuse(fmt::format("--fail-on '{}': {}", text, rule.error().detail), "for example --fail-on 'growth>20MB'");
    choices.rules.push_back(std::move(*rule));
  }
  return choices;
}

std::optional<Failure> check_baseline_phase(const analysis::Recording& recording, const analysis::Settings& settings,
                                            const std::string& file) {
  constexpr std::size_t shown_columns = 60;
  constexpr std::size_t most_labels = 8;
  if (settings.baseline_phase.empty()) return std::nullopt;
  std::vector<std::string> labels;
  for (const auto& span : settings.phases.empty() ? recording.phases : settings.phases) {
    if (span.label == settings.baseline_phase) return std::nullopt;
    const std::string label = present::printable(span.label, shown_columns);
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
  }
  std::string list;
  for (std::size_t i = 0; i < std::min(labels.size(), most_labels); ++i) list += (i == 0 ? "" : ", ") + labels[i];
  return Failure{fmt::format("{} has no phase '{}'", present::printable(file, shown_columns),
                             present::printable(settings.baseline_phase, shown_columns)),
                 labels.empty() ? "it has no phases: tidemark mark LABEL opens one while it is recorded"
                                : "its phases are: " + list + (labels.size() > most_labels ? ", …" : ""),
                 ExitStatus::usage};
}

present::TextStyle style_for(const ReportChoices& choices) {
  if (choices.output != "-") return choices.style;
  present::TextStyle style = style_of(STDOUT_FILENO);
  style.ascii = style.ascii || choices.style.ascii;
  style.all = choices.style.all;
  style.plot = choices.style.plot;
  return style;
}

std::optional<int> print_report(const std::string& text, const ReportChoices& choices, std::string_view command,
                                Streams& streams) {
  if (choices.output == "-") {
    streams.out << text << std::flush;
    return std::nullopt;
  }
  std::ofstream file(choices.output, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  if (file) return std::nullopt;
  return print_failure(streams, command, fmt::format("{} cannot be written", present::printable(choices.output, 200)),
                       "name a file in a directory of yours with -o", ExitStatus::usage);
}

int status_of_rules(const std::vector<analysis::RuleResult>& results, std::string_view command, Streams& streams) {
  std::vector<std::string> broken, undecided;
  for (const auto& result : results) {
    auto& list = result.broken ? broken : undecided;
    const bool judged = std::any_of(results.begin(), results.end(), [&result](const auto& other) {
      return other.rule.text == result.rule.text && !other.undecided;
    });
    if (!result.broken && (!result.undecided || judged)) continue;
    if (std::find(list.begin(), list.end(), result.rule.text) == list.end()) list.push_back(result.rule.text);
  }
  for (const auto& rule : broken) {
    streams.err << fmt::format("tidemark {}: failed on '{}'\n", command, present::printable(rule, 60));
  }
  for (const auto& rule : undecided) {
    streams.err << fmt::format("tidemark {}: '{}' could not be judged\n", command, present::printable(rule, 60));
  }
  if (!broken.empty()) return static_cast<int>(ExitStatus::finding);
  return static_cast<int>(undecided.empty() ? ExitStatus::done : ExitStatus::partial);
}

}  // namespace tidemark::cli
