// Purpose: a string or int of the target together with the bytes that it was made of.
// Invariant: both come out of one copy: an object that is read in steps may be freed, and its memory used again,
// between two of them.
#pragma once

#include <string>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// Bytes of the target as they were.
struct Witness {
  base::Address address;
  std::vector<std::byte> bytes;
};

struct CopiedText {
  std::string text;
  Witness witness;  ///< from its length to its last character
};

/// Errors: those of read_unicode; `torn` when the copy holds no string although the object did.
[[nodiscard]] base::Result<CopiedText> copy_text(const memory::MemorySource& memory, const Layout& layout,
                                                 base::Address object);

struct CopiedInteger {
  std::uint64_t value = 0;
  Witness witness;
};

/// Errors: those of read_integer.
[[nodiscard]] base::Result<CopiedInteger> copy_integer(const memory::MemorySource& memory, const Layout& layout,
                                                       base::Address object);

}  // namespace tidemark::cpython
