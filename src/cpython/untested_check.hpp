// Purpose: further proof that a layout fits a process, where no build of its micro release was ever tested.
// Invariant: what is compared here, a program that runs cannot change for good; what it can change for a moment is
// looked at again.
#pragma once

#include <optional>
#include <string>

#include "locate/runtime.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::cpython {

/// nullopt: all fits; else what does not.
using Misfit = base::Result<std::optional<std::string>>;

/// Idents of threads are pthread_t: pointers to what begins with a pointer to itself (tcbhead_t of glibc, struct
/// pthread of musl).
[[nodiscard]] Misfit misfit_of_idents(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                                      const SnapshotReader& reader);

/// Of a reading that the reader has just made: gc.garbage is a list; the collector's oldest generation is a ring that
/// leads back; whether the collector is on is 0 or 1. Errors: those of reading.
[[nodiscard]] Misfit misfit_of_collector(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                                         const SnapshotReader& reader);

/// Of the same: code objects are of the size that the table says; what the innermost frame's code object refers to is
/// of the types that it must be; names end where they say, and the line table where the code does; the frame is of a
/// kind that there is, and in its code.
[[nodiscard]] Misfit misfit_of_frames(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                                      const SnapshotReader& reader);

}  // namespace tidemark::cpython
