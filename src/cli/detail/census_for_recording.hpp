// Purpose: the census that `record --census` puts into a sample: that of `objects`, taken while the process runs.
// Invariant: never stops a process, whatever `objects` could do.
#pragma once

#include "tidemark/collect/tracked_process.hpp"

namespace tidemark::cli {

/// A collect::CensusReader.
[[nodiscard]] base::Result<model::Census> read_census_for_recording(const collect::Machine& machine,
                                                                    proc::ProcessFiles& files,
                                                                    const model::ProcessIdentity& identity);

}  // namespace tidemark::cli
