#include "detail/command_line.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iostream>

#include "tidemark/base/quantities.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {

namespace po = boost::program_options;

void refuse(std::string message, std::string hint) { throw Refused{{std::move(message), std::move(hint)}}; }

CommandLine::CommandLine(const Manual& manual, std::span<const std::string> arguments, bool words) {
  po::options_description all;
  all.add(manual.options);
  po::positional_options_description positionals;
  if (words) {
    all.add_options()("word", po::value<std::vector<std::string>>());
    positionals.add("word", -1);
  }
  namespace style = po::command_line_style;
  try {
    po::store(po::command_line_parser(std::vector<std::string>(arguments.begin(), arguments.end()))
                  .options(all)
                  .positional(positionals)
                  .style(style::unix_style & ~style::allow_guessing)
                  .run(),
              given_);
  } catch (const po::too_many_positional_options_error&) {
    refuse("a word that belongs to no option", "tidemark " + manual.name + " takes only options");
  }
}

std::vector<std::string> CommandLine::texts(const char* option) const {
  return has(option) ? given_[option].as<std::vector<std::string>>() : std::vector<std::string>{};
}

std::string shown_error(const po::error& error) {
  constexpr std::size_t longest_columns = 200;
  return present::printable(error.what(), longest_columns);
}

std::int64_t parse_time(const std::string& text, const std::string& what) {
  const auto ns = base::parse_duration_ns(text);
  if (!ns) refuse(fmt::format("{} '{}' is not a time", what, text), "write 250ms, 1s, 5m or 1h");
  return *ns;
}

base::Pid parse_pid(const std::string& text, std::string hint) {
  base::Pid pid = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (failed != std::errc{} || end != text.data() + text.size() || pid <= 0) {
    refuse(fmt::format("'{}' is not a process id", text), std::move(hint));
  }
  return pid;
}

std::int64_t CommandLine::time_ns(const char* option) const {
  return parse_time(text(option), std::string("--") + option);
}

int print_usage(const Manual& manual, const UsageError* wrong, Streams& streams) {
  if (wrong != nullptr) return print_failure(streams, manual.name, wrong->message, wrong->hint, ExitStatus::usage);
  streams.out << help_text(manual);
  return static_cast<int>(ExitStatus::done);
}

}  // namespace tidemark::cli
