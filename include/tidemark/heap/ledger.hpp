// Purpose: the ledger of one process: walks its allocators and gives each resident byte to one owner.
// Invariants: the target's memory is only read, and only where it is resident. The rows add up to what the page flags
// say is resident, whatever the memory holds; a hostile heap can give wrong owners, no wrong sum. When the memory or
// the flags cannot be had there is no ledger.
//
// Works alike on a live process (racing), on one that stands still, and on a copy of either; what the figures are worth
// is the caller's to say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"
#include "tidemark/heap/moment.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/model/heap.hpp"

namespace tidemark::proc {
class ProcessFiles;
}  // namespace tidemark::proc

namespace tidemark::heap {

/// An interpreter that is known; without one no object is, and pymalloc's arenas are not looked for.
struct PythonPlace {
  const cpython::Layout& layout;
  cpython::RuntimePlace place;
  std::string module_path, version;
};

struct LedgerRequest {
  const memory::MemorySource& memory;
  const Moment& moment;  ///< that the ledger is of
  std::optional<PythonPlace> python = {};
  std::vector<base::Tid> thread_ids = {};  ///< as the process itself names its threads
  /// Of a target that runs while it is read: how much moves is measured, and the bound set by it. Null: it stands
  /// still.
  const proc::ProcessFiles* running = nullptr;
  /// For how long at least, in ns: what comes and goes more slowly than this is not in the bound.
  std::int64_t watch_ns = 200'000'000;
};

/// Without consistency and cost, and what cgroup and /proc have beside: those are the caller's.
[[nodiscard]] model::HeapLedger read_ledger(const LedgerRequest& request);

}  // namespace tidemark::heap
