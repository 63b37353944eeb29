// Purpose: proof that a layout fits a process, before the first value is reported.
#pragma once

#include <optional>
#include <variant>

#include "locate/runtime.hpp"
#include "tidemark/cpython/interpreter.hpp"

namespace tidemark::cpython {

/// Tries of what a running process can change between two of our reads: thread ids against /proc/PID/task.
inline constexpr int max_check_attempts = 3;
/// Where the innermost frame counts too, which a busy program seldom holds still: a pydebug 3.14 that does nothing but
/// call, in 3 readings of 100.
inline constexpr int max_strict_attempts = 1000;

/// The layout may be used: all of it, or all but the parts that are missing.
struct Checked {
  MissingParts missing;
  std::size_t ended_threads = 0;  ///< states whose native id is no thread of the process
};
using CheckResult = std::variant<Checked, OpenFailure>;

/// What must hold, or nothing is read: the layout does not contradict itself; PyCode_Type calls itself "code"; the
/// thread states are one list that points back at the main interpreter; native thread ids are threads of the process.
/// (The cookie was compared when the layout was chosen.) A program may leak the states of threads that have ended: then
/// most ids must be threads, or one of them the process's own main thread. Of a runtime that is strict all of them, and
/// idents must be threads.
///
/// What does not hold of the rest is missing: a part's entries contradict each other; the collector's pointers lead
/// into itself; where the runtime is strict, further what untested_check.hpp asks, and one reading each in which the
/// holder of the GIL and the innermost frame were settled. Memory that stands still says at once what it will ever say:
/// a test asks for fewer attempts.
[[nodiscard]] CheckResult self_check(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                                     proc::ProcessFiles& process, SnapshotReader& reader,
                                     int strict_attempts = max_strict_attempts);

/// nullopt when the runtime says of itself that it is initialised, which it does last of all; else `starting`, to be
/// tried again.
[[nodiscard]] std::optional<OpenFailure> check_initialized(const LocatedRuntime& runtime,
                                                           const memory::MemorySource& memory);

/// The snapshot without the parts that are missing, each of them a gap `self_check`.
[[nodiscard]] PythonSnapshot withhold(PythonSnapshot snapshot, const MissingParts& missing);
[[nodiscard]] model::StackReading withhold(model::StackReading reading, const MissingParts& missing);

}  // namespace tidemark::cpython
