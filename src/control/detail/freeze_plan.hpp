// Purpose: what the tracer has to know of a target to make a clone in it: found beforehand, while the target runs, and
// looked at again before it is used.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "admission.hpp"
#include "injection_frame.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/proc/maps.hpp"

namespace tidemark::control::detail {

/// Writable, private and anonymous: what may hold a thread's stack.
struct StackRange {
  std::uint64_t start = 0, end = 0;
  bool is_main = false;  ///< the kernel grows it downwards
};

struct FreezePlan {
  InjectionSites sites;
  std::vector<StackRange> stacks;  ///< by address
  bool any_filter = false;         ///< some thread has a seccomp filter

  /// Does a thread that stands here stand on a stack of its own, with `below` bytes to spare? Only a stack that holds
  /// the thread's control block above the stack pointer (as glibc and musl lay them out) and the main thread's are
  /// taken for one: what lies below a pointer elsewhere (a coroutine's) may be anything.
  [[nodiscard]] bool is_own_stack(std::uint64_t stack_pointer, std::uint64_t control_block, std::uint64_t below) const;
};

[[nodiscard]] std::vector<StackRange> stacks_of(std::span<const proc::MapRegion> regions);

/// Waits at most `patience_ns` for a program that is just starting to have its libc. Errors: `unsupported` (a thread in
/// seccomp's strict mode, shadow stacks, no such code in the target), `gone`.
[[nodiscard]] base::Result<FreezePlan> plan_freeze(const Subject& subject, base::Tid living, std::int64_t patience_ns);

}  // namespace tidemark::control::detail
