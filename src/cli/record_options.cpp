#include "tidemark/cli/record_options.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <regex>

#include "tidemark/base/quantities.hpp"

namespace tidemark::cli {
namespace {

namespace po = boost::program_options;

constexpr std::int64_t shortest_interval_ns = 10'000'000;
constexpr std::int64_t longest_interval_ns = 3'600'000'000'000;
constexpr std::uint64_t smallest_rotation_bytes = 4096;

po::options_description visible_options() {
  po::options_description options("Options", 80, 40);
  auto add = options.add_options();
  add("pid,p", po::value<std::vector<std::string>>()->composing()->value_name("PID"),
      "record this process (repeatable)");
  add("name", po::value<std::string>()->value_name("REGEX"), "record every process whose name or command line matches");
  add("interval,i", po::value<std::string>()->default_value("1s")->value_name("TIME"),
      "time between ticks, 10ms to 1h");
  add("duration,d", po::value<std::string>()->value_name("TIME"),
      "end after this time; without it at Ctrl-C or when the targets have gone");
  add("output,o", po::value<std::vector<std::string>>()->composing()->value_name("FILE"),
      "FILE.csv or FILE.jsonl; '-' is CSV on standard output (repeatable)");
  add("no-children", "only the processes named, not their children");
  add("append", "continue FILE instead of keeping it as FILE.old");
  add("rotate", po::value<std::string>()->value_name("SIZE"), "begin a new file at this size, for example 100MB");
  add("keep", po::value<std::string>()->value_name("N"), "keep at most N rotated files");
  add("pss", po::value<std::string>()->default_value("auto")->value_name("auto|off|SECONDS"),
      "how often to read PSS and USS");
  add("maps", "put memory by mapping kind into the JSONL");
  add("require", po::value<std::string>()->value_name("python"), "fail when the interpreter cannot be read");
  add("mark-signal", "SIGUSR1 opens a phase");
  add("quiet,q", "no progress line and no closing summary");
  add("help,h", "this text");
  return options;
}

/// A failed check; parse_record_options turns it into its result.
struct Refused {
  UsageError error;
};

[[noreturn]] void refuse(std::string message, std::string hint = {}) {
  throw Refused{{std::move(message), hint.empty() ? "see tidemark record --help" : std::move(hint)}};
}

base::Pid parse_pid(const std::string& text) {
  base::Pid pid = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (failed != std::errc{} || end != text.data() + text.size() || pid <= 0) {
    refuse(fmt::format("'{}' is not a process id", text),
           "a pid is a positive whole number; --name REGEX finds processes by name");
  }
  return pid;
}

std::int64_t parse_time(const std::string& text, const char* option) {
  const auto ns = base::parse_duration_ns(text);
  if (!ns) refuse(fmt::format("{} '{}' is not a time", option, text), "write 250ms, 1s, 5m or 1h");
  return *ns;
}

void read_targets(const po::variables_map& given, RecordOptions& options) {
  if (given.count("pid") != 0) {
    for (const auto& text : given["pid"].as<std::vector<std::string>>()) options.pids.push_back(parse_pid(text));
  }
  if (given.count("name") != 0) options.name_regex = given["name"].as<std::string>();
  const int kinds =
      (options.pids.empty() ? 0 : 1) + (given.count("name") != 0 ? 1 : 0) + (options.command.empty() ? 0 : 1);
  const std::string example = "tidemark record -p PID, tidemark record --name REGEX, or tidemark record -- COMMAND";
  if (kinds == 0) refuse("no process named", example);
  if (kinds > 1) refuse("-p, --name and -- COMMAND exclude each other", example);
  if (given.count("name") == 0) return;
  try {
    const std::regex checked(options.name_regex, std::regex::extended);
  } catch (const std::regex_error& error) {
    refuse(fmt::format("--name '{}' is not a regular expression: {}", options.name_regex, error.what()));
  }
}

void read_times(const po::variables_map& given, RecordOptions& options) {
  options.interval_ns = parse_time(given["interval"].as<std::string>(), "--interval");
  if (options.interval_ns < shortest_interval_ns || options.interval_ns > longest_interval_ns) {
    refuse(fmt::format("--interval {} is out of range", given["interval"].as<std::string>()), "10ms to 1h");
  }
  if (given.count("duration") != 0) {
    options.duration_ns = parse_time(given["duration"].as<std::string>(), "--duration");
    if (*options.duration_ns == 0) refuse("--duration 0 records nothing", "leave it out to record until Ctrl-C");
  }
  const auto pss = given["pss"].as<std::string>();
  if (pss == "off") {
    options.pss = PssMode::off;
  } else if (pss != "auto") {
    options.pss = PssMode::every;
    options.pss_interval_ns = parse_time(pss, "--pss");
    if (options.pss_interval_ns == 0) refuse("--pss 0 is no interval", "--pss auto, --pss off or --pss SECONDS");
  }
}

void read_outputs(const po::variables_map& given, RecordOptions& options) {
  if (given.count("output") != 0) options.outputs = given["output"].as<std::vector<std::string>>();
  for (const auto& path : options.outputs) {
    if (path == "-" || path.ends_with(".csv") || path.ends_with(".jsonl") || path == "/dev/null") continue;
    refuse(fmt::format("-o '{}' says no format", path),
           "name it FILE.csv or FILE.jsonl, or '-' for CSV on standard output");
  }
  auto sorted = options.outputs;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) refuse("the same -o twice");
  options.append = given.count("append") != 0;
  if (options.append && options.outputs.empty()) refuse("--append needs -o FILE", "name the recording to continue");
  if (given.count("rotate") != 0) {
    options.rotate_bytes = base::parse_size_bytes(given["rotate"].as<std::string>());
    if (!options.rotate_bytes || *options.rotate_bytes < smallest_rotation_bytes) {
      refuse(fmt::format("--rotate '{}' is not a size", given["rotate"].as<std::string>()),
             "write 64k, 100MB or 1GB; at least 4k");
    }
  }
  if (given.count("keep") == 0) return;
  if (!options.rotate_bytes) refuse("--keep needs --rotate SIZE");
  const auto text = given["keep"].as<std::string>();
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), options.keep);
  if (failed != std::errc{} || end != text.data() + text.size() || options.keep == 0) {
    refuse(fmt::format("--keep '{}' is not a number of files", text), "a whole number from 1");
  }
}

