#include "tidemark/collect/machine.hpp"

#include "tidemark/proc/stat.hpp"

namespace tidemark::collect {

base::Result<Machine> Machine::open(std::string path) {
  auto root = proc::ProcRoot::open(std::move(path));
  if (!root) return base::fail(std::move(root).error());
  const auto boot_time = proc::boot_time_seconds(*root);
  if (!boot_time) return base::fail(boot_time.error());
  const auto memory = proc::read_meminfo(*root);
  if (!memory) return base::fail(memory.error());
  auto mounts = proc::read_cgroup_mounts(*root);
  return Machine{.root = std::move(*root),
                 .boot_time_seconds = *boot_time,
                 .ticks_per_second = proc::ticks_per_second(),
                 .memory_total_bytes = memory->total,
                 .cgroup_mounts = mounts ? std::move(*mounts) : std::vector<proc::CgroupMount>{}};
}

}  // namespace tidemark::collect
