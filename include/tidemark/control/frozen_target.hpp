// Purpose: a target as it was at one instant, read while it runs on: a copy-on-write clone of it that never runs.
//
// How: the tracer of a StoppedTarget stops every thread and makes one of them call clone(CLONE_FILES | CLONE_FS |
// CLONE_IO, exit signal 0). The kernel copies the page tables; that is the pause. The threads go on; the clone stands
// as a tracee before its first instruction. At the end it is killed and one thread of the target is made to wait for
// it.
//
// Invariants:
// - All that a StoppedTarget promises for the pause: see there. The second pause, release()'s, is of one thread.
// - The target is written in one place: about 4 KiB below a stack pointer and its red zone, where a signal handler's
//   frame would be. What lies there brings the thread back to where it was when we or the tracer die in the middle.
// - The clone executes nothing of the target's program. It dies with the tracer; should the tracer die before it has
// tied
//   the clone to itself, the clone ends itself. The target gets no SIGCHLD, and only a wait with __WALL or __WCLONE
//   sees the clone. At most one zombie is left by a run of ours that is killed; the next one has it waited for.
// - Memory that is written by either while the clone lives exists twice, and the first write to each page costs the
// target
//   a fault. Release it soon.
//
// What the clone does not have: pages with MADV_DONTFORK; pages with MADV_WIPEONFORK are zero; shared mappings are
// shared. While the clone lives the target's directory and root are shared with a process (CLONE_FS): setns(2) into a
// mount or user namespace fails with EINVAL, and a set-user-ID program that it executes itself gains nothing.
//
// What a thread that was stopped in nanosleep or in a timed poll notices when the tracer is killed in the window of the
// clone, and only then: it returns EINTR. Such a thread is used last.
//
// A FrozenTarget belongs to the thread that made it: the tracer dies with that thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/control/stopped_target.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::control {

/// The bounds are those of StopOptions.
struct FreezeOptions {
  /// The target goes on after this, whether the clone is made or not.
  std::int64_t max_pause_ns = base::ns_per_second;
  /// As StopOptions::max_settle_ns.
  std::int64_t max_settle_ns = 100 * base::ns_per_ms;
};

struct FreezeReport {
  std::int64_t pause_ns = 0;  ///< of the freeze: from the first interrupt to the last release, CLOCK_MONOTONIC
  std::size_t threads = 0;    ///< that stood
  std::vector<InterruptedCall> interrupted = {};  ///< in both pauses; see StopReport
  std::size_t restarted_epoll_waits = 0;
  /// The target's minor faults from just before the freeze to the release: at most so many are the price of the clone.
  std::uint64_t minor_faults = 0;
  /// The clone was waited for in the target, or the target has ended. False: a zombie is left to the next run.
  bool reaped = false;
  std::size_t old_zombies_reaped = 0;  ///< of runs of ours that were killed
  std::int64_t reap_pause_ns = 0;      ///< of one thread; 0: none was stopped
};

class FrozenTarget {
 public:
  /// Returns when the target runs again and the clone stands. `root` as for StoppedTarget::stop().
  ///
  /// Errors: those of StoppedTarget::stop(). `busy`, too: no thread stands where a call can be made in it (on a stack
  /// of its own, with room, in 64-bit code), or no clone within max_pause_ns. `unsupported`, too: seccomp would not
  /// allow the calls or its filters cannot be read, shadow stacks, no code for it in the target. A clone that the
  /// kernel refused has its errno (EAGAIN: too many processes; ENOMEM: no memory).
  [[nodiscard]] static base::Result<FrozenTarget> freeze(const proc::ProcRoot& root, base::Pid pid,
                                                         const FreezeOptions& options = {});

  FrozenTarget(FrozenTarget&&) noexcept;
  FrozenTarget& operator=(FrozenTarget&&) noexcept;
  FrozenTarget(const FrozenTarget&) = delete;
  FrozenTarget& operator=(const FrozenTarget&) = delete;
  /// Releases.
  ~FrozenTarget();

  /// As `root` names it. Its maps, pagemap, smaps and mem can be read; process_vm_readv would copy each page that it
  /// reads (mm/gup.c: unsharing a page for a pin).
  [[nodiscard]] base::Pid clone_pid() const;

  /// The clone's memory, by its mem file only. Absent pages are not touched. Valid until destruction; after release()
  /// every read fails.
  [[nodiscard]] const memory::MemorySource& memory() const;

  /// Kills the clone and says how it was. `usage` when called twice. `busy`: the tracer was killed, and the clone with
  /// it: what was read since is void when a read has failed with `gone`, else good.
  [[nodiscard]] base::Result<FreezeReport> release();

  /// The tracer's pid, for tests.
  [[nodiscard]] base::Pid tracer_pid() const;

 private:
  struct Hold;
  explicit FrozenTarget(std::unique_ptr<Hold> hold);

  std::unique_ptr<Hold> hold_;
};

}  // namespace tidemark::control
