// Purpose: what one tick saw, as plain values. Written by `collect`, read by `record`, `analysis` and `present`.
// Invariants: an unread value is std::nullopt and its reason is a Gap; a rationed reading between two turns is nullopt
// without a Gap. Sizes are bytes, times nanoseconds; only the writers make MiB and seconds of them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/model/gap.hpp"

namespace tidemark::model {

using Bytes = std::uint64_t;

/// A process is its pid *and* its start time: pids come again.
struct ProcessIdentity {
  base::Pid pid = 0;
  std::uint64_t start_ticks = 0;  ///< since boot, in clock ticks (field 22 of /proc/PID/stat)

  auto operator<=>(const ProcessIdentity&) const = default;
};

/// What does not change while a process lives; shared by all of its samples.
struct ProcessInfo {
  ProcessIdentity identity;
  std::string name;                  ///< what a person calls it, fixed at first sight
  std::string command_line;          ///< arguments joined by spaces, at first sight; empty when refused
  std::int64_t started_wall_ns = 0;  ///< since the epoch, UTC: boot time + start_ticks, as psutil's create_time()
  base::Pid parent_at_first_sight = 0;
};

/// What /proc says of one process at one tick.
struct ProcReading {
  std::optional<double> cpu_percent;  ///< 100 per core, over the time since the last reading
  std::optional<Bytes> rss;
  std::optional<double> memory_percent;  ///< of MemTotal
  std::optional<base::Pid> ppid;
  std::optional<char> state;  ///< R, S, D, Z, T, t, I, as in stat
  std::optional<std::uint64_t> threads;
  std::optional<Bytes> vms, vm_peak, hwm, data;
  std::optional<Bytes> anon, file, shmem, swap;
  std::optional<Bytes> pss, uss;                            ///< rationed
  std::optional<std::uint64_t> minor_faults, major_faults;  ///< since the process started
  std::optional<std::uint64_t> voluntary_switches, involuntary_switches;
  std::optional<std::uint64_t> open_fds;
  std::optional<Bytes> io_read, io_write;  ///< read_bytes, write_bytes of /proc/PID/io: the block layer
};

/// The memory cgroup of a process (v1 or v2).
struct CgroupReading {
  std::optional<Bytes> memory;
  std::optional<Bytes> working_set;  ///< memory - inactive_file
  std::optional<Bytes> limit;        ///< the lowest along the path; nullopt when there is none
};

/// One generation of the cyclic collector, as gc.get_count() and gc.get_stats() name it.
struct GcGeneration {
  std::int64_t count = 0;
  std::int64_t collections = 0;
  std::int64_t collected = 0;
  std::int64_t uncollectable = 0;
  std::int64_t threshold = 0;  ///< gc.get_threshold(), as the interpreter has it
};

struct GcReading {
  bool enabled = false;
  std::array<GcGeneration, 3> generations{};
  std::optional<std::uint64_t> garbage;  ///< len(gc.garbage)
};

/// A Python function's names; one per code object, shared by all samples that saw it.
struct CodeInfo {
  std::string function;  ///< co_qualname (3.11+), else co_name
  std::string file;      ///< co_filename
};

struct FrameLocation {
  std::shared_ptr<const CodeInfo> code;
  std::optional<std::int64_t> line;  ///< nullopt for an instruction that has no line

  /// The same code object, not only one of the same name.
  bool operator==(const FrameLocation&) const = default;
};

/// The main interpreter's state. `gil_holder` is a native thread id as the interpreter knows it
/// (threading.get_native_id()).
struct PythonReading {
  std::optional<std::uint64_t> threads;  ///< thread states of the main interpreter
  std::optional<base::Tid> gil_holder;   ///< nullopt when nobody holds it, or (with a Gap) when it could not be read
  std::optional<GcReading> gc;
  std::optional<FrameLocation> frame;  ///< innermost frame of the GIL holder, else of the main thread
};

struct StackReading;
struct HeapLedger;
struct Census;

struct ProcessSample {
  std::shared_ptr<const ProcessInfo> process;
  ProcReading proc;
  CgroupReading cgroup;
  PythonReading python;
  std::shared_ptr<const StackReading> stacks;  ///< of `record --stacks`; null when not asked for or not read
  std::shared_ptr<const HeapLedger> heap;      ///< of `record --heap`; null between two turns
  /// Of `record --census`; null between two turns. Its types are those that are recorded (collect/census_rows.hpp).
  std::shared_ptr<const Census> census;
  std::int64_t cost_ns = 0;  ///< wall time that reading this process took us at this tick
  std::vector<Gap> gaps;
};

/// All rows of one tick share its time and phase.
struct Tick {
  std::int64_t wall_ns = 0;     ///< since the epoch, UTC
  std::int64_t elapsed_ns = 0;  ///< since the recording's start, monotonic
  std::string phase;            ///< empty before the first mark
  std::optional<Bytes> system_available;
  std::vector<ProcessSample> samples;
};

}  // namespace tidemark::model
