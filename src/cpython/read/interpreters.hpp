// Purpose: the interpreters of a process, as a list that was checked link by link.
// Invariants: the list is capped, and a cycle cannot be walked twice: _PyRuntime lists the newest interpreter first and
// numbers them in the order of their making (PyInterpreterState_New in Python/pystate.c, the same in 3.8 to 3.15), so
// ids fall from each to the next, down to the main one.
#pragma once

#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// An interpreter takes about 100 KiB at least; a program that keeps more than these is none that we know of.
inline constexpr std::size_t max_interpreters = 4096;

struct InterpreterPlace {
  base::Address address;
  std::int64_t id = 0;  ///< 0 is the main interpreter

  bool operator==(const InterpreterPlace&) const = default;
};

/// The main interpreter first, then by age. A list that moves is read again, max_attempts times in all. A layout that
/// does not know the list gives the main interpreter alone. Errors: those of reading, `torn` (a link does not fit: the
/// list moves, or is none), `limit`.
[[nodiscard]] base::Result<std::vector<InterpreterPlace>> interpreters(const memory::MemorySource& memory,
                                                                       const Layout& layout, base::Address runtime);

}  // namespace tidemark::cpython
