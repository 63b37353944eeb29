// Purpose: what the mapped files of a target tell: C extension modules, C library, allocator.
#pragma once

#include "tidemark/cli/doctor.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::cli {

/// Fills `extension_modules`, `c_library` and `allocator` from one reading of smaps; unset when that is refused.
void find_modules(const proc::ProcessFiles& process, TargetFacts& target);

}  // namespace tidemark::cli
