// Purpose: /proc/PID/stat as values, and the times that follow from it.
// Invariant: a text is taken whole or refused: every field to the kernel's last one (52 since 3.5) and its newline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::proc {

/// The fields in the order and with the meaning of proc(5); addresses are 0 when we may not ptrace-read the process.
struct StatFields {
  base::Pid pid = 0;
  std::string comm;  ///< at most 15 bytes (no allocation) but for kernel threads (63); any byte, also ')' and newline
  char state = '?';
  base::Pid ppid = 0;
  base::Pid pgrp = 0;
  base::Pid session = 0;
  std::uint64_t minor_faults = 0;
  std::uint64_t children_minor_faults = 0;  ///< of waited-for children
  std::uint64_t major_faults = 0;
  std::uint64_t children_major_faults = 0;
  std::uint64_t utime_ticks = 0;
  std::uint64_t stime_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  ///< since boot
  std::uint64_t vsize_bytes = 0;
  std::uint64_t rss_pages = 0;  ///< may be off by the kernel's per-CPU counting; StatusFields has the same figure
  std::uint64_t start_code = 0;
  std::uint64_t end_code = 0;
  std::uint64_t start_stack = 0;
  std::int32_t exit_signal = 0;  ///< that its parent gets at its end; 0: none (clone(2))
  std::uint64_t arg_start = 0;
  std::uint64_t arg_end = 0;
  std::uint64_t env_start = 0;
  std::uint64_t env_end = 0;
  std::int32_t exit_code = 0;  ///< of a zombie, as waitpid(2) gives it; 0 when we may not ptrace-read the process
};

/// The name is not escaped by the kernel (fs/proc/array.c, do_task_stat), so it ends at the *last* ')'.
[[nodiscard]] base::Result<StatFields> parse_stat(std::string_view text);

/// User and system time in nanoseconds: the coarse substitute for process_cpu_ns(). Saturates.
[[nodiscard]] std::int64_t cpu_ns_of(const StatFields& stat, std::int64_t ticks_per_second);

/// Since the epoch, UTC: btime + start_ticks / HZ, the arithmetic of psutil's create_time(). Saturates.
[[nodiscard]] std::int64_t started_wall_ns(std::uint64_t start_ticks, std::uint64_t boot_time_seconds,
                                           std::int64_t ticks_per_second);

/// sysconf(_SC_CLK_TCK).
[[nodiscard]] std::int64_t ticks_per_second();

}  // namespace tidemark::proc
