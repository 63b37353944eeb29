// Purpose: the few calls of the tracer, each async-signal-safe.
#pragma once

#include <cstdint>
#include <span>

#include "tidemark/base/address.hpp"

namespace tidemark::control::detail {

/// CLOCK_MONOTONIC.
[[nodiscard]] std::int64_t now_ns();

/// PTRACE_SEIZE without options; 0 or an errno.
[[nodiscard]] int seize(base::Tid tid);
/// PTRACE_INTERRUPT; false when the thread has ended or is not ours.
bool interrupt(base::Tid tid);
/// PTRACE_CONT with a signal.
void pass_on(base::Tid tid, int signal);
/// PTRACE_DETACH; false when the thread is not there any more.
bool detach(base::Tid tid);

/// What a thread was doing when it stopped.
struct StoppedCall {
  bool returned_eintr = false;  ///< inside a 64-bit system call whose result is -EINTR
  std::int32_t number = 0;
  std::uint64_t fourth_argument = 0;
};
[[nodiscard]] StoppedCall stopped_call(base::Tid tid);
/// epoll_wait, epoll_pwait and epoll_pwait2 that wait for ever.
[[nodiscard]] bool is_endless_epoll_wait(const StoppedCall& call);
/// Makes the kernel begin the call anew when the thread goes on, unless a signal handler runs first: -ERESTARTNOHAND
/// (include/linux/errno.h; arch/x86/kernel/signal.c, arch_do_signal_or_restart). False when it could not be set.
[[nodiscard]] bool restart_unless_handled(base::Tid tid);

/// A look at what a tracee has to say, without taking it: a stop that was taken is forgotten by the kernel, and with it
/// the signal of a signal-delivery-stop if we die before we pass it on.
struct Look {
  enum class Kind { nothing, event_stop, signal_stop, call_stop, ended, unknown } kind = Kind::nothing;
  int signal = 0;  ///< of a signal_stop; of an event_stop SIGTRAP (ours), or the one that stopped its process before
};
[[nodiscard]] Look look_at(base::Tid tid);
/// Waits until a tracee has something to say; `nothing` when it has not by then. `child_signals` is a signalfd of
/// SIGCHLD. A leader that ends before its threads says nothing: its state is looked at, too, when `task_directory` is
/// that of its threads (else -1).
[[nodiscard]] Look await(base::Tid tid, int task_directory, int child_signals, std::int64_t until_ns);
/// Reaps tracees that have ended; the kernel tells their parent only then.
void reap_ended(base::Tid tid);
/// Waits for the end of a tracee and reaps it. False when it had something else to say: call it again.
[[nodiscard]] bool has_been_reaped(base::Tid tid);
/// All that have; how many. Takes the stops of the others, too: only when all stand for an interrupt.
std::uint64_t reap_all_ended();

/// The state letter of TID/stat under the directory task/; 'X' when it is not there.
[[nodiscard]] char state_of(int task_directory, base::Tid tid);

/// TID/status under the directory task/, for the length of a look at it.
class StatusText {
 public:
  StatusText(int task_directory, base::Tid tid);
  /// False when it is longer than we take (thousands of groups), or not there.
  [[nodiscard]] bool is_whole() const { return size_ > 0 && size_ < sizeof text_; }
  /// The number behind "NAME:"; 0 when there is none.
  [[nodiscard]] std::uint64_t number(const char* name, unsigned base) const;

 private:
  char text_[8192];
  std::size_t size_ = 0;
};
/// Has it a signal whose handler it is about to run?
[[nodiscard]] bool has_signal_on_its_way(int task_directory, base::Tid tid);

/// The next numbers of a directory of numbers, from its position; empty at the end, -1 on failure (errno).
class NumberListing {
 public:
  explicit NumberListing(int directory);
  /// 0 at the end, -1 on failure with errno set.
  [[nodiscard]] base::Tid next();

 private:
  int directory_;
  std::int64_t begin_ = 0, end_ = 0;
  alignas(8) char buffer_[32 * 1024];
};

/// A timer of the kernel's that sends us SIGKILL.
class DeadMan {
 public:
  [[nodiscard]] bool make();
  /// CLOCK_MONOTONIC; instead of the time set before.
  [[nodiscard]] bool set(std::int64_t at_ns) const;

 private:
  int timer_ = -1;
};

/// Waits until a descriptor is readable or the time has come; CLOCK_MONOTONIC. Which of the two are readable.
struct Readable {
  bool first = false, second = false;
};
[[nodiscard]] Readable wait_readable(int first, int second, std::int64_t until_ns);
/// Empties a signalfd.
void drain(int signal_descriptor);

/// Closes all descriptors but two.
void close_all_but(int first, int second);

}  // namespace tidemark::control::detail
