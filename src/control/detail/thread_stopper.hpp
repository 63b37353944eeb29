// Purpose: brings all threads of a target to a stop, and lets them go. Runs in the tracer only (see tracer.hpp).
// Invariant: at every instant the kernel could take over (our death): each thread is in a state from which it goes on
// as if we had never been.
#pragma once

#include <cstdint>

#include "kernel_calls.hpp"
#include "thread_table.hpp"
#include "tracer.hpp"

namespace tidemark::control::detail {

/// What went wrong, as the message says it.
struct StopTrouble {
  TracerFailure failure = TracerFailure::none;
  int os_errno = 0;
  base::Tid tid = 0;
  std::int32_t call_number = 0;

  [[nodiscard]] bool happened() const { return failure != TracerFailure::none; }
};

class ThreadStopper {
 public:
  /// `dead_man` is set anew when the pause begins.
  ThreadStopper(const TracerJob& job, const DeadMan& dead_man) : job_(job), dead_man_(dead_man) {}

  /// Listing, seizing, interrupting and waiting, again until a listing shows nobody but those who stand: a thread that
  /// we do not know can only be made by one that runs. `child_signals` is a signalfd of SIGCHLD.
  [[nodiscard]] StopTrouble stop_all(int child_signals);
  /// Stops one thread more, and the others not.
  [[nodiscard]] StopTrouble stop_one(base::Tid tid, int child_signals);
  /// False when no thread was left to let go.
  [[nodiscard]] bool release_all();

  [[nodiscard]] std::span<const TracedThread> threads() const { return threads_.all(); }
  /// Forgets the calls that a signal would have cut in any case: it is still pending while its thread stands.
  void forget_calls_cut_by_signals();

  [[nodiscard]] std::int64_t pause_start_ns() const { return pause_start_ns_; }
  [[nodiscard]] std::int64_t release_at_ns() const { return pause_start_ns_ + job_.max_pause_ns; }
  [[nodiscard]] std::uint64_t restarted_epoll_waits() const { return restarted_epoll_waits_; }
  [[nodiscard]] std::uint64_t cut_calls() const { return cut_calls_; }
  [[nodiscard]] std::uint64_t standing() const { return threads_.count(TracedThread::State::stopped); }

 private:
  [[nodiscard]] StopTrouble seize_new();
  enum class Seizure { ours, dead, refused };

  [[nodiscard]] StopTrouble seize_one(base::Tid tid);
  [[nodiscard]] Seizure try_to_seize(base::Tid tid, int& os_errno) const;
  [[nodiscard]] bool is_dead(base::Tid tid) const;
  [[nodiscard]] bool interrupt_new();
  [[nodiscard]] StopTrouble wait_for_stops(int child_signals);
  [[nodiscard]] std::int64_t settle_by_ns() const { return pause_start_ns_ + job_.max_settle_ns; }
  [[nodiscard]] base::Tid look_at_all(bool look_for_zombies);
  [[nodiscard]] base::Tid uninterruptible_one();
  void take_in(TracedThread& thread, bool look_for_zombies);
  void settle(TracedThread& thread);

  const TracerJob& job_;
  const DeadMan& dead_man_;
  ThreadTable threads_;
  bool saw_stranger_ = false;  ///< in the last listing
  std::int64_t pause_start_ns_ = 0;
  std::uint64_t restarted_epoll_waits_ = 0;
  std::uint64_t cut_calls_ = 0;
};

}  // namespace tidemark::control::detail
