// Purpose: one process of `tidemark objects`: opened, read by the consistency that the user chose, and its census.
// Invariants: nothing is stopped or cloned unless the options say so; a failure is told once.
#pragma once

#include <optional>

#include "targets.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/cli/objects_options.hpp"
#include "tidemark/model/census.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::cli {

struct ObjectsAnswer {
  model::CensusProcess process;
  std::optional<Failure> failure;    ///< why there is no census
  std::optional<base::Error> error;  ///< the same for one that goes on without (`record --census`), where there is one
};

[[nodiscard]] ObjectsAnswer read_objects_target(const proc::ProcRoot& root, const Target& target,
                                                const ObjectsOptions& options);

}  // namespace tidemark::cli
