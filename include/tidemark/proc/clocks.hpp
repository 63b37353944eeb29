// Purpose: what the kernel tells of a process by its number alone: CPU clock and pidfd.
// These take the pid of *our* pid namespace. Under an injected ProcRoot, or a /proc mounted for another pid namespace,
// the number there is another process here: use cpu_ns_of(StatFields) then. A pid may come again between two calls:
// compare the start time (StatFields::start_ticks) when it matters.
#pragma once

#include <cstdint>

#include "tidemark/base/address.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::proc {

/// CPU time of all threads, ns, user and system, also of other users' processes (clock_getcpuclockid). Errors: gone.
[[nodiscard]] base::Result<std::int64_t> process_cpu_ns(base::Pid pid);

/// pidfd_open(2) (kernel 5.3): readable when the process has ended. Errors: gone, unsupported.
[[nodiscard]] base::Result<base::Fd> open_pidfd(base::Pid pid);

}  // namespace tidemark::proc
