// Purpose: a recording read back, row by row, whatever its format. `record` reads and calls a RecordingVisitor; who
// visits (`analysis`) never sees a file. Invariants: an empty cell is nullopt, never 0; rows come in the order of the
// files; sizes are bytes, times nanoseconds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tidemark/model/event.hpp"
#include "tidemark/model/recording.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::model {

enum class RecordedFormat {
  csv,          ///< ours: rows of one tick share elapsed_seconds
  jsonl,        ///< ours, with events
  foreign_csv,  ///< a psutil-style recorder's: the first seven columns, and rows of one round may differ in time
};

/// What a report needs of one row. Views live until the visitor returns.
struct RecordedRow {
  std::int64_t wall_ns = 0;     ///< since the epoch; 0 when the timestamp cannot be read
  std::int64_t elapsed_ns = 0;  ///< since the recording's start
  std::uint32_t process = 0;    ///< as on_process() numbered it
  std::string_view phase;       ///< unescaped; empty before the first mark
  std::optional<double> cpu_percent;
  std::optional<Bytes> rss, hwm;
  std::optional<double> memory_percent;  ///< of the machine's memory
  std::optional<Bytes> cgroup_working_set, cgroup_limit;
  std::array<std::optional<std::int64_t>, 3> gc_collections;  ///< since the interpreter started, by generation
  std::optional<std::int64_t> gc_collected;
};

/// One type's row of a recorded census, or that of all other types. The view lives until the visitor returns.
struct RecordedType {
  std::string_view type;  ///< unescaped
  std::uint64_t count = 0;
  Bytes bytes = 0, held_bytes = 0;
};

/// A census of one process as it was recorded. A type without a row is in that of other_types; one that had a row
/// before has not moved since.
struct RecordedCensus {
  std::int64_t wall_ns = 0, elapsed_ns = 0;
  std::string_view process_name;  ///< unescaped
  base::Pid pid = 0;
  std::int64_t started_wall_ns = 0;  ///< 0 in a CSV, which does not have it
  std::span<const RecordedType> types;
};

class RecordingVisitor {
 public:
  virtual ~RecordingVisitor() = default;

  /// Once before anything else.
  virtual void on_format(RecordedFormat format) = 0;
  /// JSONL only; again where a run was appended or a file rotated (then with the same boot id and start).
  virtual void on_header(const RecordingHeader& header) = 0;
  /// Before a process's first row; numbers count up from 0. The same pid with another start time is another process.
  /// `start_ticks` is 0 when the format does not have it, `started_wall_ns` 0 for a foreign recording.
  virtual void on_process(std::uint32_t number, const ProcessInfo& process) = 0;
  virtual void on_row(const RecordedRow& row) = 0;
  /// JSONL only.
  virtual void on_mark(std::int64_t elapsed_ns, const Mark& mark) = 0;
  virtual void on_suspend(std::int64_t elapsed_ns, const Suspend& suspend) = 0;
  virtual void on_end(std::int64_t elapsed_ns, const RecordingEnd& end) = 0;
  /// After the process's row of the same tick (JSONL), or after all rows (CSV). Who has no use for them leaves it.
  virtual void on_census(const RecordedCensus& /*census*/) {}
};

}  // namespace tidemark::model
