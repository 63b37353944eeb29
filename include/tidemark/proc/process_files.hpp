// Purpose: one process through its files in /proc, with kept descriptors that are re-read from their start:
// opening them each time costs about 6 us more for each (kernel 6.18).
// Invariants: the descriptors belong to one process for ever (a pid that comes again is another process: these then say
// `gone`). A vanished process is ErrorCode::gone from every member. A file that this kernel does not have is
// `unsupported`. A zombie is not gone: stat, status and comm still speak; it has no memory, no command line and no
// maps. Nothing is written and nothing stops the target; smaps and smaps_rollup hold its mmap lock while they are read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/model/event.hpp"
#include "tidemark/proc/accounts.hpp"
#include "tidemark/proc/maps.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/smaps.hpp"
#include "tidemark/proc/stat.hpp"
#include "tidemark/proc/status.hpp"

namespace tidemark::proc {

/// How much of a command line is taken; the rest is left out (not an error: a shell's `*` makes longer ones).
inline constexpr std::size_t max_command_line_bytes = 64 * 1024;
/// Threads whose `children` descriptor is kept; the ones beyond are opened each time.
inline constexpr std::size_t max_kept_threads = 4096;
/// Children of one process in one reading.
inline constexpr std::size_t max_children = 1 << 20;
/// Threads in one listing of task/.
inline constexpr std::size_t max_listed_threads = 1 << 20;

class ProcessFiles {
 public:
  /// Opens the directory, stat and status: 3 descriptors; io, fd, task and children add 4 when first asked for.
  /// Errors: gone (also when a hidepid mount hides it), permission.
  [[nodiscard]] static base::Result<ProcessFiles> open(const ProcRoot& root, base::Pid pid);

  [[nodiscard]] base::Pid pid() const { return pid_; }
  /// "/proc/4711"
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int dir_fd() const { return directory_.get(); }

  [[nodiscard]] base::Result<StatFields> stat() const;
  [[nodiscard]] base::Result<StatusFields> status() const;
  /// Of threads too: task/TID/status, opened for this reading. A thread that has ended is `gone`.
  [[nodiscard]] base::Result<StatusFields> thread_status(base::Tid tid) const;
  /// Permission is checked by the kernel at each reading (ptrace read access), also on the kept descriptor.
  [[nodiscard]] base::Result<IoFields> io();
  /// Open descriptors: the size of /proc/PID/fd (kernel 6.2), counted entry by entry before that. Permission: at open.
  [[nodiscard]] base::Result<std::uint64_t> fd_count();

  /// Replaces `out` by the live children of all threads, in no order. A child of a thread that ends during the reading
  /// may be missed; it is reparented to another thread and seen by the next reading. `unsupported`: no
  /// CONFIG_PROC_CHILDREN.
  [[nodiscard]] base::Result<void> children(std::vector<base::Pid>& out);
  /// The threads as this /proc names them.
  [[nodiscard]] base::Result<std::vector<base::Tid>> thread_ids();

  /// Opened for each use: a kept descriptor would pin the memory of the old program after an exec. All zero for a
  /// process without memory (zombie, kernel thread).
  [[nodiscard]] base::Result<RollupFields> smaps_rollup() const;
  /// smaps summed by kind, largest RSS first; empty for a process without memory. See SmapsByKind.
  [[nodiscard]] base::Result<std::vector<model::MapsReading::Kind>> smaps_by_kind() const;
  /// smaps mapping by mapping, by address; empty for a process without memory.
  [[nodiscard]] base::Result<std::vector<SmapsRegion>> smaps() const;
  /// Empty for a process without memory. More than max_map_regions is `limit`.
  [[nodiscard]] base::Result<std::vector<MapRegion>> maps() const;

  /// Raw: NUL after each argument; whatever the program has made of it (setproctitle). At most max_command_line_bytes.
  [[nodiscard]] base::Result<std::string> command_line() const;
  /// Without the closing newline; any bytes.
  [[nodiscard]] base::Result<std::string> comm() const;
  /// Where /proc/PID/exe points, as the target names it; " (deleted)" at the end when the file has gone. `not_found`
  /// for a process without memory.
  [[nodiscard]] base::Result<std::string> executable() const;

 private:
  /// A thread's kept descriptor. `inode` is task/TID's: another one means that the tid came again (the kernel unhashes
  /// the entry of a dead task, proc_flush_pid, and a kept descriptor pins it, so it cannot change otherwise).
  struct KeptChildren {
    base::Fd file;
    std::uint64_t inode = 0;
    bool seen = false;
  };

  ProcessFiles(base::Pid pid, std::string path, bool is_procfs, base::Fd directory)
      : pid_(pid), path_(std::move(path)), is_procfs_(is_procfs), directory_(std::move(directory)) {}

  [[nodiscard]] std::string path_of(std::string_view file) const;
  [[nodiscard]] bool is_alive() const;
  [[nodiscard]] base::Error error_of(int os_errno, std::string_view doing, std::string_view file) const;
  [[nodiscard]] base::Error in_file(base::Error error, std::string_view file) const;
  [[nodiscard]] base::Result<base::Fd> open_file(const std::string& file, std::string_view doing, int flags) const;
  [[nodiscard]] base::Result<void> keep_open(base::Fd& kept, const std::string& file, std::string_view doing,
                                             int flags);
  [[nodiscard]] base::Result<std::uint64_t> count_fd_entries() const;
  [[nodiscard]] bool is_without_memory(const base::Error& error) const;
  [[nodiscard]] base::Result<bool> has_memory() const;
  [[nodiscard]] base::Result<bool> is_single_threaded() const;
  [[nodiscard]] base::Result<void> children_of_main_thread(std::vector<base::Pid>& out);
  [[nodiscard]] base::Result<void> children_of_all_threads(std::vector<base::Pid>& out);
  [[nodiscard]] base::Result<void> children_of_thread(base::Tid tid, std::uint64_t inode, std::vector<base::Pid>& out);
  [[nodiscard]] base::Result<void> read_children(int fd, std::string_view file, std::vector<base::Pid>& out) const;

  base::Pid pid_ = 0;
  std::string path_;
  bool is_procfs_ = false;
  base::Fd directory_, stat_, status_;
  base::Fd io_, fd_directory_, task_directory_, main_children_;
  std::unordered_map<base::Tid, KeptChildren> thread_children_;
};

/// The innermost pid-namespace number of the process: what its own getpid() says.
[[nodiscard]] base::Result<base::Pid> inner_pid(const ProcessFiles& process);

/// More threads than this are `limit`: each costs a reading of its status.
inline constexpr std::size_t max_inner_threads = 16'384;

/// What the process's own gettid() says in each of its threads (the last number of NSpid), in no order. Threads that
/// end meanwhile are left out. `unsupported` before kernel 4.1 (no NSpid).
[[nodiscard]] base::Result<std::vector<base::Tid>> inner_thread_ids(ProcessFiles& process);

}  // namespace tidemark::proc
