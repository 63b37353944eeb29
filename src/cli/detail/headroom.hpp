// Purpose: whether there is memory for what a reading needs, before it is taken: a copy of ours, and what copy-on-write
// may cost the target.
// Invariant: the worst case is compared: the target may write each of its pages while a clone of it stands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidemark/base/address.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::cli {

struct MemoryNeed {
  std::uint64_t ours = 0;     ///< bytes that we are going to touch
  std::uint64_t targets = 0;  ///< bytes that the target may have twice
};

/// nullopt: there is room. Else which limit is too low, with the figures: "the copy needs 1.9 GB, and the memory cgroup
/// /sys/fs/cgroup/x has 0.4 GB left". `filesystem_root` is put before the mounts of cgroups (tests).
[[nodiscard]] std::optional<std::string> too_little_memory(const proc::ProcRoot& root, base::Pid target,
                                                           const MemoryNeed& need,
                                                           const std::string& filesystem_root = "/");

}  // namespace tidemark::cli
