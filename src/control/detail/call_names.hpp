// Purpose: system calls by name.
#pragma once

#include <cstdint>
#include <string>

namespace tidemark::control::detail {

/// "recvfrom" for 45 (asm/unistd_64.h); the calls that can block. "syscall 999" for others.
[[nodiscard]] std::string call_name(std::int64_t number);

}  // namespace tidemark::control::detail
