// Purpose: makes system calls in the name of a thread of the target. Runs in the tracer only (see tracer.hpp).
//
// Invariant: whenever we die, the thread comes to itself. Each state that it is ever in is one of these: its own
// registers and mask; registers that make a call and then come back through the frame (injection_frame.hpp), with its
// own mask or with all signals blocked (the frame has the mask). They are set in the order that keeps this so. All
// signals are blocked so that no handler of the target runs, which might wait for a thread that stands, and no signal
// is lost: a blocked one stays pending.
#pragma once

#include <linux/seccomp.h>
#include <sys/user.h>

#include <array>
#include <cstdint>
#include <optional>

#include "injection_frame.hpp"
#include "kernel_calls.hpp"

namespace tidemark::control::detail {

struct InjectedCall {
  std::int64_t number = 0;
  std::array<std::uint64_t, 6> arguments{};
};

/// What a filter is asked about it.
[[nodiscard]] seccomp_data as_filters_see(const InjectedCall& call, std::uint64_t returns_to);

/// What an injection works with: large, and to be had before the target stands.
struct InjectionMemory {
  ThreadState state;
  InjectionFrame frame;
};

class Injection {
 public:
  /// `thread` stands in an event stop of ours. Waiting ends at `give_up_at_ns`.
  Injection(base::Tid thread, const InjectionSites& sites, int task_directory, int child_signals,
            std::int64_t give_up_at_ns, InjectionMemory& memory)
      : tid_(thread),
        sites_(sites),
        task_directory_(task_directory),
        child_signals_(child_signals),
        give_up_at_ns_(give_up_at_ns),
        state_(memory.state),
        frame_(memory.frame) {}

  /// Reads the thread's state and writes the frame. When it fails the thread is as it was.
  [[nodiscard]] bool begin();
  /// After begin(): what an orphaned clone would come through.
  [[nodiscard]] std::uint64_t child_stack() const { return frame_.child_stack(); }
  [[nodiscard]] InjectedCall clone_call() const;

  /// What the call returned; nullopt: the thread has not come back from it, and we must die.
  [[nodiscard]] std::optional<std::int64_t> call(const InjectedCall& what);
  /// As the tracer's /proc names it; 0 when none was made.
  [[nodiscard]] base::Pid clone_pid() const { return clone_pid_; }

  /// Brings the thread back into an event stop, as it was before. False: it has not come back, and we must die.
  [[nodiscard]] bool end();

 private:
  [[nodiscard]] bool wait_for_call_stop();
  [[nodiscard]] std::optional<user_regs_struct> registers_in_call() const;

  base::Tid tid_;
  InjectionSites sites_;
  int task_directory_, child_signals_;
  std::int64_t give_up_at_ns_;
  base::Pid clone_pid_ = 0;
  ThreadState& state_;
  InjectionFrame& frame_;
};

}  // namespace tidemark::control::detail
