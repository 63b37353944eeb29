// Purpose: what the first word of an object says: its references, that it never ends, or that it is no object any more.
//
// Upstream, x86-64 with the GIL:
//   to 3.11     ob_refcnt is the word.
//   3.12, 3.13  the same; an immortal object has 2^32 - 1 there, and is told by the sign of the lower 32 bits
//               (_Py_IsImmortal, Include/object.h).
//   3.14, 3.15  the lower 32 bits count; 16 bits of overflow follow, which nothing sets, and 16 of flags (1 immortal,
//               4 in static data; Include/refcount.h, object.h). Immortal is told as before.
//   3.14 on     an object that is kept in a free list for the next one has there the address of the next in that list,
//               0 in the last (_PyFreeList_Push, Include/internal/pycore_freelist.h); to 3.13 it has 0.
// A link is told by the bits of overflow: addresses of pymalloc's arenas, which are mapped, have some of them set. One
// below 4 GiB (from brk, under PYTHONMALLOC=malloc in an executable that is not position-independent) is not told.
#pragma once

#include <cstdint>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// The word is a link of a free list: what lies there is no object.
[[nodiscard]] constexpr bool is_in_free_list(std::uint64_t word) { return word >> 48 == 0 && word >> 32 != 0; }

/// No object that lives has this: it is in a free list, has no references, or is no object: of no release do counts
/// reach the 16 bits above the lower 32 (the table of a dict's keys does, where a class is the first key).
[[nodiscard]] constexpr bool is_dead_refcount(std::uint64_t word) { return word == 0 || (word >> 32 & 0xffff) != 0; }

/// Never, to 3.11.
[[nodiscard]] bool is_immortal_refcount(const Layout& layout, std::uint64_t word);

/// What sys.getrefcount() says, less the one that it has itself.
[[nodiscard]] std::int64_t refcount_of(const Layout& layout, std::uint64_t word);

/// Of an object, also in a free-threaded build, where it is the sum of the owner's count and the shared one. Errors:
/// those of reading, `torn` (no pointer to an object).
[[nodiscard]] base::Result<std::int64_t> read_refcount(const memory::MemorySource& memory, const Layout& layout,
                                                       base::Address object);

}  // namespace tidemark::cpython
