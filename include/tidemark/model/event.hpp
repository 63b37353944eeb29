// Purpose: what happens in a recording beside its samples. JSONL has a line for each; CSV shows only the phase.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tidemark/model/sample.hpp"

namespace tidemark::model {

/// A phase begins.
struct Mark {
  std::string label;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// A process is seen for the first time. `python` says what its interpreter is or why it is not read.
struct ProcessStart {
  std::shared_ptr<const ProcessInfo> process;
};

/// What was found out about a process's interpreter (once per attach, and again when that changes).
struct PythonFound {
  std::shared_ptr<const ProcessInfo> process;
  std::string version;        ///< "3.11.2"; empty when unknown
  std::string layout_origin;  ///< as cpython::Found has it; empty when the interpreter is not read
  std::string module_path;    ///< the file that holds the runtime, as the target names it
};

/// A process has ended; `last` is its last sample (no value is invented after it).
struct ProcessExit {
  std::shared_ptr<const ProcessSample> last;
  std::int64_t last_seen_elapsed_ns = 0;
  std::optional<int> wait_status;  ///< waitpid's status, only for a COMMAND that we started
};

/// A source was refused or lost: said once per process, source and reason; the rows carry the code in `gaps`.
struct SourceError {
  std::shared_ptr<const ProcessInfo> process;  ///< null when it concerns the machine or ourselves
  Gap gap;
  std::string text;
};

/// The rate now in force of a rationed reading.
struct RationRate {
  Source source;
  double interval_seconds = 0;  ///< between two readings of one process
  double cost_ms = 0;           ///< the last measured cost of one reading
  double spent_percent = 0;     ///< of wall time, over the whole recording
};

/// smaps of one process summed by kind.
struct MapsReading {
  std::shared_ptr<const ProcessInfo> process;
  struct Kind {
    std::string name;  ///< "[heap]", "[anon]", "[stack]", "[vdso]" or the file's path
    std::uint64_t maps = 0;
    Bytes size = 0, rss = 0, pss = 0, private_dirty = 0, private_clean = 0, shared_dirty = 0, shared_clean = 0,
          anonymous = 0, swap = 0, anon_huge = 0;
  };
  std::vector<Kind> kinds;  ///< largest RSS first
};

/// The machine slept: wall time went on, the schedule did not.
struct Suspend {
  std::int64_t slept_ns = 0;
};

/// Own cost and the books of the recording; the last event of a recording that ended in order.
struct RecordingEnd {
  std::string why;  ///< "duration", "signal", "targets_gone", "command_exited", "error"
  std::uint64_t ticks = 0;
  std::uint64_t late_ticks = 0;  ///< written, but begun more than a tenth of the interval late
  std::uint64_t lost_ticks = 0;  ///< due, and never taken
  std::uint64_t rows = 0;
  std::uint64_t processes = 0;
  std::optional<std::uint64_t> short_lived;  ///< lived only between two ticks; nullopt when it cannot be counted
  std::string short_lived_note;              ///< why not, or why it is only a lower bound
  std::int64_t own_cpu_ns = 0;
  Bytes own_peak_rss = 0;
  Bytes target_bytes_read = 0;        ///< of target memory
  std::uint64_t absent_bytes = 0;     ///< asked for and not read because the page was not resident
  std::int64_t longest_pause_ns = 0;  ///< that we caused in a target by stopping it: always 0 in the observe tier
};

struct Event {
  std::int64_t wall_ns = 0;
  std::int64_t elapsed_ns = 0;
  std::variant<Mark, ProcessStart, PythonFound, ProcessExit, SourceError, RationRate, MapsReading, Suspend,
               RecordingEnd>
      what;
};

}  // namespace tidemark::model
