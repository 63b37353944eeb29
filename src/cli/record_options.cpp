#include "tidemark/cli/record_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>

#include "detail/command_line.hpp"
#include "detail/target_options.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/base/quantities.hpp"

namespace tidemark::cli {
namespace {

namespace po = boost::program_options;

constexpr std::int64_t shortest_interval_ns = 10'000'000;
constexpr std::int64_t longest_interval_ns = 3'600'000'000'000;
constexpr std::uint64_t smallest_rotation_bytes = 4096;

void add_options(po::options_description& options) {
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
  add("stacks", "put the stacks of all Python threads into the JSONL");
  add("heap", po::value<std::string>()->value_name("TIME"),
      "read the heap's ledger this often at most, as far as its cost allows");
  add("census", po::value<std::string>()->value_name("TIME"),
      "count the objects of each type this often at most, as far as its cost allows (FILE.objects.csv)");
  add("census-top", po::value<std::string>()->value_name("N"),
      "how many types have a row in each census, 50 if not given; others when they moved");
  add("require", po::value<std::string>()->value_name("python"), "fail when the interpreter cannot be read");
  add("mark-signal", "SIGUSR1 opens a phase");
  add("quiet,q", "no progress line and no closing summary");
  add("help,h", "this text");
}

void read_targets(const CommandLine& line, RecordOptions& options) {
  if (line.has("pid")) {
    for (const auto& text : line.texts("pid"))
      options.pids.push_back(parse_pid(text, "a pid is a positive whole number; --name REGEX finds processes by name"));
  }
  if (line.has("name")) options.name_regex = line.text("name");
  const int kinds = (options.pids.empty() ? 0 : 1) + (line.has("name") ? 1 : 0) + (options.command.empty() ? 0 : 1);
  const std::string example = "tidemark record -p PID, tidemark record --name REGEX, or tidemark record -- COMMAND";
  if (kinds == 0) refuse("no process named", example);
  if (kinds > 1) refuse("-p, --name and -- COMMAND exclude each other", example);
  if (line.has("name")) check_name_regex(options.name_regex);
}

void read_census(const CommandLine& line, RecordOptions& options) {
  if (line.has("census-top") && !line.has("census")) refuse("--census-top needs --census TIME");
  if (!line.has("census")) return;
  options.census_interval_ns = line.time_ns("census");
  if (*options.census_interval_ns < base::ns_per_second) {
    refuse(fmt::format("--census {} is too often", line.text("census")), "1s at least; 60s is a good beginning");
  }
  if (!line.has("census-top")) return;
  const auto text = line.text("census-top");
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), options.census_top);
  const bool is_number = failed == std::errc{} && end == text.data() + text.size();
  if (!is_number || options.census_top == 0 || options.census_top > collect::most_census_top) {
    refuse(fmt::format("--census-top '{}' is not a number of types", text),
           fmt::format("a whole number from 1 to {}", collect::most_census_top));
  }
}

/// A recording of `--census` needs a file that has a place for it.
void check_census_outputs(const RecordOptions& options) {
  const auto& outputs = options.outputs;
  if (!options.census_interval_ns || outputs.empty()) return;
  for (const auto& path : outputs) {
    if (path.ends_with(".objects.csv")) {
      refuse(fmt::format("-o '{}' is where --census writes the objects of another file", path), "name it FILE.csv");
    }
  }
  const bool has_place = std::any_of(outputs.begin(), outputs.end(), [](const std::string& path) {
    return path.ends_with(".csv") || path.ends_with(".jsonl");
  });
  if (!has_place) refuse("--census needs a file: standard output has no place for it", "add -o FILE.csv");
}

void read_times(const CommandLine& line, RecordOptions& options) {
  options.interval_ns = line.time_ns("interval");
  if (options.interval_ns < shortest_interval_ns || options.interval_ns > longest_interval_ns) {
    refuse(fmt::format("--interval {} is out of range", line.text("interval")), "10ms to 1h");
  }
  if (line.has("duration")) {
    options.duration_ns = line.time_ns("duration");
    if (*options.duration_ns == 0) refuse("--duration 0 records nothing", "leave it out to record until Ctrl-C");
  }
  if (line.has("heap")) {
    options.heap_interval_ns = line.time_ns("heap");
    if (*options.heap_interval_ns < base::ns_per_second) {
      refuse(fmt::format("--heap {} is too often", line.text("heap")), "1s at least; 30s is a good beginning");
    }
  }
  const auto pss = line.text("pss");
  if (pss == "off") {
    options.pss = PssMode::off;
  } else if (pss != "auto") {
    options.pss = PssMode::every;
    options.pss_interval_ns = parse_time(pss, "--pss");
    if (options.pss_interval_ns == 0) refuse("--pss 0 is no interval", "--pss auto, --pss off or --pss SECONDS");
  }
}

