#include <fmt/format.h>

#include <array>
#include <iostream>

#include "tidemark/cli/command.hpp"

namespace tidemark::cli {
namespace {

constexpr std::array all_commands{
    Command{"record", run_record, record_manual},
    Command{"report", run_report, report_manual},
    Command{"compare", run_compare, compare_manual},
    Command{"mark", run_mark, mark_manual},
    Command{"stack", run_stack, stack_manual},
    Command{"heap", run_heap, heap_manual},
    Command{"objects", run_objects, objects_manual},
    Command{"doctor", run_doctor, doctor_manual},
    Command{"man", run_man, man_manual},
    Command{"completion", run_completion, completion_manual},
};

std::string command_list() {
  std::string names;
  for (const auto& command : all_commands) names += (names.empty() ? "" : ", ") + std::string(command.name);
  return names;
}

void print_help(std::ostream& out) {
  out << "tidemark says where the memory of a running Python process goes, from outside:\n"
         "no restart, no code change, nothing installed in it.\n\n"
         "Usage: tidemark COMMAND [options]\n\nCommands:\n";
  for (const auto& command : all_commands) out << fmt::format("  {:<10} {}\n", command.name, command.manual().summary);
  out << "\n"
         "Examples:\n"
         "  tidemark record -p 4711 -d 10m -o soak.csv\n"
         "  tidemark mark 'load test' users=200\n"
         "  tidemark report soak.csv --fail-on 'growth>20MB'\n"
         "  tidemark compare before.csv after.csv\n"
         "  tidemark stack -p 4711\n"
         "  tidemark heap -p 4711\n"
         "  tidemark objects -p 4711\n"
         "  tidemark doctor -p 4711\n\n"
         "tidemark COMMAND --help has the options. --version prints the version.\n"
         "Exit status: 0 done, 1 a finding you asked to fail on, 2 usage, 3 a target could\n"
         "not be opened, 4 a partial answer.\n";
}

}  // namespace

std::span<const Command> commands() { return all_commands; }

int run(std::span<const std::string> arguments, Streams& streams) {
  if (arguments.empty()) {
    print_help(streams.err);
    return static_cast<int>(ExitStatus::usage);
  }
  const std::string& word = arguments.front();
  if (word == "--help" || word == "-h" || word == "help") {
    print_help(streams.out);
    return static_cast<int>(ExitStatus::done);
  }
  if (word == "--version" || word == "-V") {
    streams.out << "tidemark " << TIDEMARK_VERSION << '\n';
    return static_cast<int>(ExitStatus::done);
  }
  for (const auto& command : all_commands) {
    if (command.name == word) return command.run(arguments.subspan(1), streams);
  }
  return print_failure(streams, "", fmt::format("there is no command '{}'", word),
                       "the commands are: " + command_list(), ExitStatus::usage);
}

}  // namespace tidemark::cli
