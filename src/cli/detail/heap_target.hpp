// Purpose: one process of `tidemark heap`: opened, read by the consistency that the user chose, and its ledger.
// Invariants: nothing is stopped or cloned unless the options say so; a failure is told once.
#pragma once

#include <optional>

#include "tidemark/cli/failure.hpp"
#include "tidemark/cli/heap_options.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::cli {

struct HeapTarget {
  base::Pid pid = 0;
  base::Pid parent = 0;  ///< 0: named by the user
};

struct HeapAnswer {
  model::HeapProcess process;
  std::optional<Failure> failure;  ///< why there is no ledger
};

[[nodiscard]] HeapAnswer read_heap_target(const proc::ProcRoot& root, const HeapTarget& target,
                                          const HeapOptions& options);

}  // namespace tidemark::cli
