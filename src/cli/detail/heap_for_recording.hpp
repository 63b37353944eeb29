// Purpose: the ledger that `record --heap` puts into a sample: that of `heap`, read while the process runs.
// Invariant: never stops a process, whatever `heap` could do.
#pragma once

#include "tidemark/collect/tracked_process.hpp"

namespace tidemark::cli {

/// A collect::HeapReader.
[[nodiscard]] base::Result<model::HeapLedger> read_heap_for_recording(const collect::Machine& machine,
                                                                      proc::ProcessFiles& files,
                                                                      const model::ProcessIdentity& identity);

}  // namespace tidemark::cli
