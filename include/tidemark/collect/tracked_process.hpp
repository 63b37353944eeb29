// Purpose: one process of the recording: its kept descriptors, its last CPU time, its interpreter, its refused sources.
// Invariant: stands for one identity (pid and start time) for its whole life.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/base/clock.hpp"
#include "tidemark/collect/census_rows.hpp"
#include "tidemark/collect/cgroup_cache.hpp"
#include "tidemark/collect/event_log.hpp"
#include "tidemark/collect/machine.hpp"
#include "tidemark/collect/python_probe.hpp"
#include "tidemark/collect/ration.hpp"
#include "tidemark/collect/refusals.hpp"
#include "tidemark/model/census.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/model/sample.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::collect {

/// What a tick lends to each reading of a process.
struct ReadContext {
  const base::Clock& clock;
  const Machine& machine;
  CgroupCache& cgroups;
  EventLog& log;
  std::uint64_t tick = 0;
  bool with_python = true;
};

/// What PSS and USS are read from.
[[nodiscard]] constexpr model::Source rationed_source(bool with_maps) {
  return with_maps ? model::Source::smaps : model::Source::smaps_rollup;
}

/// Reads where the memory of one process is. It must be the process of this identity: a pid may come again.
using HeapReader = std::function<base::Result<model::HeapLedger>(const Machine& machine, proc::ProcessFiles& files,
                                                                 const model::ProcessIdentity& identity)>;

/// Counts the Python objects of one process, of this identity.
using CensusReader = std::function<base::Result<model::Census>(const Machine& machine, proc::ProcessFiles& files,
                                                               const model::ProcessIdentity& identity)>;

enum class Outcome {
  read,  ///< the sample is there, perhaps with gaps
  ended  ///< the process is gone or a zombie: no row
};

class TrackedProcess {
 public:
  /// Errors: gone (also a zombie), permission, and whatever its stat says. Takes the priming reading of its CPU time.
  [[nodiscard]] static base::Result<std::unique_ptr<TrackedProcess>> open(const Machine& machine,
                                                                          const base::Clock& clock, base::Pid pid);

  /// One row, without the rationed sources.
  [[nodiscard]] Outcome read(const ReadContext& context, model::ProcessSample& sample);

  /// PSS and USS by smaps_rollup, or by the whole of smaps when `with_maps` (an event then has its kinds). The wall
  /// time that the reading took is the ration's cost.
  void read_smaps(const ReadContext& context, bool with_maps, model::ProcessSample& sample);

  /// The ledger of its heap, without the lists that grow with the heap.
  void read_heap(const ReadContext& context, const HeapReader& reader, model::ProcessSample& sample);

  /// The census of its objects, with the rows that are recorded.
  void read_census(const ReadContext& context, const CensusReader& reader, std::size_t top,
                   model::ProcessSample& sample);

  /// Says once why a process without an interpreter has no census: its rows have the gap of `python` all the same.
  void explain_no_census(EventLog& log);

  /// The stacks of its Python threads, after read() of the same tick.
  void read_stacks(model::ProcessSample& sample) { python_.read_stacks(sample); }
  [[nodiscard]] bool has_python() const { return python_.is_reading(); }

  /// Gone or a zombie, by its stat alone.
  [[nodiscard]] bool has_ended() const;

  [[nodiscard]] base::Result<void> children(std::vector<base::Pid>& out) { return files_.children(out); }

  [[nodiscard]] const std::shared_ptr<const model::ProcessInfo>& info() const { return info_; }
  [[nodiscard]] base::Pid pid() const { return info_->identity.pid; }
  [[nodiscard]] MemoryCost memory_cost() const { return python_.cost(); }

  /// Opens the interpreter ahead of the first tick (when its next try is due): nullptr when it can be read, else why
  /// not.
  [[nodiscard]] const cpython::OpenFailure* try_python(const Machine& machine, const base::Clock& clock, EventLog& log);

  [[nodiscard]] Refusals& refusals() { return refusals_; }

  /// The last sample taken and when; null before the first.
  void keep(model::ProcessSample sample, std::int64_t elapsed_ns);
  [[nodiscard]] const std::shared_ptr<const model::ProcessSample>& last_sample() const { return last_sample_; }
  [[nodiscard]] std::int64_t last_seen_ns() const { return last_seen_ns_; }

 private:
  /// What execve changes in stat: the places of the program and its arguments.
  struct Image {
    std::uint64_t start_code = 0, start_stack = 0, arg_start = 0, env_start = 0;
    bool operator==(const Image&) const = default;
  };

  TrackedProcess(proc::ProcessFiles files, std::shared_ptr<const model::ProcessInfo> info,
                 const proc::StatFields& stat);

  void read_cpu(const ReadContext& context, const proc::StatFields& stat, model::ProcessSample& sample);
  void read_status(const ReadContext& context, model::ProcessSample& sample);
  void read_accounts(const ReadContext& context, model::ProcessSample& sample);
  void read_cgroup(const ReadContext& context, model::ProcessSample& sample);
  void notice_exec(const proc::StatFields& stat);
  [[nodiscard]] static Image image_of(const proc::StatFields& stat);

  proc::ProcessFiles files_;
  std::shared_ptr<const model::ProcessInfo> info_;
  Image image_;
  bool had_memory_;
  Refusals refusals_;
  PythonProbe python_;
  std::optional<std::int64_t> last_cpu_ns_;
  std::int64_t last_cpu_at_ns_ = 0;
  std::string cgroup_path_;
  CensusRows census_rows_;
  std::uint64_t next_cgroup_look_ = 0;  ///< the tick at which its place is looked up again
  std::shared_ptr<const model::ProcessSample> last_sample_;
  std::int64_t last_seen_ns_ = 0;
};

}  // namespace tidemark::collect
