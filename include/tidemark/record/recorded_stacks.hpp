// Purpose: the stacks of a recording that was made with `record --stacks`, as they were read: the interned form of the
// file resolved. Invariants: only what lines of the same file have said is used; a sample whose stacks refer to what is
// not there is counted and left out; what is unchanged from one reading of a process to the next is the same object.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "tidemark/base/result.hpp"
#include "tidemark/model/stack.hpp"
#include "tidemark/record/recording_reader.hpp"

namespace tidemark::record {

/// The stacks of one sample.
struct RecordedStacks {
  std::int64_t wall_ns = 0;                            ///< since the epoch
  std::int64_t elapsed_ns = 0;                         ///< since the recording's start
  model::ProcessInfo process;                          ///< pid, name and start time; the rest is not in a sample
  std::shared_ptr<const model::StackReading> reading;  ///< without its gaps, which the row has; tries are not recorded
};

struct StackLosses {
  std::uint64_t readings = 0;  ///< resolved
  std::uint64_t lost = 0;      ///< samples and table lines that make no sense
};

/// Reads all of a JSONL recording in order; `visit` is called for each sample that has stacks. Errors: those of open
/// and read; `unsupported` for a CSV, which has none.
[[nodiscard]] base::Result<StackLosses> read_recorded_stacks(const RecordingFiles& files,
                                                             const std::function<void(const RecordedStacks&)>& visit);

}  // namespace tidemark::record
