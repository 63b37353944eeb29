// Purpose: the COMMAND of `record -- COMMAND`: made ready before the recording's files are opened, released to exec
// after, so that a file that cannot be opened never leaves a half-begun run behind. Invariants: the child gets our
// original signal mask, SIGPIPE and file limit; if it is never released it ends by itself.
#pragma once

#include <sys/resource.h>

#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/fd.hpp"

namespace tidemark::cli {

/// What we change of ourselves and a COMMAND must not inherit.
struct OriginalState {
  sigset_t signal_mask{};
  rlimit open_files{};
};

/// Whether execvp would find a program to run, so that a mistyped COMMAND leaves no files. `search_path` is $PATH.
[[nodiscard]] base::Result<void> check_runnable(const std::string& command, std::string_view search_path);

class ChildCommand {
 public:
  /// Forks; the child waits for release().
  [[nodiscard]] static base::Result<ChildCommand> prepare(std::vector<std::string> command,
                                                          const OriginalState& original);

  /// Lets the child exec and waits until it has. The error's errno is execvp's: ENOENT for a command that does not
  /// exist.
  [[nodiscard]] base::Result<void> release();

  /// Collects the child without waiting, or waiting when `block`; its wait status once it has ended.
  [[nodiscard]] std::optional<int> reap(bool block);

  /// Whether reap() has had its status.
  [[nodiscard]] bool has_ended() const { return wait_status_.has_value(); }

  /// Passes on a signal that somebody sent to us alone.
  void forward(int signal) const;

  [[nodiscard]] base::Pid pid() const { return pid_; }

 private:
  ChildCommand(base::Pid pid, base::Fd go, base::Fd failed)
      : pid_(pid), go_(std::move(go)), failed_(std::move(failed)) {}

  base::Pid pid_;
  base::Fd go_;      ///< a byte here releases the child; end of file sends it away
  base::Fd failed_;  ///< the child's errno when exec fails, end of file when it works
  std::optional<int> wait_status_;
};

/// 128 + n for a signal, else the exit status.
[[nodiscard]] int shell_status(int wait_status);

}  // namespace tidemark::cli
