// Purpose: what a recording reads of its targets, from the options of `record`. Invariant: nothing that it reads stops
// a process, whatever `heap` and `objects` could do.
#pragma once

#include "tidemark/cli/record_options.hpp"
#include "tidemark/collect/collector.hpp"

namespace tidemark::cli {

[[nodiscard]] collect::CollectOptions collect_options(const RecordOptions& options);

}  // namespace tidemark::cli
