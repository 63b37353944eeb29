// Purpose: one process of `tidemark heap`: opened, read by the consistency that the user chose, and its ledger.
// Invariants: nothing is stopped or cloned unless the options say so; a failure is told once.
#pragma once

#include <optional>

#include "targets.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/cli/heap_options.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::cli {

using HeapTarget = Target;

struct HeapAnswer {
  model::HeapProcess process;
  std::optional<Failure> failure;    ///< why there is no ledger
  std::optional<base::Error> error;  ///< the same for one that goes on without (`record --heap`), where there is one
};

[[nodiscard]] HeapAnswer read_heap_target(const proc::ProcRoot& root, const HeapTarget& target,
                                          const HeapOptions& options);

}  // namespace tidemark::cli
