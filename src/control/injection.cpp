#include "detail/injection.hpp"

#include <linux/audit.h>
#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "detail/thread_calls.hpp"

namespace tidemark::control::detail {
namespace {

constexpr std::uint64_t call_instruction_bytes = 2;

}  // namespace

seccomp_data as_filters_see(const InjectedCall& call, std::uint64_t returns_to) {
  seccomp_data out{};
  out.nr = static_cast<int>(call.number);
  out.arch = AUDIT_ARCH_X86_64;
  out.instruction_pointer = returns_to;
  std::ranges::copy(call.arguments, out.args);
  return out;
}

bool Injection::begin() {
  if (!read_thread_state(tid_, state_) || !frame_.build(state_, sites_)) return false;
  return write_below_stack(tid_, frame_.address(), frame_.bytes());
}

/// No exit signal: only a wait with __WALL sees its end. Files, directory and I/O context are shared so that nothing is
/// kept open or locked by the clone that the target has let go.
InjectedCall Injection::clone_call() const {
  return {.number = SYS_clone, .arguments = {CLONE_FILES | CLONE_FS | CLONE_IO, frame_.child_stack()}};
}

std::optional<std::int64_t> Injection::call(const InjectedCall& what) {
  constexpr std::int64_t restart_no_intr = -513;  // clone with a signal on its way: the kernel makes it again
  user_regs_struct registers = state_.registers;
  registers.rip = sites_.call_and_return;
  registers.rsp = frame_.address();
  registers.orig_rax = ~std::uint64_t{0};  // in no call: nothing to restart
  registers.rax = static_cast<std::uint64_t>(what.number);
  registers.rdi = what.arguments[0];
  registers.rsi = what.arguments[1];
  registers.rdx = what.arguments[2];
  registers.r10 = what.arguments[3];
  registers.r8 = what.arguments[4];
  registers.r9 = what.arguments[5];
  if (!trace_calls(tid_) || !write_registers(tid_, registers) || !write_signal_mask(tid_, ~std::uint64_t{0})) {
    return std::nullopt;
  }
  while (true) {
    go_to_next_call_stop(tid_, 0);
    if (!wait_for_call_stop()) return std::nullopt;  // its entry
    go_to_next_call_stop(tid_, 0);
    if (!wait_for_call_stop()) return std::nullopt;  // its return
    const auto after = registers_in_call();
    if (!after) return std::nullopt;
    const auto result = static_cast<std::int64_t>(after->rax);
    if (result != restart_no_intr) return result;
  }
}

/// Passes by what else stops the thread: the clone's event, SIGSTOP and SIGCONT, which cannot be blocked.
bool Injection::wait_for_call_stop() {
  while (true) {
    const Look look = await(tid_, task_directory_, child_signals_, give_up_at_ns_);
    switch (look.kind) {
      case Look::Kind::call_stop:
        return registers_in_call().has_value();
      case Look::Kind::signal_stop:
        go_to_next_call_stop(tid_, look.signal);
        break;
      case Look::Kind::unknown:
        clone_pid_ = std::max(clone_pid_, event_pid(tid_));
        go_to_next_call_stop(tid_, 0);
        break;
      case Look::Kind::event_stop:
        go_to_next_call_stop(tid_, 0);
        break;
      case Look::Kind::nothing:
      case Look::Kind::ended:
        return false;
    }
  }
}

/// Nullopt when it is elsewhere.
std::optional<user_regs_struct> Injection::registers_in_call() const {
  user_regs_struct registers{};
  if (!read_registers(tid_, registers)) return std::nullopt;
  const bool there =
      registers.rip == sites_.call_and_return + call_instruction_bytes && registers.rsp == frame_.address();
  return there ? std::optional(registers) : std::nullopt;
}

/// The kernel restarts an interrupted call only on the way out of an event stop (arch_do_signal_or_restart), not out of
/// the stop at a call's return: so the thread has to be in one when it gets its own registers back.
bool Injection::end() {
  if (!interrupt(tid_)) return false;
  pass_on(tid_, 0);
  while (true) {
    const Look look = await(tid_, task_directory_, child_signals_, give_up_at_ns_);
    if (look.kind == Look::Kind::nothing || look.kind == Look::Kind::ended) return false;
    if (look.kind == Look::Kind::event_stop) break;
    interrupt(tid_);  // any trap takes the place of an interrupt that was asked for (ptrace_stop)
    pass_on(tid_, look.kind == Look::Kind::signal_stop ? look.signal : 0);
  }
  if (!registers_in_call()) return false;
  return write_signal_mask(tid_, state_.signal_mask) && write_registers(tid_, state_.registers);
}

}  // namespace tidemark::control::detail
