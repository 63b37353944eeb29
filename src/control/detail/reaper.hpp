// Purpose: has the target wait for the clone that we have killed, in one thread that stops for it alone; the others run
// on. Runs in the tracer only (see tracer.hpp).
#pragma once

#include "clone_maker.hpp"
#include "kernel_calls.hpp"
#include "thread_stopper.hpp"
#include "tracer.hpp"

namespace tidemark::control::detail {

class Reaper {
 public:
  Reaper(const TracerJob& job, const DeadMan& dead_man, int child_signals)
      : job_(job), dead_man_(dead_man), stopper_(job, dead_man), child_signals_(child_signals) {}

  /// `released`, with what was reaped; the thread goes on, at the latest when we die.
  [[nodiscard]] Message reap(CloneMaker& maker);

 private:
  /// True: nothing more is to be tried.
  [[nodiscard]] bool try_thread(base::Tid tid, CloneMaker& maker);
  void try_threads(CloneMaker& maker);

  const TracerJob& job_;
  const DeadMan& dead_man_;
  ThreadStopper stopper_;
  int child_signals_;
  int tries_ = 0;
  CloneMaker::Reaped reaped_;
};

}  // namespace tidemark::control::detail
