// Purpose: would the seccomp filters of a thread let calls pass? Runs in the tracer only (see tracer.hpp).
#pragma once

#include <linux/seccomp.h>

#include <span>

#include "thread_stopper.hpp"

namespace tidemark::control::detail {

/// Each call by each filter of the thread, which stands. Trouble: seccomp_denies with the first call that would not be
/// made just so, seccomp_unreadable.
[[nodiscard]] StopTrouble check_seccomp(int task_directory, base::Tid tid, std::span<const seccomp_data> calls);

}  // namespace tidemark::control::detail
