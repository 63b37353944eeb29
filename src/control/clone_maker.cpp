#include "detail/clone_maker.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "detail/code_search.hpp"
#include "detail/seccomp_check.hpp"
#include "detail/thread_calls.hpp"

// Of the linker: ld(1), "-Ttext"; end(3).
extern "C" const char __executable_start, etext;

namespace tidemark::control::detail {
namespace {

/// How much a thread would notice if we died in the middle, and the last: whether it may be used at all.
enum class Rank { restarted, returned, cut_sleep, between_calls, unfit };

/// A sleep of these goes on for the time that is left only in the kernel's own restart (restart_block, which
/// rt_sigreturn forgets: arch/x86/kernel/signal_64.c, restore_sigcontext); from the frame it returns EINTR.
bool is_cut_sleep(const user_regs_struct& registers) {
  constexpr std::int64_t restart_block = -516;
  return static_cast<std::int64_t>(registers.rax) == restart_block;
}

Rank rank_of(base::Tid tid, const user_regs_struct& registers) {
  constexpr std::uint64_t code_segment_64_bit = 0x33;
  if (registers.cs != code_segment_64_bit) return Rank::unfit;
  if (static_cast<std::int64_t>(registers.orig_rax) < 0) {
    return is_in_restartable_sequence(tid, registers.rip) ? Rank::unfit : Rank::between_calls;
  }
  if (is_cut_sleep(registers)) return Rank::cut_sleep;
  return with_call_restarted(registers).rip != registers.rip ? Rank::restarted : Rank::returned;
}

/// The frame and what lies between it and the stack pointer, at most.
constexpr std::uint64_t room_below_stack = max_xstate_bytes + 2048;

/// Of a child without an exit signal, too, and never waiting.
InjectedCall wait_call(base::Pid inner_pid) {
  return {.number = SYS_wait4,
          .arguments = {static_cast<std::uint64_t>(inner_pid), 0, static_cast<std::uint32_t>(__WALL) | WNOHANG}};
}

}  // namespace

void CloneMaker::rehearse() {
  constexpr std::uintptr_t page = 4096;
  const auto code = reinterpret_cast<std::uintptr_t>(&__executable_start) / page * page;
  ::madvise(reinterpret_cast<void*>(code), reinterpret_cast<std::uintptr_t>(&etext) - code, MADV_POPULATE_READ);
  std::ranges::fill(memory_.state.xstate, std::byte{0});
  memory_.state.registers.rsp = ~std::uint64_t{0} / 2;
  memory_.state.xstate_bytes = memory_.state.xstate.size();
  [[maybe_unused]] const bool built = memory_.frame.build(memory_.state, job_.plan->sites);
  const std::array<seccomp_data, 1> calls{};
  [[maybe_unused]] const auto none = check_seccomp(job_.task_directory, job_.target, calls);
}

StopTrouble CloneMaker::make(std::span<const TracedThread> threads, std::int64_t give_up_at_ns) {
  std::optional<Injection> injection;
  if (!begin_in_best(threads, give_up_at_ns, injection)) return {.failure = TracerFailure::no_thread};
  if (auto trouble = check_filters(threads, *injection); trouble.happened()) return trouble;
  const auto result = injection->call(injection->clone_call());
  clone_ = injection->clone_pid();
  if (!result || !injection->end()) return {.failure = TracerFailure::not_back, .tid = maker_};
  if (*result < 0) return {.failure = TracerFailure::clone_failed, .os_errno = static_cast<int>(-*result)};
  inner_clone_ = static_cast<base::Pid>(*result);
  if (clone_ == 0) return {.failure = TracerFailure::clone_failed, .os_errno = ECHILD};
  return {};
}

/// The thread is `maker_` then.
bool CloneMaker::begin_in_best(std::span<const TracedThread> threads, std::int64_t give_up_at_ns,
                               std::optional<Injection>& out) {
  constexpr std::array ranks{Rank::restarted, Rank::returned, Rank::cut_sleep, Rank::between_calls};
  for (const Rank rank : ranks) {
    for (const TracedThread& thread : threads) {
      user_regs_struct registers{};
      if (thread.state != TracedThread::State::stopped || !read_registers(thread.tid, registers)) continue;
      if (!job_.plan->is_own_stack(registers.rsp, registers.fs_base, room_below_stack)) continue;
      if (rank_of(thread.tid, registers) != rank || !sites_are_there(thread.tid)) continue;
      out.emplace(thread.tid, job_.plan->sites, job_.task_directory, child_signals_, give_up_at_ns, memory_);
      if (!out->begin()) continue;
      maker_ = thread.tid;
      return true;
    }
  }
  return false;
}

std::optional<CloneMaker::Reaped> CloneMaker::reap(std::span<const TracedThread> threads, std::int64_t give_up_at_ns) {
  constexpr std::uint64_t call_bytes = 2;
  std::optional<Injection> injection;
  if (!begin_in_best(threads, give_up_at_ns, injection)) return Reaped{};
  const std::array calls{as_filters_see(wait_call(inner_clone_), job_.plan->sites.call_and_return + call_bytes)};
  if (check_seccomp(job_.task_directory, maker_, calls).happened()) return Reaped{};
  const auto reaps = [&](base::Pid inner_pid) -> std::optional<bool> {
    const auto result = injection->call(wait_call(inner_pid));
    return result ? std::optional(*result == inner_pid) : std::nullopt;
  };
  const auto clone = reaps(inner_clone_);
  if (!clone) return std::nullopt;
  Reaped out{.clone = *clone};
  for (const base::Pid zombie : job_.shared->old_zombies) {
    if (zombie <= 0) break;
    const auto one = reaps(zombie);
    if (!one) return std::nullopt;
    if (*one) ++out.old_zombies;
  }
  return injection->end() ? std::optional(out) : std::nullopt;
}

/// The plan is older than the stop.
bool CloneMaker::sites_are_there(base::Tid tid) const {
  InjectionSites found;
  std::array<std::byte, signal_return_code.size()> code{};
  const auto read = [&](std::uint64_t from, std::size_t bytes) {
    const auto into = std::span(code).first(bytes);
    if (read_memory(tid, from, into)) search_code(into, from, found);
  };
  read(job_.plan->sites.call_and_return, call_and_return_code.size());
  read(job_.plan->sites.signal_return, signal_return_code.size());
  return found.call_and_return == job_.plan->sites.call_and_return &&
         found.signal_return == job_.plan->sites.signal_return;
}

/// Of all threads when any had a filter before; else of the one that is used, which may have got one since.
StopTrouble CloneMaker::check_filters(std::span<const TracedThread> threads, const Injection& injection) const {
  constexpr std::uint64_t call_bytes = 2;
  const InjectionSites& sites = job_.plan->sites;
  const InjectedCall clone = injection.clone_call();
  const std::uint64_t after_call = sites.call_and_return + call_bytes;
  const std::array calls{
      as_filters_see(clone, after_call),
      as_filters_see(wait_call(job_.target), after_call),
      as_filters_see({.number = SYS_rt_sigreturn, .arguments = clone.arguments}, sites.after_signal_return),
      as_filters_see({.number = SYS_exit_group, .arguments = {orphan_exit_status}}, after_call),
  };
  if (!job_.plan->any_filter) return check_seccomp(job_.task_directory, maker_, calls);
  for (const TracedThread& thread : threads) {
    if (thread.state != TracedThread::State::stopped) continue;
    if (auto trouble = check_seccomp(job_.task_directory, thread.tid, calls); trouble.happened()) return trouble;
  }
  return {};
}

}  // namespace tidemark::control::detail
