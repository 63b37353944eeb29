// Purpose: the memory cgroup of a process, v1 or v2: where it is and what it says.
// Invariants: the directory found is the process's own memory cgroup or the nearest ancestor that can be seen from
// here; never one outside of the mount. Values are bytes. Limits above the root of the mount (a container's view)
// cannot be seen on v2; v1 tells them in memory.stat.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/model/sample.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::proc {

enum class CgroupVersion { v1, v2 };

/// A mount of the v1 memory controller or of the unified hierarchy.
struct CgroupMount {
  CgroupVersion version = CgroupVersion::v2;
  std::string root;   ///< the cgroup that is mounted, in the frame of /proc/PID/cgroup: "/", "/docker/ab12", "/.."
  std::string point;  ///< where, in our mount namespace
};

/// The cgroup of a process as /proc/PID/cgroup has it: the line of the v1 memory controller when there is one, else
/// `0::`.
struct CgroupName {
  CgroupVersion version = CgroupVersion::v2;
  std::string path;
};

/// Levels of cgroups from the mount's root to the process; deeper is `limit`.
inline constexpr std::size_t max_cgroup_depth = 64;

/// The memory-bearing cgroup mounts of a mountinfo text (octal escapes decoded). Other lines are not looked at.
[[nodiscard]] base::Result<std::vector<CgroupMount>> parse_cgroup_mounts(std::string_view mountinfo);
/// Those of our own mount namespace: ROOT/self/mountinfo.
[[nodiscard]] base::Result<std::vector<CgroupMount>> read_cgroup_mounts(const ProcRoot& root);

/// not_found when the process is in no memory cgroup.
[[nodiscard]] base::Result<CgroupName> parse_cgroup_name(std::string_view text);

struct CgroupLocation {
  CgroupVersion version = CgroupVersion::v2;
  std::string mount_directory;  ///< of the filesystem: the top level that can be seen
  std::string directory;        ///< of the process's cgroup; mount_directory or below
};

/// Where the named cgroup is on the filesystem, by the mounts' root fields, or its nearest existing ancestor.
/// `filesystem_root` is put before the mount points (tests). `unsupported`: no such mount, or it does not show the
/// cgroup.
[[nodiscard]] base::Result<CgroupLocation> locate_cgroup(const CgroupName& name, const std::vector<CgroupMount>& mounts,
                                                         const std::string& filesystem_root = "/");

/// The cgroup of a process by /proc/PID/cgroup: cheap enough to see that a process has moved. Errors: gone,
/// unsupported.
[[nodiscard]] base::Result<CgroupLocation> find_memory_cgroup(const ProcRoot& root, base::Pid pid,
                                                              const std::vector<CgroupMount>& mounts,
                                                              const std::string& filesystem_root = "/");

/// The figures of memory.stat that we use: bytes.
struct CgroupStat {
  std::optional<std::uint64_t> inactive_file;           ///< v2
  std::optional<std::uint64_t> total_inactive_file;     ///< v1, with descendants
  std::optional<std::uint64_t> hierarchical_limit;      ///< v1: the lowest of this and all ancestors
  std::optional<std::uint64_t> anon, file;              ///< v2: anonymous memory; page cache with tmpfs
  std::optional<std::uint64_t> kernel;                  ///< v2, kernel 5.18
  std::optional<std::uint64_t> total_rss, total_cache;  ///< v1, with descendants: the same two
};
[[nodiscard]] base::Result<CgroupStat> parse_cgroup_stat(std::string_view text);

/// memory.max or memory.limit_in_bytes: nullopt for "max" and for v1's "unlimited" (LONG_MAX rounded down to a page).
[[nodiscard]] base::Result<std::optional<std::uint64_t>> parse_cgroup_limit(std::string_view text);

/// What the usage of a cgroup is made of: bytes.
struct CgroupParts {
  std::uint64_t usage = 0;
  std::uint64_t anon = 0, file = 0;  ///< anonymous memory; page cache with tmpfs
  std::uint64_t kernel = 0;          ///< 0 where the kernel does not say
  std::optional<std::uint64_t> limit;
};

/// One cgroup with kept descriptors.
class CgroupFiles {
 public:
  /// Finds and opens the memory cgroup of a process.
  [[nodiscard]] static base::Result<CgroupFiles> open(const ProcRoot& root, base::Pid pid,
                                                      const std::string& filesystem_root = "/");
  /// `unsupported` when neither the cgroup nor an ancestor has the memory controller (v2's root has no figures).
  [[nodiscard]] static base::Result<CgroupFiles> open(const CgroupLocation& location);

  /// The directory that is read: the key by which processes of one cgroup are read once per tick.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] CgroupVersion version() const { return version_; }

  /// memory.current or memory.usage_in_bytes; working set = that - inactive_file, at least 0; the lowest limit along
  /// the path (memory.high is none). `gone` when the cgroup has been removed.
  [[nodiscard]] base::Result<model::CgroupReading> read() const;

  /// What the usage is made of. Errors: as read(); `unsupported` when the kernel does not say.
  [[nodiscard]] base::Result<CgroupParts> read_parts() const;

 private:
  CgroupFiles(CgroupVersion version, std::string path) : version_(version), path_(std::move(path)) {}

  struct Figures {
    std::uint64_t usage = 0;
    CgroupStat stat;
    std::optional<std::uint64_t> limit;
  };
  [[nodiscard]] base::Result<Figures> read_figures() const;
  [[nodiscard]] base::Result<std::uint64_t> read_usage() const;
  [[nodiscard]] base::Result<CgroupStat> read_stat() const;
  [[nodiscard]] base::Result<void> open_limits(const std::string& mount_directory);
  [[nodiscard]] base::Result<std::optional<std::uint64_t>> lowest_limit(const CgroupStat& stat) const;

  CgroupVersion version_;
  std::string path_;
  base::Fd usage_, stat_;
  std::vector<base::Fd> limits_;  ///< from the cgroup upwards
};

}  // namespace tidemark::proc
