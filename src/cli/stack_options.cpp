#include "tidemark/cli/stack_options.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <charconv>

#include "detail/command_line.hpp"
#include "detail/locate_options.hpp"
#include "detail/target_options.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {
namespace {

namespace po = boost::program_options;

constexpr std::size_t shown_columns = 40;

void add_options(po::options_description& options) {
  auto add = options.add_options();
  add("pid,p", po::value<std::vector<std::string>>()->composing()->value_name("PID"),
      "the stacks of this process (repeatable)");
  add("name", po::value<std::string>()->value_name("REGEX"), "of every process whose name or command line matches");
  add("children", "of all that descend from it too");
  add("json", "one JSON object");
  add("collapsed", "one line for each stack, as flamegraph.pl reads them");
  add("consistency", po::value<std::string>()->default_value("racing")->value_name("racing|stopped"),
      "read while it runs, or stop it for some milliseconds");
  add("max-pause", po::value<std::string>()->value_name("TIME"),
      "with stopped: it goes on after this time, read or not; 1s when not given");
  add("running", "only threads that run or hold the GIL");
  add("depth", po::value<std::string>()->value_name("N"), "show at most N frames of a thread; 40 when not given");
  add("all", "show all frames");
  add("no-source", "no source lines");
  add_locate_options(add);
  add("help,h", "this text");
}

void read_format(const CommandLine& line, StackOptions& options) {
  if (line.has("json") && line.has("collapsed")) refuse("--json and --collapsed exclude each other");
  if (line.has("json")) options.format = StackFormat::json;
  if (line.has("collapsed")) options.format = StackFormat::collapsed;
  options.source = !line.has("no-source") && options.format != StackFormat::collapsed;
  options.running_only = line.has("running");
  if (line.has("all") && line.has("depth")) refuse("--all and --depth exclude each other");
  if (line.has("all")) options.depth = 0;
  if (!line.has("depth")) return;
  const auto text = line.text("depth");
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), options.depth);
  if (failed != std::errc{} || end != text.data() + text.size() || options.depth == 0) {
    refuse(fmt::format("--depth '{}' is not a number of frames", present::printable(text, shown_columns)),
           "a whole number from 1; --all shows all");
  }
}

void read_consistency(const CommandLine& line, StackOptions& options) {
  const auto word = line.text("consistency");
  if (word != "racing" && word != "stopped") {
    refuse(fmt::format("--consistency '{}' is none", present::printable(word, shown_columns)),
           "racing (the process runs on) or stopped (it stands still for some milliseconds)");
  }
  options.stopped = word == "stopped";
  if (!line.has("max-pause")) return;
  if (!options.stopped) refuse("--max-pause needs --consistency stopped: else nothing is stopped");
  options.max_pause_ns = read_max_pause(line);
}

}  // namespace

Manual stack_manual() {
  Manual manual;
  manual.name = "stack";
  manual.summary = "show the Python stacks of all threads of a running process";
  manual.synopsis = {"tidemark stack -p PID [-p PID…] [options]", "tidemark stack --name REGEX [options]"};
  manual.description =
      "Each thread with its name and native id, whether it holds the GIL, runs or is\n"
      "idle, and its frames, the innermost first. The process is read while it runs: a\n"
      "stack counts only when two readings of it agree, and what moved each time says\n"
      "so. With --consistency stopped it stands still meanwhile; how long is printed.\n";
  add_options(manual.options);
  manual.examples = {
      {"tidemark stack -p 4711", "what it does now"},
      {"tidemark stack -p 4711 --children --running", "who works, in the whole tree"},
      {"tidemark stack -p 4711 --consistency stopped --max-pause 50ms", "exact, at the price of a short pause"},
      {"tidemark stack --name 'gunicorn|celery' --json", "for a script"},
      {"tidemark stack -p 4711 --collapsed | flamegraph.pl > now.svg", "as a picture"},
  };
  manual.exit_status =
      "0 done, 2 usage, 3 a target could not be opened (refused, gone, not\n"
      "Python), 4 a part is missing: one of several targets, or the stack of a thread.\n";
  return manual;
}

ParsedStackOptions parse_stack_options(std::span<const std::string> arguments) {
  return parse_command<StackOptions>(stack_manual(), arguments, false, [](const CommandLine& line) {
    StackOptions options;
    options.children = line.has("children");
    auto choice = read_target_choice(line, "stack");
    options.pids = std::move(choice.pids);
    options.name_regex = std::move(choice.name_regex);
    read_format(line, options);
    read_consistency(line, options);
    options.locate = locate_options_of(line);
    return options;
  });
}

}  // namespace tidemark::cli
