// Purpose: how the parts of a stack reading say no.
#pragma once

#include <cstdint>

#include "tidemark/base/result.hpp"

namespace tidemark::cpython {

[[nodiscard]] inline base::Error stack_error(base::ErrorCode code, base::Address at, const char* detail) {
  return {.code = code, .doing = "read a stack", .address = at, .detail = detail};
}

[[nodiscard]] inline base::Unexpected refused_stack(base::ErrorCode code, base::Address at, const char* detail) {
  return base::fail(stack_error(code, at, detail));
}

[[nodiscard]] inline base::Unexpected torn_stack(base::Address at, const char* detail) {
  return refused_stack(base::ErrorCode::torn, at, detail);
}

/// Up to there memory is as resident as at the address itself.
[[nodiscard]] inline std::uint64_t end_of_page(std::uint64_t address) {
  constexpr std::uint64_t page_bytes = 4096;
  return (address + page_bytes - 1) / page_bytes * page_bytes;
}

}  // namespace tidemark::cpython
