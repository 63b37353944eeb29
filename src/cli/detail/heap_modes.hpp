// Purpose: the ways to read a heap: while the target runs, while it stands still, out of a clone of it.
// Invariants: a mode does what its name says or fails; nothing is stopped or cloned for another one. What the target
// was put through is in the ledger's cost.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "tidemark/cli/failure.hpp"
#include "tidemark/cli/heap_options.hpp"
#include "tidemark/heap/ledger.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::cli {

struct HeapSubject {
  const proc::ProcRoot& root;
  proc::ProcessFiles& files;
  const memory::MemorySource& memory;
  std::optional<heap::PythonPlace> python = {};
  std::vector<base::Tid> thread_ids = {};
};

struct HeapRefusal {
  Failure failure;
  std::optional<base::Error> error = {};
  bool is_about_freezing = false;  ///< another mode may do: seccomp, no process or memory for a clone
};

using HeapOutcome = std::variant<model::HeapLedger, HeapRefusal>;

/// As the options say; of automatic the gentlest exact one, and why.
[[nodiscard]] HeapOutcome read_heap(const HeapSubject& subject, const HeapOptions& options);

}  // namespace tidemark::cli
