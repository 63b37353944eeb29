#include "tidemark/cli/heap_options.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/program_options.hpp>

#include "detail/command_line.hpp"
#include "detail/locate_options.hpp"
#include "detail/target_options.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {
namespace {

namespace po = boost::program_options;

constexpr std::int64_t shortest_growth_ns = 100 * base::ns_per_ms;
constexpr std::size_t shown_columns = 40;

template <class Value>
using Words = std::array<std::pair<std::string_view, Value>, 4>;

constexpr Words<Consistency> consistencies{{{"racing", Consistency::racing},
                                            {"stopped", Consistency::stopped},
                                            {"frozen", Consistency::frozen},
                                            {"auto", Consistency::automatic}}};
constexpr Words<HeapView> views{
    {{"owner", HeapView::owners}, {"arena", HeapView::arenas}, {"file", HeapView::files}, {"type", HeapView::types}}};

void add_options(po::options_description& options) {
  auto add = options.add_options();
  add("pid,p", po::value<std::vector<std::string>>()->composing()->value_name("PID"),
      "the memory of this process (repeatable)");
  add("name", po::value<std::string>()->value_name("REGEX"), "of every process whose name or command line matches");
  add("children", "of all that descend from it too, with what each has unshared since fork");
  add("by", po::value<std::string>()->default_value("owner")->value_name("owner|arena|file|type"),
      "the table: by owner, by arena of malloc and pymalloc, by mapped file, by Python type");
  add("json", "one JSON object, with all tables");
  add("save", po::value<std::string>()->value_name("FILE"), "keep the JSON in FILE too, for --diff");
  add("diff", po::value<std::string>()->value_name("FILE"), "what changed since a ledger that --save kept");
  add("growth", po::value<std::string>()->value_name("TIME"),
      "read twice, this far apart, and show what changed; for example 60s");
  add("consistency", po::value<std::string>()->default_value("racing")->value_name("racing|stopped|frozen|auto"),
      "read while it runs, stop it meanwhile, or read a copy-on-write clone of it; auto takes the gentlest exact way");
  add("max-pause", po::value<std::string>()->value_name("TIME"),
      "with stopped, frozen or auto: it goes on after this time, read or not; 1s when not given");
  add("low-memory", "slower, with little memory of our own whatever the heap's size");
  add_locate_options(add);
  add("help,h", "this text");
}

/// What an option's word stands for. `hint` says what there is.
template <class Value>
Value value_of(const CommandLine& line, const char* option, const Words<Value>& words, const char* hint) {
  const std::string given = line.text(option);
  for (const auto& [word, value] : words) {
    if (word == given) return value;
  }
  refuse(fmt::format("--{} '{}' is none", option, present::printable(given, shown_columns)), hint);
}

void read_consistency(const CommandLine& line, HeapOptions& options) {
  options.consistency =
      value_of(line, "consistency", consistencies, "racing (it runs on), stopped, frozen (a clone is read), or auto");
  options.low_memory = line.has("low-memory");
  if (!line.has("max-pause")) return;
  if (options.consistency == Consistency::racing) {
    refuse("--max-pause needs --consistency stopped, frozen or auto: else nothing is stopped");
  }
  options.max_pause_ns = read_max_pause(line);
}

void read_comparison(const CommandLine& line, HeapOptions& options) {
  if (line.has("diff") && line.has("growth")) {
    refuse("--diff and --growth exclude each other",
           "--diff FILE compares with a saved ledger, --growth TIME reads twice");
  }
  if (line.has("diff")) options.diff_file = line.text("diff");
  if (line.has("diff") && options.diff_file.empty()) refuse("--diff '' names no file");
  if (!line.has("growth")) return;
  options.growth_ns = line.time_ns("growth");
  if (*options.growth_ns < shortest_growth_ns) {
    refuse(fmt::format("--growth {} is too short", line.text("growth")),
           "100ms at least; 60s shows what grows steadily");
  }
}

void read_output(const CommandLine& line, HeapOptions& options) {
  options.json = line.has("json");
  options.by = value_of(line, "by", views, "owner, arena, file or type");
  if (line.has("save")) {
    options.save_file = line.text("save");
    if (options.save_file.empty() || options.save_file == "-") {
      refuse(fmt::format("--save '{}' names no file", options.save_file), "--json prints on standard output");
    }
  }
  if (options.by == HeapView::owners) return;
  if (options.json) refuse("--by and --json exclude each other: the JSON has all tables");
  if (!options.diff_file.empty() || options.growth_ns) {
    refuse("--by shows one ledger: --diff and --growth have tables of their own");
  }
}

}  // namespace

Manual heap_manual() {
  Manual manual;
  manual.name = "heap";
  manual.summary = "show where the memory of a running process is, adding up to RSS";
  manual.synopsis = {"tidemark heap -p PID [-p PID…] [options]", "tidemark heap --name REGEX [options]"};
  manual.description =
      "Python objects, space that pymalloc and malloc keep free, native blocks in use,\n"
      "stacks, libraries, files: rows that add up to RSS as smaps has it, and a row of\n"
      "what nobody owns. Then what it means: what malloc_trim would give back, which\n"
      "few objects hold arenas, whether native code leaks.\n\n"
      "The process is read while it runs, and how wrong a row can be is printed. With\n"
      "--consistency stopped or frozen it is exact, at the price of a pause, which is\n"
      "printed too.\n";
  add_options(manual.options);
  manual.examples = {
      {"tidemark heap -p 4711", "where its memory is now"},
      {"tidemark heap -p 4711 --growth 60s", "what grows"},
      {"tidemark heap -p 4711 --by type", "which Python types"},
      {"tidemark heap -p 4711 --save monday.json", "keep it,"},
      {"tidemark heap -p 4711 --diff monday.json", "and compare later"},
      {"tidemark heap -p 4711 --children", "a worker tree: what each has unshared since fork"},
      {"tidemark heap -p 4711 --consistency frozen --json", "exact, for a script"},
  };
  manual.exit_status =
      "0 done, 2 usage (also a FILE that cannot be read or written), 3 no\n"
      "target could be opened (refused, gone), 4 a part is missing: one of several\n"
      "targets, a process that --diff cannot match, or a ledger that does not add up.\n";
  return manual;
}

ParsedHeapOptions parse_heap_options(std::span<const std::string> arguments) {
  return parse_command<HeapOptions>(heap_manual(), arguments, false, [](const CommandLine& line) {
    HeapOptions options;
    options.children = line.has("children");
    auto choice = read_target_choice(line, "heap");
    options.pids = std::move(choice.pids);
    options.name_regex = std::move(choice.name_regex);
    read_consistency(line, options);
    read_comparison(line, options);
    read_output(line, options);
    options.locate = locate_options_of(line);
    return options;
  });
}

}  // namespace tidemark::cli
