#include "detail/target_options.hpp"

#include <fmt/format.h>

#include <regex>

#include "tidemark/base/clock.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {
namespace {

constexpr std::int64_t shortest_pause_ns = base::ns_per_ms;
constexpr std::int64_t longest_pause_ns = 60 * base::ns_per_second;
constexpr std::size_t shown_columns = 40;

}  // namespace

void check_name_regex(const std::string& expression) {
  if (expression.empty()) refuse("--name '' names no process", "'.' matches every name");
  try {
    const std::regex checked(expression, std::regex::extended);
  } catch (const std::regex_error& error) {
    refuse(fmt::format("--name '{}' is not a regular expression: {}", present::printable(expression, shown_columns),
                       error.what()));
  }
}

TargetChoice read_target_choice(const CommandLine& line, std::string_view command) {
  TargetChoice choice;
  for (const auto& text : line.texts("pid")) {
    choice.pids.push_back(parse_pid(text, "a pid is a positive whole number; --name REGEX finds processes by name"));
  }
  const std::string example = fmt::format("tidemark {0} -p PID, or tidemark {0} --name REGEX", command);
  if (choice.pids.empty() && !line.has("name")) refuse("no process named", example);
  if (!choice.pids.empty() && line.has("name")) refuse("-p and --name exclude each other", example);
  if (!line.has("name")) return choice;
  choice.name_regex = line.text("name");
  check_name_regex(choice.name_regex);
  return choice;
}

std::int64_t read_max_pause(const CommandLine& line) {
  const std::int64_t pause_ns = line.time_ns("max-pause");
  if (pause_ns < shortest_pause_ns || pause_ns > longest_pause_ns) {
    refuse(fmt::format("--max-pause {} is out of range", line.text("max-pause")), "1ms to 60s");
  }
  return pause_ns;
}

}  // namespace tidemark::cli
