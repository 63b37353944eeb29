// Purpose: has a standing target make the clone, and wait for it later. Runs in the tracer only (see tracer.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "freeze_plan.hpp"
#include "injection.hpp"
#include "thread_stopper.hpp"

namespace tidemark::control::detail {

class CloneMaker {
 public:
  CloneMaker(const TracerJob& job, int child_signals) : job_(job), child_signals_(child_signals) {}

  /// Before the target stands: code and memory that the pause needs are in place then. The tracer is a fresh process,
  /// to which each first touch of a page is a fault.
  void rehearse();

  /// In the thread that notices least, of those that stand. On trouble `not_back` we must die; on any other the threads
  /// are as they were.
  [[nodiscard]] StopTrouble make(std::span<const TracedThread> threads, std::int64_t give_up_at_ns);
  [[nodiscard]] base::Pid clone() const { return clone_; }

  /// What the target has been made to wait for.
  struct Reaped {
    bool clone = false;
    std::uint64_t old_zombies = 0;
  };
  /// In one of these threads. Nullopt: we must die.
  [[nodiscard]] std::optional<Reaped> reap(std::span<const TracedThread> threads, std::int64_t give_up_at_ns);
  /// The thread that the last call was made in.
  [[nodiscard]] base::Tid maker() const { return maker_; }

 private:
  [[nodiscard]] bool begin_in_best(std::span<const TracedThread> threads, std::int64_t give_up_at_ns,
                                   std::optional<Injection>& out);
  [[nodiscard]] bool sites_are_there(base::Tid tid) const;
  [[nodiscard]] StopTrouble check_filters(std::span<const TracedThread> threads, const Injection& injection) const;

  const TracerJob& job_;
  int child_signals_;
  InjectionMemory memory_;
  base::Pid clone_ = 0;
  base::Pid inner_clone_ = 0;  ///< as the target numbers it
  base::Tid maker_ = 0;
};

}  // namespace tidemark::control::detail
