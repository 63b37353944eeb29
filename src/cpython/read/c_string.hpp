// Purpose: the target's C strings: names of types, methods and members.
// Invariant: capped, and nothing beyond the page where the string ends is read.
#pragma once

#include <cstddef>
#include <string>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// The bytes before the first null, at most `cap`. Errors: those of reading.
[[nodiscard]] base::Result<std::string> read_c_string(const memory::MemorySource& memory, base::Address at,
                                                      std::size_t cap);

}  // namespace tidemark::cpython
