// Purpose: what all commands share: their streams, their exit statuses and their list. One file per command.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "tidemark/base/result.hpp"
#include "tidemark/cli/manual.hpp"

namespace tidemark::cli {

/// Exit statuses (docs/architecture.md, "Commands"). `record -- COMMAND` uses the command's own, and 125 for our
/// failures.
enum class ExitStatus : int { done = 0, finding = 1, usage = 2, cannot_open = 3, partial = 4, wrapper_failed = 125 };

/// Where a command reads and writes; tests pass string streams.
struct Streams {
  std::ostream& out;
  std::ostream& err;
};

struct Command {
  std::string_view name;
  int (*run)(std::span<const std::string> arguments, Streams& streams);
  Manual (*manual)();
};

/// All commands that exist, in the order of the help.
[[nodiscard]] std::span<const Command> commands();

[[nodiscard]] int run_record(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual record_manual();
[[nodiscard]] int run_mark(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual mark_manual();
[[nodiscard]] int run_report(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual report_manual();
[[nodiscard]] int run_compare(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual compare_manual();
[[nodiscard]] int run_stack(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual stack_manual();
[[nodiscard]] int run_objects(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual objects_manual();
[[nodiscard]] int run_heap(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual heap_manual();
[[nodiscard]] int run_doctor(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual doctor_manual();
[[nodiscard]] int run_man(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual man_manual();
[[nodiscard]] int run_completion(std::span<const std::string> arguments, Streams& streams);
[[nodiscard]] Manual completion_manual();

/// Prints `tidemark COMMAND: message` (`tidemark: message` without a command) and, when there is one, a second line
/// `hint: …`; returns the status as an int.
[[nodiscard]] int print_failure(Streams& streams, std::string_view command, const std::string& message,
                                const std::string& hint, ExitStatus status);

/// The whole program: picks the command, handles --help and --version, never throws.
[[nodiscard]] int run(std::span<const std::string> arguments, Streams& streams);

}  // namespace tidemark::cli
