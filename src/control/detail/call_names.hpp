// Purpose: system calls by name, and how often each was cut.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tracer.hpp"

namespace tidemark::control::detail {

/// "recvfrom" for 45 (asm/unistd_64.h); the calls that can block. "syscall 999" for others.
[[nodiscard]] std::string call_name(std::int64_t number);

/// By name.
[[nodiscard]] std::vector<InterruptedCall> count_by_name(std::span<const CutCall> cut);
/// Adds `more` to `counts`.
void add_counts(std::vector<InterruptedCall>& counts, std::span<const InterruptedCall> more);

}  // namespace tidemark::control::detail