RecordOptions read_options(const po::variables_map& given, std::vector<std::string> command) {
  RecordOptions options;
  options.command = std::move(command);
  read_targets(given, options);
  read_times(given, options);
  read_outputs(given, options);
  options.children = given.count("no-children") == 0;
  options.maps = given.count("maps") != 0;
  options.mark_signal = given.count("mark-signal") != 0;
  options.quiet = given.count("quiet") != 0;
  if (given.count("require") != 0) {
    if (given["require"].as<std::string>() != "python") refuse("--require knows only 'python'");
    options.require_python = true;
  }
  if (options.maps && options.pss == PssMode::off)
    refuse("--maps reads PSS too, --pss off forbids it", "leave one of them out");
  return options;
}

}  // namespace

ParsedRecordOptions parse_record_options(std::span<const std::string> arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  const std::vector<std::string> own(arguments.begin(), dashes);
  std::vector<std::string> command;
  if (dashes != arguments.end()) command.assign(dashes + 1, arguments.end());
  try {
    po::variables_map given;
    const po::positional_options_description no_positionals;
    namespace style = po::command_line_style;
    po::store(po::command_line_parser(own)
                  .options(visible_options())
                  .positional(no_positionals)
                  .style(style::unix_style & ~style::allow_guessing)
                  .run(),
              given);
    if (given.count("help") != 0) return HelpWanted{};
    if (dashes != arguments.end() && command.empty())
      refuse("nothing after --", "tidemark record -- python3 worker.py");
    return read_options(given, std::move(command));
  } catch (const Refused& refused) {
    return refused.error;
  } catch (const po::too_many_positional_options_error&) {
    return UsageError{"a word that belongs to no option",
                      "a process is named with -p PID or --name REGEX, a COMMAND comes after --"};
  } catch (const po::error& error) {
    return UsageError{error.what(), "see tidemark record --help"};
  }
}

std::string record_help() {
  return fmt::format(
      "Record a running Python process and its children to CSV and JSONL.\n\n"
      "Usage: tidemark record -p PID [-p PID…] [options]\n"
      "       tidemark record --name REGEX [options]\n"
      "       tidemark record [options] -- COMMAND…\n\n"
      "The target is neither stopped nor written to. What cannot be read costs its\n"
      "columns, never the recording. Without -o the files are\n"
      "tidemark_NAME_PID_YYYYmmdd_HHMMSS.csv and .jsonl in this directory.\n\n"
      "{}\n"
      "Examples:\n"
      "  tidemark record -p 4711\n"
      "  tidemark record -p 4711 -i 100ms -d 10m -o soak.csv -o soak.jsonl\n"
      "  tidemark record --name 'gunicorn|celery' -o night.csv --rotate 100MB --keep 10\n"
      "  tidemark record -o - -q -p 4711 | head\n"
      "  tidemark record -o test.csv -- python3 -m pytest tests/soak\n\n"
      "Exit status: 0 done, 2 usage, 3 a target could not be opened, 4 a source or\n"
      "file asked for by option failed. With -- COMMAND it is the command's own\n"
      "(128 + n for signal n), and 125 when tidemark itself fails.\n",
      fmt::streamed(visible_options()));
}

}  // namespace tidemark::cli
