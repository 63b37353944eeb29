// Purpose: one open that a guarded command asked for, as the kernel's notification shows it.
#pragma once

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace guard {

struct Open {
  int directory = AT_FDCWD;
  std::string path;
  std::uint64_t flags = 0;
};

/// Reads the call's arguments, the path from the command's memory.
[[nodiscard]] Open decode(const seccomp_notif& asked);

[[nodiscard]] bool writes(const Open& open);

/// Whether the file that `pid` would reach lies where a write changes a process: anything of /proc but its own
/// oom_score_adj, or of a cgroup file system. A file that is not there does not.
[[nodiscard]] bool changes_a_process(pid_t pid, const Open& open);

}  // namespace guard
