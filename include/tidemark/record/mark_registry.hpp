// Purpose: how `tidemark mark` finds the recorders that run. Each has one small file in a directory that only its user
// can enter: PID.json,
// {"version":1,"pid":4711,"started_wall_ns":…,"recordings":["/abs/out.csv"],"sockets":["/abs/out.csv.sock"]}.
// Invariants: an entry is live when one of its sockets answers a connect(2), which pid reuse and pid namespaces cannot
// fake; it is published after its sockets listen, so a dead one is stale for good and whoever meets it removes it. A
// directory that is a symlink, another user's, or open to others is never used.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::record {

inline constexpr std::size_t registry_entries_cap = 1024;
inline constexpr std::size_t registry_entry_cap_bytes = 64 * 1024;

struct RunningRecording {
  base::Pid pid = 0;
  std::int64_t started_wall_ns = 0;
  std::vector<std::string> recordings;  ///< absolute paths; "-" is standard output
  std::vector<std::string> sockets;     ///< absolute paths; each leads to the same recorder
};

/// Where recorders of `uid` register, in order of preference: `XDG_RUNTIME_DIR/tidemark` when that variable is set (the
/// caller reads it; empty when unset) and absolute, then `/tmp/tidemark-UID`. A recorder uses the first that it can, a
/// reader looks in all: a cron job has no XDG_RUNTIME_DIR.
[[nodiscard]] std::vector<std::string> runtime_directories(std::string_view xdg_runtime_dir, uid_t uid);

/// Opens a runtime directory, making it (0700) when it is missing and `create` is set. `permission` when it is a
/// symlink, not a directory, not ours, or accessible to others.
[[nodiscard]] base::Result<base::Fd> open_runtime_directory(const std::string& path, bool create);

/// The recorders that answer, by pid; dead entries are removed. A directory that does not exist or may not be used
/// holds none.
[[nodiscard]] std::vector<RunningRecording> list_running(std::span<const std::string> directories);

/// A recorder's own entry, removed at the end.
class RegistryEntry {
 public:
  /// Publishes `recording` by rename in the first of `directories` that can be used.
  [[nodiscard]] static base::Result<RegistryEntry> publish(std::span<const std::string> directories,
                                                           const RunningRecording& recording);
  RegistryEntry(RegistryEntry&&) noexcept = default;
  RegistryEntry& operator=(RegistryEntry&&) = delete;
  ~RegistryEntry();

 private:
  RegistryEntry(base::Fd directory, std::string name);

  base::Fd directory_;  ///< closed in an entry that was moved from, which then removes nothing
  std::string name_;
};

}  // namespace tidemark::record
