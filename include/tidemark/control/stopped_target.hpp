// Purpose: a target that stands still while it is read. The only room that may stop a process.
//
// How: a disposable child of ours (the tracer) seizes and interrupts every thread (PTRACE_SEIZE, PTRACE_INTERRUPT:
// ptrace(2), kernel 3.4) and lets them go again. Nothing of the target is written but one register of a thread that
// sits in an endless epoll_wait, see below.
//
// Invariants:
// - The target never stays stopped. The tracer lets it go when it is asked, at max_pause, and when we have gone; the
//   kernel lets it go when the tracer dies (kernel/ptrace.c, exit_ptrace), and a timer of the kernel's kills a tracer
//   that hangs or is itself stopped. No signal of the target is lost or added, whenever the tracer dies.
// - A target that is stopped by SIGSTOP or job control stays so, and its parent hears nothing of us.
// - We keep our signal mask and get no SIGCHLD for the tracer; wait(-1) never sees it (its exit signal is 0).
//
// What the target notices: the time, and what follows from signal(7), "Interruption of system calls … by stop signals":
// nearly all blocking calls are restarted by the kernel. epoll_wait, recv with SO_RCVTIMEO, sigtimedwait and semtimedop
// return EINTR instead. An epoll_wait without a timeout is made to restart (unless the tracer is killed before it gets
// so far); the others are counted.
//
// A StoppedTarget belongs to the thread that made it: the tracer dies with that thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::control {

/// More threads than this are `limit`.
inline constexpr std::size_t max_stopped_threads = 16'384;
/// The bounds of StopOptions::max_pause_ns; outside them is `usage`.
inline constexpr std::int64_t min_max_pause_ns = base::ns_per_ms;
inline constexpr std::int64_t max_max_pause_ns = 60 * base::ns_per_second;

struct StopOptions {
  /// The target goes on after this, whether we are done or not.
  std::int64_t max_pause_ns = base::ns_per_second;
  /// How long stop() waits for a thread in uninterruptible sleep, before the stop and again in it; the others stand
  /// still meanwhile. One that only waits for a CPU is waited for until max_pause_ns.
  std::int64_t max_settle_ns = 100 * base::ns_per_ms;
};

/// Who ended the stop.
enum class ReleasedBy {
  request,       ///< resume()
  max_pause,     ///< the tracer, because max_pause_ns was over
  tracer_death,  ///< the kernel: somebody killed the tracer
  target_exit,   ///< nobody: the target was killed while it stood
};

/// A kind of call that returned EINTR to its caller, because of the stop and for no other reason.
struct InterruptedCall {
  std::string name;  ///< "recvfrom"; "syscall 999" when we have no name for it
  std::size_t count = 0;

  bool operator==(const InterruptedCall&) const = default;
};

struct StopReport {
  /// From the first interrupt to the last release, CLOCK_MONOTONIC: no thread stood longer. After tracer_death an upper
  /// bound.
  std::int64_t pause_ns = 0;
  std::size_t threads = 0;  ///< that stood
  ReleasedBy released_by = ReleasedBy::request;
  std::vector<InterruptedCall> interrupted = {};  ///< by name; a call cut by a signal that was on its way is not ours
  std::size_t restarted_epoll_waits = 0;

  /// Something was read while the target may have been running: throw it away.
  [[nodiscard]] bool reading_is_void() const { return released_by != ReleasedBy::request; }
};

class StoppedTarget {
 public:
  /// Returns when every thread stands still. `root` is the /proc in which `pid` is named; it must be that of our own
  /// pid namespace.
  ///
  /// Errors: `gone` (also when it ends or replaces its program meanwhile), `permission` (EPERM: another user, not
  /// dumpable, Yama; under Yama's scope 1 also a child of ours, which is none of the tracer's), `busy` with a detail:
  /// somebody traces it ("traced by 4711 (gdb)"), or a thread does not stop
  /// ("thread 4712 is in uninterruptible sleep (vfork)"); then the target was not stopped, or goes on already. `usage`:
  /// ourselves, or options out of bounds. `limit`: too many threads. `unsupported`: a kernel thread.
  [[nodiscard]] static base::Result<StoppedTarget> stop(const proc::ProcRoot& root, base::Pid pid,
                                                        const StopOptions& options = {});

  StoppedTarget(StoppedTarget&&) noexcept;
  StoppedTarget& operator=(StoppedTarget&&) noexcept;
  StoppedTarget(const StoppedTarget&) = delete;
  StoppedTarget& operator=(const StoppedTarget&) = delete;
  /// Resumes.
  ~StoppedTarget();

  /// The target's memory, as memory::LiveMemory reads it: absent pages are not touched. Any other MemorySource of the
  /// same process sees the same bytes. Valid until destruction; after resume() it is a racing source.
  [[nodiscard]] const memory::MemorySource& memory() const;

  /// Lets the target go and says how it was. Call it before using what was read: only the report tells whether the
  /// target stood all the time. `usage` when called twice; `io` when the tracer's answer makes no sense.
  [[nodiscard]] base::Result<StopReport> resume();

  /// The tracer's pid, for tests.
  [[nodiscard]] base::Pid tracer_pid() const;

 private:
  struct Hold;
  explicit StoppedTarget(std::unique_ptr<Hold> hold);

  std::unique_ptr<Hold> hold_;
};

}  // namespace tidemark::control
