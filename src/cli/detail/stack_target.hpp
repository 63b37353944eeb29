// Purpose: one process of `tidemark stack`: opened, read, and described as `present` shows it.
// Invariants: nothing is stopped unless the options say so; a failure is told once, as a Failure and as the reason in
// the process's own part.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "tidemark/cli/failure.hpp"
#include "tidemark/cli/stack_options.hpp"
#include "tidemark/present/stack.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::cli {

struct StackTarget {
  base::Pid pid = 0;
  base::Pid parent = 0;  ///< 0: named by the user
};

struct StackAnswer {
  present::StackProcess process;
  std::optional<Failure> failure;  ///< why there is no reading
};

[[nodiscard]] StackAnswer read_stack_target(const proc::ProcRoot& root, const StackTarget& target,
                                            const StackOptions& options);

/// The targets and, each after its parent, all that descend from them.
[[nodiscard]] std::vector<StackTarget> with_descendants(const proc::ProcRoot& root,
                                                        const std::vector<StackTarget>& targets);

/// Something of what was asked for is missing.
[[nodiscard]] bool is_partial(const model::StackReading& reading);

}  // namespace tidemark::cli
