// Purpose: the fields of one struct of the target, into a buffer on our stack.
#pragma once

#include <array>
#include <cstddef>

#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// Of the parts of a frame, code object or thread state that are read.
inline constexpr std::size_t max_struct_bytes = 2048;
using StructBuffer = std::array<std::byte, max_struct_bytes>;

/// Errors: those of reading; `torn` when the address is none; `malformed` when the layout's extent is too long.
[[nodiscard]] base::Result<Piece> read_piece(const memory::MemorySource& memory, base::Address address, Extent extent,
                                             StructBuffer& buffer);

}  // namespace tidemark::cpython
