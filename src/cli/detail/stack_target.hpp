// Purpose: one process of `tidemark stack`: opened, read, and described as `present` shows it.
// Invariants: nothing is stopped unless the options say so; a failure is told once, as a Failure and as the reason in
// the process's own part.
#pragma once

#include <optional>

#include "targets.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/cli/stack_options.hpp"
#include "tidemark/present/stack.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::cli {

using StackTarget = Target;

struct StackAnswer {
  present::StackProcess process;
  std::optional<Failure> failure;  ///< why there is no reading
};

[[nodiscard]] StackAnswer read_stack_target(const proc::ProcRoot& root, const StackTarget& target,
                                            const StackOptions& options);

/// Something of what was asked for is missing.
[[nodiscard]] bool is_partial(const model::StackReading& reading);

}  // namespace tidemark::cli
