// Purpose: the memory cgroup of a process as the doctor tells it.
#pragma once

#include "tidemark/cli/doctor.hpp"
#include "tidemark/proc/cgroup.hpp"

namespace tidemark::cli {

[[nodiscard]] CgroupFacts find_cgroup(const proc::ProcRoot& root, base::Pid pid);

}  // namespace tidemark::cli
