// What the tests of the collector share: processes to look at, and the events of a batch by their kind.
#pragma once

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <variant>
#include <vector>

#include "tidemark/collect/collector.hpp"

namespace tidemark::collect::test {

inline const base::SystemClock system_clock;

/// A forked process that ends when this object does, or when told to.
class Forked {
 public:
  /// The child runs `body` and then waits to be told to end.
  explicit Forked(const std::function<void()>& body = [] {}) {
    std::array<int, 2> ready{};
    REQUIRE(::pipe(ready.data()) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      body();
      [[maybe_unused]] const ssize_t told = ::write(ready[1], "r", 1);
      while (true) ::pause();
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;
  ~Forked() { end(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill_only() { ::kill(pid_, SIGKILL); }
  void end() {
    if (pid_ <= 0) return;
    kill_only();
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

template <class What>
std::vector<const What*> all(const Batch& batch) {
  std::vector<const What*> found;
  for (const auto& event : batch.events) {
    if (const auto* what = std::get_if<What>(&event.what)) found.push_back(what);
  }
  return found;
}

inline void wait_until_zombie(pid_t pid) {
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
}

}  // namespace tidemark::collect::test
