// Purpose: the life of the clone outside of the target's pause: it never runs, dies with us, and is the first to go
// when memory runs out. Runs in the tracer only (see tracer.hpp).
#pragma once

#include <cstdint>

#include "kernel_calls.hpp"
#include "tracer.hpp"

namespace tidemark::control::detail {

class CloneKeeper {
 public:
  CloneKeeper(const TracerJob& job, const DeadMan& dead_man, int child_signals)
      : job_(job), dead_man_(dead_man), child_signals_(child_signals) {}

  /// Waits until the clone stands and ties it to us. Until then our death lets it run, and it ends itself. False: it
  /// has been killed.
  [[nodiscard]] bool secure(base::Pid clone);
  /// Until a request comes, or ours have gone.
  void hold() const;
  /// Returns when the clone is a zombie of the target's.
  void kill() const;

 private:
  void mark() const;

  const TracerJob& job_;
  const DeadMan& dead_man_;
  int child_signals_;
  base::Pid clone_ = 0;
};

}  // namespace tidemark::control::detail
