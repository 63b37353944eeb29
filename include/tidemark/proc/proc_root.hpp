// Purpose: where /proc is, and the facts of the machine that are read through it. Everything in this room goes through
// a ProcRoot, so a test can hand in a directory of its own.
// Invariant: a ProcRoot holds an open directory for its whole life; what is read through it is not changed by a later
// mount.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::proc {

class ProcRoot {
 public:
  /// Errors: not_found, permission.
  [[nodiscard]] static base::Result<ProcRoot> open(std::string path = "/proc");

  [[nodiscard]] int fd() const { return directory_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// False for a directory of a test: the sizes and link counts of its directories then mean nothing.
  [[nodiscard]] bool is_procfs() const { return is_procfs_; }

 private:
  ProcRoot(base::Fd directory, std::string path, bool is_procfs)
      : directory_(std::move(directory)), path_(std::move(path)), is_procfs_(is_procfs) {}

  base::Fd directory_;
  std::string path_;
  bool is_procfs_ = false;
};

/// Memory of the machine, in bytes.
struct MemInfo {
  std::uint64_t total = 0;
  std::uint64_t available = 0;  ///< MemAvailable (kernel 3.14)
};

/// The text of /proc/meminfo. A missing line is malformed.
[[nodiscard]] base::Result<MemInfo> parse_meminfo(std::string_view text);

[[nodiscard]] base::Result<MemInfo> read_meminfo(const ProcRoot& root);

/// meminfo with a kept descriptor, for a reading per tick.
class MeminfoFile {
 public:
  [[nodiscard]] static base::Result<MeminfoFile> open(const ProcRoot& root);
  [[nodiscard]] base::Result<MemInfo> read() const;

 private:
  MeminfoFile(base::Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  base::Fd file_;
  std::string path_;
};

/// The `btime` line of /proc/stat: seconds since the epoch.
[[nodiscard]] base::Result<std::uint64_t> parse_boot_time(std::string_view stat_text);
[[nodiscard]] base::Result<std::uint64_t> boot_time_seconds(const ProcRoot& root);

/// All processes that the root shows, in its order. More than the kernel's PID_MAX_LIMIT is `limit`.
[[nodiscard]] base::Result<std::vector<base::Pid>> list_pids(const ProcRoot& root);

}  // namespace tidemark::proc
