// Purpose: the only place that turns errors into sentences: what happened, why, what to do, and the exit status.
#pragma once

#include <string>
#include <string_view>

#include "tidemark/base/result.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/control/stopped_target.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cli {

struct Failure {
  std::string message;
  std::string hint;
  ExitStatus status = ExitStatus::usage;
};

/// print_failure() of command.hpp.
[[nodiscard]] int print_failure(Streams& streams, std::string_view command, const Failure& failure);

/// A target that could not be opened.
[[nodiscard]] Failure explain_target(base::Pid pid, const base::Error& error);

/// A --name that no process has.
[[nodiscard]] Failure explain_no_match(const std::string& expression);

/// An interpreter that was required and cannot be read, or could not when somebody asked for the end.
[[nodiscard]] Failure explain_no_python(base::Pid pid, const cpython::OpenFailure& failure, bool asked_to_end);

/// Stacks that were asked for, of a process whose interpreter cannot be read.
[[nodiscard]] Failure explain_no_stacks(base::Pid pid, const cpython::OpenFailure& failure);

/// A target that could not be stopped for a reading.
[[nodiscard]] Failure explain_no_stop(base::Pid pid, const base::Error& error);

/// A target of which no clone could be made.
[[nodiscard]] Failure explain_no_freeze(base::Pid pid, const base::Error& error);

/// A stop that ended before the reading did.
[[nodiscard]] Failure explain_void_stop(base::Pid pid, const control::StopReport& report, std::int64_t max_pause_ns);

/// What a command keeps in a file for a later one: "ledger" and "heap".
struct SavedKind {
  std::string_view name, command;
};

/// One that could not be read, or could not be saved.
[[nodiscard]] Failure explain_saved(const SavedKind& kind, const std::string& path, const base::Error& error);
[[nodiscard]] Failure explain_save(const SavedKind& kind, const std::string& path, const base::Error& error);

/// A file of ours that could not be opened.
[[nodiscard]] Failure explain_output(const std::string& path, const base::Error& error);

/// A file of ours that could not be written any more.
[[nodiscard]] std::string explain_lost_output(const std::string& path, const base::Error& error);

}  // namespace tidemark::cli
