#include "tidemark/cli/objects_options.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <charconv>

#include "detail/command_line.hpp"
#include "detail/locate_options.hpp"
#include "detail/reading_options.hpp"
#include "detail/target_options.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {
namespace {

namespace po = boost::program_options;

constexpr std::size_t shown_columns = 40, most_samples = 100'000;
constexpr std::int64_t shortest_budget_ns = 10 * base::ns_per_ms;

void add_options(po::options_description& options) {
  auto add = options.add_options();
  add_target_options(add, "the objects of this process (repeatable)", "of all that descend from it too");
  add("sort", po::value<std::string>()->default_value("size")->value_name("size|count"), "what comes first");
  add("top", po::value<std::string>()->value_name("N"), "rows of the table; 0 shows all; 25 when not given");
  add("filter", po::value<std::string>()->value_name("GLOB"),
      "only types whose module.qualname matches, with their sum; for example 'azure*'");
  add("by", po::value<std::string>()->default_value("type")->value_name("type|module"), "what a row is");
  add("type", po::value<std::string>()->value_name("TYPE"),
      "look closer at this type: samples, a histogram of sizes, generations of the collector; 'Order' is every "
      "module's Order, 'shop.models.Order' that one");
  add("samples", po::value<std::string>()->value_name("N"), "objects that --type shows; 10 when not given");
  add("budget", po::value<std::string>()->default_value("10s")->value_name("TIME"),
      "our own CPU for one process; what it has no time for is left out, and said");
  add("json", "one JSON object, with all types");
  add_comparison_options(add, "census");
  add_mode_options(add);
  add_locate_options(add);
  add("help,h", "this text");
}

bool is_comparison(const ObjectsOptions& options) { return !options.diff_file.empty() || options.growth_ns; }

std::size_t read_number(const CommandLine& line, const char* option, std::size_t most) {
  const std::string given = line.text(option);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), number);
  if (error != std::errc{} || end != given.data() + given.size() || number > most) {
    refuse(fmt::format("--{} '{}' is out of range or no number", option, present::printable(given, shown_columns)),
           fmt::format("a whole number from 0 to {}", most));
  }
  return number;
}

std::string read_word(const CommandLine& line, const char* option, std::string_view one, std::string_view other) {
  auto given = line.text(option);
  if (given != one && given != other) {
    refuse(fmt::format("--{} '{}' is none", option, present::printable(given, shown_columns)),
           fmt::format("{} or {}", one, other));
  }
  return given;
}

void read_table(const CommandLine& line, ObjectsOptions& options) {
  constexpr std::size_t most_rows = 1'000'000;
  options.sort = read_word(line, "sort", "size", "count") == "size" ? ObjectsSort::size : ObjectsSort::count;
  options.by_module = read_word(line, "by", "type", "module") == "module";
  if (line.has("top")) options.top = read_number(line, "top", most_rows);
  if (line.has("filter")) options.filter = line.text("filter");
  if (line.has("filter") && options.filter.empty()) refuse("--filter '' matches nothing", "'*' is every type");
  options.json = line.has("json");
  if (options.json && options.by_module) {
    refuse("--by module and --json exclude each other: the JSON has each type with its module");
  }
  if (!is_comparison(options)) return;
  if (options.by_module) refuse("--by module shows one census: --diff and --growth have a table of their own");
  if (options.sort == ObjectsSort::count) {
    refuse("--sort count orders one census: --diff and --growth have what grew most first");
  }
}

void read_focus(const CommandLine& line, ObjectsOptions& options) {
  if (line.has("samples")) options.samples = read_number(line, "samples", most_samples);
  if (!line.has("type")) {
    if (line.has("samples")) refuse("--samples needs --type TYPE: they are objects of one type");
    return;
  }
  options.type = line.text("type");
  if (options.type.empty()) refuse("--type '' names no type");
  if (is_comparison(options)) {
    refuse("--type looks at one census: --diff and --growth have a table of their own");
  }
  if (options.by_module) refuse("--type and --by module exclude each other");
  if (!options.filter.empty()) refuse("--type and --filter exclude each other: --type shows no table of types");
}

}  // namespace

Manual objects_manual() {
  Manual manual;
  manual.name = "objects";
  manual.summary = "count the Python objects of a running process, by type";
  manual.synopsis = {"tidemark objects -p PID [-p PID…] [options]", "tidemark objects --name REGEX [options]"};
  manual.description =
      "Every object that pymalloc and malloc hold: also str, int, bytes, float and what\n"
      "else gc.get_objects() cannot see. Sizes are those of sys.getsizeof(); `held` is\n"
      "what they keep: their blocks, and the buffers behind them.\n\n"
      "The process is read while it runs, and how much of it was seen is printed. With\n"
      "--consistency stopped or frozen the counts are exact, at the price of a pause,\n"
      "which is printed too.\n";
  add_options(manual.options);
  manual.examples = {
      {"tidemark objects -p 4711", "which types take the most"},
      {"tidemark objects -p 4711 --growth 60s", "which grow"},
      {"tidemark objects -p 4711 --filter 'azure*'", "those of one package, with their sum"},
      {"tidemark objects -p 4711 --by module", "a row for each module"},
      {"tidemark objects -p 4711 --type Order", "some of the objects themselves"},
      {"tidemark objects -p 4711 --save monday.json", "keep it,"},
      {"tidemark objects -p 4711 --diff monday.json", "and compare later"},
      {"tidemark objects -p 4711 --consistency frozen --json", "exact, for a script"},
  };
  manual.exit_status =
      "0 done, 2 usage (also a FILE that cannot be read or written), 3 no\n"
      "target could be opened (refused, gone, no Python), 4 a part is missing: one of\n"
      "several targets, a process that --diff cannot match, a --type that no object\n"
      "has, or what --budget had no time for.\n";
  return manual;
}

ParsedObjectsOptions parse_objects_options(std::span<const std::string> arguments) {
  return parse_command<ObjectsOptions>(objects_manual(), arguments, false, [](const CommandLine& line) {
    ObjectsOptions options;
    options.children = line.has("children");
    auto choice = read_target_choice(line, "objects");
    options.pids = std::move(choice.pids);
    options.name_regex = std::move(choice.name_regex);
    static_cast<ReadingMode&>(options) = read_mode(line);
    static_cast<ComparisonChoice&>(options) = read_comparison(line, "census");
    read_table(line, options);
    read_focus(line, options);
    options.budget_ns = line.time_ns("budget");
    if (options.budget_ns < shortest_budget_ns) {
      refuse(fmt::format("--budget {} is too short", line.text("budget")), "10ms at least; 10s walks some 5 GB");
    }
    options.locate = locate_options_of(line);
    return options;
  });
}

}  // namespace tidemark::cli
