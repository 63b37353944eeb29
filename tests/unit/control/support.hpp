// What the tests of this room share: targets that the test forks, which tell through shared memory how they are.
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tidemark/base/clock.hpp"
#include "tidemark/control/stopped_target.hpp"
#include "tidemark/proc/process_files.hpp"
#include "tidemark/proc/trace_state.hpp"

namespace tidemark::control::test {

inline void must(const base::Result<void>& result) {
  if (!result) FAIL(base::describe(result.error()));
}

/// The value, or a failed test that says why.
template <class T>
T must(base::Result<T> result) {
  if (!result) FAIL(base::describe(result.error()));
  return std::move(*result);
}

inline const proc::ProcRoot& proc_root() {
  static const proc::ProcRoot root = must(proc::ProcRoot::open());
  return root;
}

inline std::int64_t now_ns() { return base::SystemClock().monotonic_ns(); }

/// For messages.
inline double as_ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

/// What a target says of itself. All zero at first.
struct Facts {
  std::atomic<bool> ready;
  std::atomic<std::uint64_t> beats;          ///< goes up while the target runs
  std::atomic<std::int64_t> largest_gap_ns;  ///< between two beats
  std::atomic<std::uint64_t> before, after;  ///< set to the same number, one after the other, at each beat
  std::atomic<std::uint64_t> signals;        ///< handled
  std::atomic<std::uint64_t> out_of_order;   ///< of them
  std::atomic<std::uint64_t> early_returns;  ///< of calls that must not return
  std::atomic<std::uint64_t> signals_sent;
  std::atomic<std::uint64_t> threads_made;
  std::atomic<bool> go;  ///< set by the test
};

/// Waits for what a target must do sooner or later; a test that hangs here has failed.
inline void wait_until(const std::function<bool()>& condition, const char* what) {
  constexpr std::int64_t patience_ns = 30 * base::ns_per_second;
  const std::int64_t give_up_at = now_ns() + patience_ns;
  while (!condition()) {
    if (now_ns() > give_up_at) FAIL("still not: ", what);
    ::usleep(200);
  }
}

/// A child that runs `body`; killed and waited for at the end.
class Target {
 public:
  explicit Target(const std::function<void(Facts&)>& body) {
    void* at = ::mmap(nullptr, sizeof(Facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(at != MAP_FAILED);
    facts_ = new (at) Facts{};
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      body(*facts_);
      ::_exit(0);
    }
    wait_until([&] { return facts_->ready.load(); }, "the target is ready");
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() {
    if (!waited_) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::munmap(facts_, sizeof(Facts));
  }

  [[nodiscard]] base::Pid pid() const { return pid_; }
  [[nodiscard]] Facts& facts() const { return *facts_; }

  void wait_for_beats(std::uint64_t more = 3) const {
    const std::uint64_t wanted = facts_->beats.load() + more;
    wait_until([&] { return facts_->beats.load() >= wanted; }, "the target goes on");
  }
  /// The wait status; the target must end by itself.
  int wait_for_end() {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    waited_ = true;
    return status;
  }
  /// Each thread's state, by /proc.
  [[nodiscard]] std::vector<proc::TraceState> states() const {
    auto files = must(proc::ProcessFiles::open(proc_root(), pid_));
    std::vector<proc::TraceState> out;
    for (const base::Tid tid : must(files.thread_ids())) {
      if (auto state = proc::read_trace_state(files, tid)) out.push_back(*state);
    }
    return out;
  }

 private:
  Facts* facts_ = nullptr;
  base::Pid pid_ = 0;
  bool waited_ = false;
};

/// Beats for ever.
[[noreturn]] inline void beat(Facts& facts) {
  std::int64_t last = now_ns();
  while (true) {
    const std::int64_t now = now_ns();
    if (now - last > facts.largest_gap_ns.load()) facts.largest_gap_ns = now - last;
    last = now;
    const std::uint64_t number = facts.beats.load() + 1;
    facts.before = number;
    facts.after = number;
    facts.beats = number;
    facts.ready = true;
  }
}

/// Runs, and is traced by nobody.
inline bool is_untouched(const proc::TraceState& state) {
  return state.tracer_pid == 0 && state.state != 't' && state.state != 'T';
}

}  // namespace tidemark::control::test
