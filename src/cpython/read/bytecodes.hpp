// Purpose: the copies of a code object's instructions that threads of a free-threaded build run, one each (3.14 on;
// _PyCodeArray in Include/cpython/code.h, made by create_tlbc_lock_held in Objects/codeobject.c).
// Invariants: a copy is as long as the code object's own instructions, which are the first of them; it stays where it
// is as long as a thread may run it. A longer array takes the place of one that is full.
#pragma once

#include <vector>

#include "copies.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// The array has a place for each thread at most, rounded up to a power of two: as many as there are thread states.
inline constexpr std::int64_t max_bytecodes = 16'384;

struct Bytecodes {
  std::vector<base::Address> starts;  ///< by the index that frames have; null where the thread has no copy
  Witness witness;                    ///< the array that they were read from
};

/// The array of a code object. Errors: those of reading; `torn` when it is none of this code object's; `limit`.
[[nodiscard]] base::Result<Bytecodes> read_bytecodes(const memory::MemorySource& memory, const Layout& layout,
                                                     base::Address code, base::Address array);

}  // namespace tidemark::cpython
