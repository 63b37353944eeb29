// Purpose: what the mapped files of a target tell: C extension modules, C library, allocator, debug files.
#pragma once

#include "tidemark/cli/doctor.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::cli {

/// Fills `extension_modules`, `c_library` and `allocator` from one reading of smaps; unset when that is refused.
void find_modules(const proc::ProcessFiles& process, TargetFacts& target);

/// Looks for the detached debug file of `module` (a path as the target names it) by its build-id, here and in the
/// target's own file system. `is_program`: /proc/PID/exe leads to it.
[[nodiscard]] DebugFileFacts find_debug_file(const proc::ProcessFiles& process, const std::string& module,
                                             bool is_program);

}  // namespace tidemark::cli
