// Purpose: kinds of numbers that must not mix: an address in a target, a process id, a thread id.
// Invariant: an Address is never a pointer of ours; only a MemorySource turns it into bytes.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>

namespace tidemark::base {

/// A virtual address in the target. Null is a value of the target, never an error of ours.
struct Address {
  std::uint64_t value = 0;

  constexpr auto operator<=>(const Address&) const = default;
  [[nodiscard]] constexpr bool is_null() const { return value == 0; }
  /// Wraps like the hardware does; a wrapped address fails when it is read.
  [[nodiscard]] constexpr Address plus(std::uint64_t offset) const { return Address{value + offset}; }
  [[nodiscard]] constexpr Address minus(std::uint64_t offset) const { return Address{value - offset}; }
};

using Pid = pid_t;
using Tid = pid_t;

}  // namespace tidemark::base
