// Purpose: what decides whether a thread can be stopped, and what a stop would meet: its state, its tracer and its
// signals, out of /proc/PID/task/TID/status.
#pragma once

#include <cstdint>
#include <string_view>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::proc {

/// Sets of signals: bit n-1 is signal n.
struct TraceState {
  char state = '?';          ///< as proc(5) has it: D is uninterruptible sleep
  base::Pid tracer_pid = 0;  ///< 0: nobody, or somebody of another pid namespace
  std::uint64_t pending = 0, shared_pending = 0;
  std::uint64_t blocked = 0, caught = 0;

  [[nodiscard]] bool has_ended() const { return state == 'Z' || state == 'X' || state == 'x'; }
  [[nodiscard]] bool is_uninterruptible() const { return state == 'D'; }
  /// Signals whose handler this thread may be about to run.
  [[nodiscard]] std::uint64_t on_their_way() const { return (pending | shared_pending) & ~blocked & caught; }
};

/// The text of a status. Malformed without State, TracerPid, SigPnd, ShdPnd, SigBlk and SigCgt (kernel 2.6 has all).
[[nodiscard]] base::Result<TraceState> parse_trace_state(std::string_view status_text);

/// A thread that has ended is `gone`.
[[nodiscard]] base::Result<TraceState> read_trace_state(const ProcessFiles& process, base::Tid tid);

}  // namespace tidemark::proc
