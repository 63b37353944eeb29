// Purpose: the tracer's calls on one thread that stands: its registers, its signal mask, what it does next. Each is
// async-signal-safe.
#pragma once

#include <linux/filter.h>
#include <sys/user.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "injection_frame.hpp"
#include "tidemark/base/address.hpp"

namespace tidemark::control::detail {

[[nodiscard]] bool read_registers(base::Tid tid, user_regs_struct& into);
[[nodiscard]] bool write_registers(base::Tid tid, const user_regs_struct& from);
/// The mask that it has outside of its call (sigsuspend, ppoll: kernel/ptrace.c, PTRACE_GETSIGMASK).
[[nodiscard]] bool write_signal_mask(base::Tid tid, std::uint64_t mask);
/// Registers, mask and vector registers. False also on a processor without XSAVE.
[[nodiscard]] bool read_thread_state(base::Tid tid, ThreadState& into);

/// Bytes of its process, absent file pages too. False when not all could be had.
[[nodiscard]] bool read_memory(base::Tid tid, std::uint64_t from, std::span<std::byte> into);
/// Only what the process itself might write. False when not all could be written.
[[nodiscard]] bool write_below_stack(base::Tid tid, std::uint64_t to, std::span<const std::byte> from);
/// In a restartable sequence (rseq(2)): one that is cut must be begun anew, and the kernel does that only to a thread
/// that goes on where it stood. Before kernel 5.13 it cannot be asked and is not assumed.
[[nodiscard]] bool is_in_restartable_sequence(base::Tid tid, std::uint64_t instruction);

/// Entry and return of its calls stop it from now on, and what it clones begins as a tracee.
[[nodiscard]] bool trace_calls(base::Tid tid);
/// PTRACE_SYSCALL with a signal.
void go_to_next_call_stop(base::Tid tid, int signal);
/// Of the stop at a clone event.
[[nodiscard]] base::Pid event_pid(base::Tid tid);
/// From now on our death kills it.
[[nodiscard]] bool tie_to_us(base::Pid clone);

/// PTRACE_SECCOMP_GET_FILTER (kernel 4.4, CONFIG_CHECKPOINT_RESTORE, CAP_SYS_ADMIN): the instructions of filter
/// `index`, or a negative errno. ENOENT: there are fewer.
[[nodiscard]] int seccomp_filter(base::Tid tid, unsigned index, std::span<sock_filter> into);

}  // namespace tidemark::control::detail
