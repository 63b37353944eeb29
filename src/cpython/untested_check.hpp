// Purpose: further proof that a layout fits a process, where no build of its micro release was ever tested.
// Invariant: what is compared here, a program that runs cannot change for good; what it can change for a moment is
// looked at again.
#pragma once

#include <optional>
#include <string>

#include "locate/runtime.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::cpython {

/// The name of a type is a constant, whose page is often not resident: then it is as in the file.
[[nodiscard]] base::Result<bool> is_type_named(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                                               base::Address type, std::string_view name);

/// What does not fit, of a reading that the reader has just made: code objects are of the size that the table says;
/// gc.garbage is a list; the collector's oldest generation is a ring that leads back; what a code object refers to is
/// of the types that it must be; whether the collector is on is 0 or 1. nullopt: all fits. Errors: those of reading.
[[nodiscard]] base::Result<std::optional<std::string>> misfit_of(const LocatedRuntime& runtime,
                                                                 const memory::MemorySource& memory,
                                                                 const SnapshotReader& reader);

}  // namespace tidemark::cpython