void read_outputs(const CommandLine& line, RecordOptions& options) {
  if (line.has("output")) options.outputs = line.texts("output");
  for (const auto& path : options.outputs) {
    if (path == "-" || path.ends_with(".csv") || path.ends_with(".jsonl") || path == "/dev/null") continue;
    refuse(fmt::format("-o '{}' says no format", path),
           "name it FILE.csv or FILE.jsonl, or '-' for CSV on standard output");
  }
  auto sorted = options.outputs;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) refuse("the same -o twice");
  options.stacks = line.has("stacks");
  const auto is_jsonl = [](const std::string& path) { return path.ends_with(".jsonl"); };
  const auto& outputs = options.outputs;
  if (options.stacks && !outputs.empty() && std::none_of(outputs.begin(), outputs.end(), is_jsonl)) {
    refuse("--stacks needs a JSONL file: a CSV has no place for them", "add -o FILE.jsonl");
  }
  options.append = line.has("append");
  if (options.append && options.outputs.empty()) refuse("--append needs -o FILE", "name the recording to continue");
  if (line.has("rotate")) {
    options.rotate_bytes = base::parse_size_bytes(line.text("rotate"));
    if (!options.rotate_bytes || *options.rotate_bytes < smallest_rotation_bytes) {
      refuse(fmt::format("--rotate '{}' is not a size", line.text("rotate")), "write 64k, 100MB or 1GB; at least 4k");
    }
  }
  if (!line.has("keep")) return;
  if (!options.rotate_bytes) refuse("--keep needs --rotate SIZE");
  const auto text = line.text("keep");
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), options.keep);
  if (failed != std::errc{} || end != text.data() + text.size() || options.keep == 0) {
    refuse(fmt::format("--keep '{}' is not a number of files", text), "a whole number from 1");
  }
}

RecordOptions read_options(const CommandLine& line, std::vector<std::string> command) {
  RecordOptions options;
  options.command = std::move(command);
  read_targets(line, options);
  read_times(line, options);
  read_census(line, options);
  read_outputs(line, options);
  check_census_outputs(options);
  options.children = !line.has("no-children");
  options.maps = line.has("maps");
  options.mark_signal = line.has("mark-signal");
  options.quiet = line.has("quiet");
  if (line.has("require")) {
    if (line.text("require") != "python") refuse("--require knows only 'python'");
    options.require_python = true;
  }
  if (options.maps && options.pss == PssMode::off)
    refuse("--maps reads PSS too, --pss off forbids it", "leave one of them out");
  return options;
}

}  // namespace

ParsedRecordOptions parse_record_options(std::span<const std::string> arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> command;
  if (dashes != arguments.end()) command.assign(dashes + 1, arguments.end());
  const std::vector<std::string> own(arguments.begin(), dashes);
  const bool lacks_command = dashes != arguments.end() && command.empty();
  return parse_command<RecordOptions>(record_manual(), own, true, [&](const CommandLine& line) {
    if (lacks_command) refuse("nothing after --", "tidemark record -- python3 worker.py");
    if (!line.words().empty()) {
      refuse("a word that belongs to no option",
             "a process is named with -p PID or --name REGEX, a COMMAND comes after --");
    }
    return read_options(line, std::move(command));
  });
}

Manual record_manual() {
  Manual manual;
  manual.name = "record";
  manual.summary = "record a running Python process and its children to CSV and JSONL";
  manual.synopsis = {"tidemark record -p PID [-p PID…] [options]", "tidemark record --name REGEX [options]",
                     "tidemark record [options] -- COMMAND…"};
  manual.description =
      "The target is neither stopped nor written to. What cannot be read costs its\n"
      "columns, never the recording. Without -o the files are\n"
      "tidemark_NAME_PID_YYYYmmdd_HHMMSS.csv and .jsonl in this directory.\n\n"
      "At the end the report of the recording is printed, as tidemark report does.\n";
  add_options(manual.options);
  manual.examples = {
      {"tidemark record -p 4711", "until Ctrl-C"},
      {"tidemark record -p 4711 -i 100ms -d 10m -o soak.csv -o soak.jsonl", "ten minutes, finely"},
      {"tidemark record --name 'gunicorn|celery' -o night.csv --rotate 100MB --keep 10", "over night"},
      {"tidemark record -p 4711 --heap 30s -o night.jsonl", "with the ledger of its heap"},
      {"tidemark record -p 4711 --census 60s -o night.csv", "and which types of objects grow"},
      {"tidemark record -o - -q -p 4711 | head", "CSV on standard output"},
      {"tidemark record -o test.csv -- python3 -m pytest tests/soak", "a command and all it starts"},
  };
  manual.exit_status =
      "0 done, 2 usage, 3 a target could not be opened, 4 a source or\n"
      "file asked for by option failed. With -- COMMAND it is the command's own\n"
      "(128 + n for signal n), and 125 when tidemark itself fails.\n";
  return manual;
}

std::string record_help() { return help_text(record_manual()); }

}  // namespace tidemark::cli
