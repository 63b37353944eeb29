#include "detail/reading_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>

#include "detail/target_options.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {

namespace po = boost::program_options;

namespace {

constexpr std::int64_t shortest_growth_ns = 100 * base::ns_per_ms;
constexpr std::size_t shown_columns = 40;

constexpr std::array<std::pair<std::string_view, Consistency>, 4> consistencies{{{"racing", Consistency::racing},
                                                                                 {"stopped", Consistency::stopped},
                                                                                 {"frozen", Consistency::frozen},
                                                                                 {"auto", Consistency::automatic}}};

}  // namespace

std::string_view word_of(Consistency consistency) {
  for (const auto& [word, value] : consistencies) {
    if (value == consistency) return word;
  }
  return {};
}

void add_target_options(po::options_description_easy_init& add, const char* of_this, const char* of_descendants) {
  add("pid,p", po::value<std::vector<std::string>>()->composing()->value_name("PID"), of_this);
  add("name", po::value<std::string>()->value_name("REGEX"), "of every process whose name or command line matches");
  add("children", of_descendants);
}

void add_mode_options(po::options_description_easy_init& add) {
  add("consistency", po::value<std::string>()->default_value("racing")->value_name("racing|stopped|frozen|auto"),
      "read while it runs, stop it meanwhile, or read a copy-on-write clone of it; auto takes the gentlest exact way");
  add("max-pause", po::value<std::string>()->value_name("TIME"),
      "with stopped, frozen or auto: it goes on after this time, read or not; 1s when not given");
  add("low-memory", "of stopped: a longer pause, and little memory of our own whatever the heap's size");
}

void add_comparison_options(po::options_description_easy_init& add, const std::string& reading) {
  const std::string diff = "what changed since a " + reading + " that --save kept";
  add("save", po::value<std::string>()->value_name("FILE"), "keep the JSON in FILE too, for --diff");
  add("diff", po::value<std::string>()->value_name("FILE"), diff.c_str());
  add("growth", po::value<std::string>()->value_name("TIME"),
      "read twice, this far apart, and show what changed; for example 60s");
}

ReadingMode read_mode(const CommandLine& line) {
  ReadingMode mode;
  const std::string given = line.text("consistency");
  const auto* const found =
      std::find_if(consistencies.begin(), consistencies.end(), [&](const auto& one) { return one.first == given; });
  if (found == consistencies.end()) {
    refuse(fmt::format("--consistency '{}' is none", present::printable(given, shown_columns)),
           "racing (it runs on), stopped, frozen (a clone is read), or auto");
  }
  mode.consistency = found->second;
  mode.low_memory = line.has("low-memory");
  if (!line.has("max-pause")) return mode;
  if (mode.consistency == Consistency::racing) {
    refuse("--max-pause needs --consistency stopped, frozen or auto: else nothing is stopped");
  }
  mode.max_pause_ns = read_max_pause(line);
  return mode;
}

ComparisonChoice read_comparison(const CommandLine& line, const std::string& reading) {
  ComparisonChoice choice;
  if (line.has("save")) {
    choice.save_file = line.text("save");
    if (choice.save_file.empty() || choice.save_file == "-") {
      refuse(fmt::format("--save '{}' names no file", choice.save_file), "--json prints on standard output");
    }
  }
  if (line.has("diff") && line.has("growth")) {
    refuse("--diff and --growth exclude each other",
           fmt::format("--diff FILE compares with a saved {}, --growth TIME reads twice", reading));
  }
  if (line.has("diff")) choice.diff_file = line.text("diff");
  if (line.has("diff") && choice.diff_file.empty()) refuse("--diff '' names no file");
  if (!line.has("growth")) return choice;
  choice.growth_ns = line.time_ns("growth");
  if (*choice.growth_ns < shortest_growth_ns) {
    refuse(fmt::format("--growth {} is too short", line.text("growth")),
           "100ms at least; 60s shows what grows steadily");
  }
  return choice;
}

}  // namespace tidemark::cli
