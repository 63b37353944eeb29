// Purpose: a process named by a user, opened: one that lives, is a process and is of our pid namespace; or why not.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "tidemark/cli/failure.hpp"
#include "tidemark/model/gap.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::cli {

struct OpenedProcess {
  proc::ProcessFiles files;
  proc::StatFields stat;
  proc::StatusFields status;
  std::string name;  ///< what a person calls it
  std::string command_line;

  /// As the process itself names it, when that is another number.
  [[nodiscard]] std::optional<base::Pid> inner_pid() const;
};

struct NotOpened {
  std::string name;  ///< as far as it is known
  std::optional<base::Pid> inner_pid = {};
  model::Reason reason;
  Failure failure;
  std::optional<base::Error> error = {};
};

[[nodiscard]] std::variant<OpenedProcess, NotOpened> open_process(const proc::ProcRoot& root, base::Pid pid);

/// A process that ends under our hands leaves memory that makes no sense: that it has ended is the answer then.
[[nodiscard]] std::optional<base::Error> has_ended(const proc::ProcessFiles& files);

/// What was read of a process that executes another program meanwhile is of neither.
[[nodiscard]] bool runs_another_program(const proc::StatFields& before, const proc::ProcessFiles& files);

/// Why an interpreter is not there yet: another try may do better.
inline constexpr int most_open_tries = 10;
inline constexpr std::int64_t between_open_tries_ms = 50;

}  // namespace tidemark::cli
