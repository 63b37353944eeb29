// Purpose: what the makers of the doctor's tier, groups and advice share. All pure.
#pragma once

#include <algorithm>

#include "tidemark/cli/doctor.hpp"

namespace tidemark::cli {

[[nodiscard]] inline bool is_missing(const proc::KernelFeature& feature) {
  return feature.refusal &&
         (feature.refusal->code == base::ErrorCode::unsupported || feature.refusal->code == base::ErrorCode::not_found);
}

/// A feature whose lack is made good otherwise: /proc/PID/mem for process_vm_readv, a look at each tick for a pidfd.
[[nodiscard]] inline bool has_substitute(const proc::KernelFeature& feature) {
  return feature.key == "process_vm_readv" || feature.key == "pidfd_open";
}

[[nodiscard]] inline bool is_there(const DoctorFacts& facts) {
  return facts.target && facts.target->absence == Absence::none;
}

/// Yama keeps us from processes that are not our descendants.
[[nodiscard]] inline bool is_held_by_yama(const OwnFacts& own) {
  constexpr std::uint32_t nobody = 3;
  const auto scope = own.yama_scope.value_or(0);
  return scope >= nobody || (scope > 0 && !own.has(proc::Capability::sys_ptrace));
}

}  // namespace tidemark::cli
