// Purpose: what is written below a thread's stack pointer before a call is made in its name, so that the thread finds
// the way back by itself should we die at any instant.
//
// How: the call is made by a `syscall; ret` of the target's own code. On its stack lies the address of the target's own
// `mov $15, %rax; syscall` (rt_sigreturn), and there a signal frame as the kernel writes one (struct rt_sigframe,
// arch/x86/include/asm/sigframe.h) that holds the thread's true registers, vector registers and signal mask: the thread
// returns as from a signal handler. A call that the stop has interrupted is made anew by it. A clone gets a stack of
// its own, the same way, whose frame ends it by exit_group.
//
// Invariants: pure. All bytes lie below the 128 bytes under the stack pointer that belong to the function that runs
// there (red zone, System V ABI), and above the stack pointer that is set for the call: a signal handler that comes in
// between writes below them.
#pragma once

#include <sys/user.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tidemark::control::detail {

/// Code of the target.
struct InjectionSites {
  std::uint64_t call_and_return = 0;  ///< `syscall; ret`
  std::uint64_t signal_return = 0;    ///< `mov $15, %eax or %rax; syscall`
  std::uint64_t after_signal_return = 0;
};
inline constexpr std::array<unsigned char, 3> call_and_return_code{0x0f, 0x05, 0xc3};
inline constexpr std::array<unsigned char, 9> signal_return_code{0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
inline constexpr std::array<unsigned char, 7> short_signal_return_code{0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};

/// A zombie with this exit status, no exit signal and no time of its own is a clone of ours that had nobody left.
inline constexpr int orphan_exit_status = 117;

/// The vector registers as PTRACE_GETREGSET gives them (NT_X86_XSTATE): with AMX, 11 KiB.
inline constexpr std::size_t max_xstate_bytes = 16 * 1024;

struct ThreadState {
  user_regs_struct registers{};
  std::uint64_t signal_mask = 0;
  alignas(64) std::array<std::byte, max_xstate_bytes> xstate;
  std::size_t xstate_bytes = 0;
};

class InjectionFrame {
 public:
  /// False when the vector registers are not as this processor writes them.
  [[nodiscard]] bool build(const ThreadState& thread, const InjectionSites& sites);

  [[nodiscard]] std::span<const std::byte> bytes() const { return std::span(bytes_).first(size_); }
  /// Where they belong in the target, and the stack pointer for the call.
  [[nodiscard]] std::uint64_t address() const { return address_; }
  /// For a clone.
  [[nodiscard]] std::uint64_t child_stack() const { return child_stack_; }

 private:
  void put(std::uint64_t at, std::uint64_t word);
  void put_context(std::uint64_t at, const user_regs_struct& registers, std::uint64_t mask, std::uint64_t xstate);
  void put_xstate(std::uint64_t at, const ThreadState& thread, std::size_t bytes);

  static constexpr std::size_t room_for_frames = 1536;
  alignas(64) std::array<std::byte, max_xstate_bytes + room_for_frames> bytes_;
  std::size_t size_ = 0;
  std::uint64_t address_ = 0, child_stack_ = 0;
};

/// The registers with which a thread that was stopped in a call comes back to make it again; else as they are.
[[nodiscard]] user_regs_struct with_call_restarted(user_regs_struct registers);

/// How many bytes of this image of vector registers are in use; 0 when it makes no sense.
[[nodiscard]] std::size_t used_xstate_bytes(std::span<const std::byte> xstate);

}  // namespace tidemark::control::detail
