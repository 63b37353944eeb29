// Purpose: /proc/PID/status as values.
// Invariants: sizes are bytes; a line that is not there is nullopt, never 0. A zombie and a kernel thread have no Vm
// lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::proc {

struct StatusFields {
  char state = '?';
  base::Pid pid = 0;                   ///< as this /proc names the task (a tid for task/TID/status)
  base::Pid tgid = 0;                  ///< the process it belongs to
  std::optional<base::Pid> inner_pid;  ///< the last of NSpid: its number in its own pid namespace (kernel 4.1)
  std::uint32_t pid_namespaces = 0;    ///< how many numbers NSpid had; 1 = the same namespace as this /proc
  std::uint32_t real_uid = 0, effective_uid = 0;
  std::uint32_t real_gid = 0, effective_gid = 0;
  std::optional<std::uint64_t> vm_peak, vm_size, vm_hwm, vm_rss, vm_data, vm_swap, vm_pte;
  std::optional<std::uint64_t> rss_anon, rss_file, rss_shmem;
  std::uint64_t threads = 0;
  std::optional<std::uint64_t> voluntary_switches, involuntary_switches;
  std::optional<std::uint32_t> seccomp_mode;  ///< 0 none, 1 strict, 2 filter
};

/// One pass. Malformed: no newline at the end, a number that is none, or a missing State, Pid, Tgid, Uid, Gid or
/// Threads.
[[nodiscard]] base::Result<StatusFields> parse_status(std::string_view text);

}  // namespace tidemark::proc
