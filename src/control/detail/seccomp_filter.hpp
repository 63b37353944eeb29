// Purpose: what a seccomp filter would say to a system call, without making the call.
// Invariants: pure. The program is hostile: whatever it is, it ends (classic BPF jumps forward only, so in at most as
// many steps as it has instructions) and nothing outside of its 16 words and the call's 64 bytes is touched. A program
// that the kernel would not have taken (kernel/seccomp.c, seccomp_check_filter; net/core/filter.c, bpf_check_classic)
// has no answer.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <span>

namespace tidemark::control::detail {

/// BPF_MAXINSNS (linux/bpf_common.h).
inline constexpr std::size_t max_filter_instructions = 4096;

/// What the program returns, SECCOMP_RET_DATA and all.
[[nodiscard]] std::optional<std::uint32_t> run_seccomp_filter(std::span<const sock_filter> program,
                                                              const seccomp_data& call);

/// SECCOMP_RET_ALLOW and SECCOMP_RET_LOG: the call is made and nobody is asked.
[[nodiscard]] bool lets_call_pass(std::uint32_t filter_result);

}  // namespace tidemark::control::detail
