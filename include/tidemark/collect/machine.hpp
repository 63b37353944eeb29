// Purpose: the facts of the machine that every reading of a process needs, read once when a recording begins.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/proc/cgroup.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::collect {

struct Machine {
  proc::ProcRoot root;
  std::uint64_t boot_time_seconds = 0;  ///< fixed for the recording, so that a process keeps its start time
  std::int64_t ticks_per_second = 100;
  std::uint64_t memory_total_bytes = 0;
  std::vector<proc::CgroupMount> cgroup_mounts;  ///< empty where cgroups cannot be seen

  /// Errors: whatever makes the /proc at `path` unusable.
  [[nodiscard]] static base::Result<Machine> open(std::string path = "/proc");
};

}  // namespace tidemark::collect
