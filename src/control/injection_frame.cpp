#include "detail/injection_frame.hpp"

#include <cpuid.h>
#include <sys/syscall.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace tidemark::control::detail {
namespace {

constexpr std::uint64_t red_zone_bytes = 128;
// struct rt_sigframe: the return address, struct ucontext, siginfo. access_ok is asked for all of it.
constexpr std::uint64_t context_offset = 8;
constexpr std::uint64_t frame_bytes = 440, written_frame_bytes = 8 + 40 + 256 + 8;
// struct ucontext.
constexpr std::uint64_t stack_flags_offset = 24, registers_offset = 40, mask_offset = 296;
// struct sigcontext_64, behind its 18 registers.
constexpr std::uint64_t segments_offset = 144, xstate_offset = 184;
// arch/x86/include/uapi/asm/ucontext.h
constexpr std::uint64_t uc_fp_xstate = 1, uc_sigcontext_ss = 2, uc_strict_restore_ss = 4;
/// No flags that sigaltstack(2) takes: the alternate stack stays as it is (kernel/signal.c, do_sigaltstack).
constexpr std::uint64_t bad_stack_flags = 0x7fff'ffff;
// XSAVE area (Intel SDM 1, 13.4): 512 bytes as of FXSAVE, 64 of header, then the components. What the kernel keeps for
// itself in the former: struct _fpx_sw_bytes, arch/x86/include/uapi/asm/sigcontext.h.
constexpr std::size_t software_offset = 464, header_offset = 512, least_xstate_bytes = 576;
constexpr std::uint32_t magic1 = 0x4650'5853, magic2 = 0x4650'5845;
constexpr unsigned cpuid_xstate_leaf = 0xd, first_extended_component = 2, components = 63;

constexpr std::uint64_t down_to(std::uint64_t value, std::uint64_t alignment) { return value & ~(alignment - 1); }

std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + offset, sizeof word);
  return word;
}

/// Ends whoever has it.
user_regs_struct exit_registers(const user_regs_struct& thread, const InjectionSites& sites, std::uint64_t stack) {
  constexpr std::uint64_t plain_flags = 0x202;
  user_regs_struct out{};
  out.rip = sites.call_and_return;
  out.rax = SYS_exit_group;
  out.rdi = orphan_exit_status;
  out.rsp = stack;
  out.eflags = plain_flags;
  out.cs = thread.cs;
  out.ss = thread.ss;
  return out;
}

}  // namespace

user_regs_struct with_call_restarted(user_regs_struct registers) {
  // include/linux/errno.h; arch/x86/kernel/signal.c, arch_do_signal_or_restart.
  constexpr std::int64_t restart_sys = -512, restart_no_intr = -513, restart_no_hand = -514, restart_block = -516;
  constexpr std::uint64_t call_instruction_bytes = 2;
  if (static_cast<std::int64_t>(registers.orig_rax) < 0) return registers;
  const auto result = static_cast<std::int64_t>(registers.rax);
  const bool anew = result == restart_sys || result == restart_no_intr || result == restart_no_hand;
  if (!anew && result != restart_block) return registers;
  registers.rip -= call_instruction_bytes;
  registers.rax = anew ? registers.orig_rax : static_cast<std::uint64_t>(SYS_restart_syscall);
  return registers;
}

std::size_t used_xstate_bytes(std::span<const std::byte> xstate) {
  if (xstate.size() < least_xstate_bytes) return 0;
  const std::uint64_t in_use = word_at(xstate, header_offset);
  std::size_t out = least_xstate_bytes;
  for (unsigned component = first_extended_component; component < components; ++component) {
    if ((in_use >> component & 1) == 0) continue;
    unsigned size = 0, offset = 0, flags = 0, none = 0;
    if (__get_cpuid_count(cpuid_xstate_leaf, component, &size, &offset, &flags, &none) == 0 || size == 0) return 0;
    out = std::max<std::size_t>(out, std::size_t{offset} + size);
  }
  return out <= xstate.size() ? out : 0;
}

bool InjectionFrame::build(const ThreadState& thread, const InjectionSites& sites) {
  const std::size_t xstate_bytes = used_xstate_bytes(std::span(thread.xstate).first(thread.xstate_bytes));
  if (xstate_bytes == 0) return false;
  constexpr std::uint64_t stack_alignment = 16, xstate_alignment = 64;
  const std::uint64_t top = down_to(thread.registers.rsp - red_zone_bytes, xstate_alignment);
  child_stack_ = down_to(top - written_frame_bytes, stack_alignment);
  const std::uint64_t xstate = down_to(child_stack_ - xstate_bytes - sizeof magic2, xstate_alignment);
  address_ = down_to(xstate - frame_bytes, stack_alignment);
  size_ = top - address_;
  if (thread.registers.rsp < size_ + red_zone_bytes + xstate_alignment || size_ > bytes_.size()) return false;
  std::ranges::fill(std::span(bytes_).first(size_), std::byte{0});
  put(address_, sites.signal_return);
  put_context(address_ + context_offset, with_call_restarted(thread.registers), thread.signal_mask, xstate);
  put_xstate(xstate, thread, xstate_bytes);
  put(child_stack_, sites.signal_return);
  put_context(child_stack_ + context_offset, exit_registers(thread.registers, sites, child_stack_), ~std::uint64_t{0},
              0);
  return true;
}

void InjectionFrame::put(std::uint64_t at, std::uint64_t word) {
  std::memcpy(bytes_.data() + (at - address_), &word, sizeof word);
}

void InjectionFrame::put_context(std::uint64_t at, const user_regs_struct& registers, std::uint64_t mask,
                                 std::uint64_t xstate) {
  constexpr unsigned stack_segment_shift = 48;
  put(at, uc_sigcontext_ss | uc_strict_restore_ss | (xstate != 0 ? uc_fp_xstate : 0));
  put(at + stack_flags_offset, bad_stack_flags);
  const auto& r = registers;
  const std::array words{r.r8,  r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rdi,
                         r.rsi, r.rbp, r.rbx, r.rdx, r.rax, r.rcx, r.rsp, r.rip, r.eflags};
  std::uint64_t to = at + registers_offset;
  for (const std::uint64_t word : words) {
    put(to, word);
    to += sizeof word;
  }
  put(at + registers_offset + segments_offset, r.cs | r.ss << stack_segment_shift);
  put(at + registers_offset + xstate_offset, xstate);
  put(at + mask_offset, mask);
}

void InjectionFrame::put_xstate(std::uint64_t at, const ThreadState& thread, std::size_t bytes) {
  struct {
    std::uint32_t magic1, extended_size;
    std::uint64_t features;
    std::uint32_t size;
    std::array<std::uint32_t, 7> padding;
  } software{};
  const auto size = static_cast<std::uint32_t>(bytes);
  software.magic1 = magic1;
  software.extended_size = size + static_cast<std::uint32_t>(sizeof magic2);
  software.features = word_at(thread.xstate, software_offset);  // where the kernel says which ones it knows
  software.size = size;
  std::byte* const to = bytes_.data() + (at - address_);
  std::memcpy(to, thread.xstate.data(), bytes);
  std::memcpy(to + software_offset, &software, sizeof software);
  std::memcpy(to + bytes, &magic2, sizeof magic2);
}

}  // namespace tidemark::control::detail
