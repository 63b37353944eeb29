// Purpose: proof that a layout fits a process, before the first value is reported.
#pragma once

#include <optional>

#include "locate/runtime.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cpython {

/// Tries of what a running process can change between two of our reads: thread ids against /proc/PID/task.
inline constexpr int max_check_attempts = 3;
/// Where the innermost frame counts too, which a busy program seldom holds still.
inline constexpr int max_untested_attempts = 100;

/// nullopt when all holds: PyCode_Type calls itself "code"; the thread states are one list that points back at the main
/// interpreter; the collector's pointers lead into itself; each native thread id is a thread of the process. The cookie
/// was compared when the layout was chosen. Of an untested micro release further all of untested_check.hpp, of a
/// reading without any gap.
[[nodiscard]] std::optional<OpenFailure> self_check(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                                                    proc::ProcessFiles& process, SnapshotReader& reader);

/// nullopt when the runtime says of itself that it is initialised, which it does last of all; else `starting`, to be
/// tried again.
[[nodiscard]] std::optional<OpenFailure> check_initialized(const LocatedRuntime& runtime,
                                                           const memory::MemorySource& memory);

}  // namespace tidemark::cpython
