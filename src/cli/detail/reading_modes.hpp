// Purpose: the ways to read a heap, for whoever walks one: while the target runs, while it stands still, out of a clone
// of it. Invariants: a mode does what its name says or fails; nothing is stopped or cloned for another one. What the
// target was put through is in the report's cost.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tidemark/cli/failure.hpp"
#include "tidemark/cli/reading_mode.hpp"
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

/// What a mode did, for the ledger or census that was read in it.
struct ModeReport {
  std::string consistency;           ///< "racing", "stopped", "frozen"
  std::string why_consistency = {};  ///< of automatic: why that one
  std::vector<std::string> notes = {};
  model::HeapCost cost = {};

  /// Into a model::HeapLedger or model::Census.
  template <class Reading>
  void move_into(Reading& reading) && {
    reading.consistency = std::move(consistency);
    reading.why_consistency = std::move(why_consistency);
    reading.notes.insert(reading.notes.end(), notes.begin(), notes.end());
    const auto read = reading.cost.bytes_read;
    reading.cost = std::move(cost);
    if (reading.cost.bytes_read == 0) reading.cost.bytes_read = read;
  }
};

using ModeOutcome = std::variant<ModeReport, HeapRefusal>;

/// Walks a heap: memory that stays as it is, or (racing) that of a target that runs.
using MomentReader = std::function<void(const memory::MemorySource&, const heap::Moment&)>;

/// Calls `read` once, but for a refusal. Of automatic: in the gentlest exact mode, and why.
[[nodiscard]] ModeOutcome read_in_mode(const HeapSubject& subject, const ReadingMode& mode, const MomentReader& read);

/// Which memory is resident now.
[[nodiscard]] base::Result<heap::Moment> moment_of(proc::ProcessFiles& files);

}  // namespace tidemark::cli
