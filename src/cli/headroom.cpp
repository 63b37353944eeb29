#include "detail/headroom.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "tidemark/present/units.hpp"
#include "tidemark/proc/cgroup.hpp"

namespace tidemark::cli {
namespace {

struct Room {
  std::string path;
  std::uint64_t left_bytes = 0;
};

/// Of a cgroup with a limit; what can be reclaimed of it counts as room.
std::optional<Room> room_of(const proc::ProcRoot& root, base::Pid pid, const std::string& filesystem_root) {
  const auto files = proc::CgroupFiles::open(root, pid, filesystem_root);
  if (!files) return std::nullopt;
  const auto reading = files->read();
  if (!reading || !reading->limit) return std::nullopt;
  const std::uint64_t used = reading->working_set.value_or(reading->memory.value_or(0));
  return Room{.path = files->path(), .left_bytes = *reading->limit - std::min(*reading->limit, used)};
}

std::string said(const char* whose, std::uint64_t need, const std::string& place, std::uint64_t left) {
  return fmt::format("{} needs {}, and {} has {} left", whose, present::megabytes(static_cast<double>(need)), place,
                     present::megabytes(static_cast<double>(left)));
}

}  // namespace

std::optional<std::string> too_little_memory(const proc::ProcRoot& root, base::Pid target, const MemoryNeed& need,
                                             const std::string& filesystem_root) {
  const std::uint64_t both = need.ours + need.targets;
  const auto machine = proc::read_meminfo(root);
  if (machine && machine->available < both) return said("the reading", both, "the machine", machine->available);
  const auto ours = room_of(root, ::getpid(), filesystem_root);
  const auto theirs = room_of(root, target, filesystem_root);
  const bool is_shared = ours && theirs && ours->path == theirs->path;
  if (ours && ours->left_bytes < (is_shared ? both : need.ours)) {
    return said("the reading", is_shared ? both : need.ours, "our memory cgroup " + ours->path, ours->left_bytes);
  }
  if (theirs && !is_shared && theirs->left_bytes < need.targets) {
    return said("the target's copy-on-write", need.targets, "its memory cgroup " + theirs->path, theirs->left_bytes);
  }
  return std::nullopt;
}

}  // namespace tidemark::cli
