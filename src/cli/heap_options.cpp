#include "tidemark/cli/heap_options.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/program_options.hpp>

#include "detail/command_line.hpp"
#include "detail/locate_options.hpp"
#include "detail/reading_options.hpp"
#include "detail/target_options.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {
namespace {

namespace po = boost::program_options;

constexpr std::size_t shown_columns = 40;

constexpr std::array<std::pair<std::string_view, HeapView>, 4> views{
    {{"owner", HeapView::owners}, {"arena", HeapView::arenas}, {"file", HeapView::files}, {"type", HeapView::types}}};

void add_options(po::options_description& options) {
  auto add = options.add_options();
  add_target_options(add, "the memory of this process (repeatable)",
                     "of all that descend from it too, with what each has unshared since fork");
  add("by", po::value<std::string>()->default_value("owner")->value_name("owner|arena|file|type"),
      "the table: by owner, by arena of malloc and pymalloc, by mapped file, by Python type");
  add("json", "one JSON object, with all tables");
  add_comparison_options(add, "ledger");
  add_mode_options(add);
  add_locate_options(add);
  add("help,h", "this text");
}

HeapView read_view(const CommandLine& line) {
  const std::string given = line.text("by");
  for (const auto& [word, view] : views) {
    if (word == given) return view;
  }
  refuse(fmt::format("--by '{}' is none", present::printable(given, shown_columns)), "owner, arena, file or type");
}

void read_output(const CommandLine& line, HeapOptions& options) {
  options.json = line.has("json");
  options.by = read_view(line);
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
    static_cast<ReadingMode&>(options) = read_mode(line);
    static_cast<ComparisonChoice&>(options) = read_comparison(line, "ledger");
    read_output(line, options);
    options.locate = locate_options_of(line);
    return options;
  });
}

}  // namespace tidemark::cli
