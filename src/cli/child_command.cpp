#include "detail/child_command.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ranges>

namespace tidemark::cli {
namespace {

struct Pipe {
  base::Fd read_end, write_end;
};

base::Result<Pipe> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail(base::os_error("make a pipe for the command", errno));
  return Pipe{base::Fd(ends[0]), base::Fd(ends[1])};
}

/// Runs in the child; only async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, const OriginalState& original, int go, int failed) {
  char byte = 0;
  if (::read(go, &byte, 1) != 1) ::_exit(0);
  ::setrlimit(RLIMIT_NOFILE, &original.open_files);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &original.signal_mask, nullptr);
  ::execvp(arguments[0], arguments);
  const int why = errno;
  [[maybe_unused]] const ssize_t told = ::write(failed, &why, sizeof why);
  ::_exit(127);
}

}  // namespace

base::Result<void> check_runnable(const std::string& command, std::string_view search_path) {
  const auto attempt = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0 ? 0 : errno; };
  int why = ENOENT;
  if (command.find('/') != std::string::npos) {
    why = attempt(command);
  } else {
    for (const auto piece : std::views::split(search_path, ':')) {
      const std::string directory(piece.begin(), piece.end());
      const int failed = attempt((directory.empty() ? "." : directory) + "/" + command);
      if (failed == 0) return {};
      if (failed == EACCES) why = EACCES;
    }
  }
  if (why == 0) return {};
  return base::fail(base::os_error("run the command", why));
}

base::Result<ChildCommand> ChildCommand::prepare(std::vector<std::string> command, const OriginalState& original) {
  auto go = open_pipe();
  if (!go) return base::fail(std::move(go).error());
  auto failed = open_pipe();
  if (!failed) return base::fail(std::move(failed).error());
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail(base::os_error("start the command", errno));
  if (pid == 0) {
    go->write_end.reset();  // else our own end would keep the pipe open when the recorder has gone
    become(arguments.data(), original, go->read_end.get(), failed->write_end.get());
  }
  return ChildCommand(pid, std::move(go->write_end), std::move(failed->read_end));
}

base::Result<void> ChildCommand::release() {
  const char byte = 1;
  if (::write(go_.get(), &byte, 1) != 1) return base::fail(base::os_error("release the command", errno));
  go_.reset();
  int why = 0;
  ssize_t got = 0;
  do {
    got = ::read(failed_.get(), &why, sizeof why);
  } while (got < 0 && errno == EINTR);
  failed_.reset();
  if (got == static_cast<ssize_t>(sizeof why)) return base::fail(base::os_error("run the command", why));
  return {};
}

std::optional<int> ChildCommand::reap(bool block) {
  if (wait_status_) return wait_status_;
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid_, &status, block ? 0 : WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended == pid_) wait_status_ = status;
  return wait_status_;
}

void ChildCommand::forward(int signal) const {
  if (!wait_status_) ::kill(pid_, signal);
}

int shell_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace tidemark::cli
