// Purpose: one tick over the whole process tree: who is there, what each says, what has ended.
// Invariants: a process once seen stays until it ends, wherever it is reparented; identity is pid and start time; the
// order of the rows is the order of first sight. Nothing here stops or writes a target.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "tidemark/base/clock.hpp"
#include "tidemark/collect/cgroup_cache.hpp"
#include "tidemark/collect/fork_counter.hpp"
#include "tidemark/collect/machine.hpp"
#include "tidemark/collect/ration.hpp"
#include "tidemark/collect/refusals.hpp"
#include "tidemark/collect/tick_loop.hpp"
#include "tidemark/collect/tracked_process.hpp"
#include "tidemark/model/event.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::collect {

struct CollectOptions {
  bool children = true;
  bool python = true;
  bool skip_gone = false;    ///< a target that has gone meanwhile is left out, if another is there
  bool may_be_gone = false;  ///< …and none need be there: a COMMAND that ended at once is a short-lived process
  bool maps = false;         ///< the rationed reading is the whole of smaps instead of smaps_rollup
  bool stacks = false;       ///< of all Python threads, at each tick that `stack_share` can pay
  std::optional<std::int64_t> heap_interval_ns{};    ///< a ledger of each heap, so far apart at least
  HeapReader read_heap{};                            ///< how; null when not asked for
  std::optional<std::int64_t> census_interval_ns{};  ///< a census of each process, so far apart at least
  CensusReader read_census{};                        ///< how; null when not asked for
  std::size_t census_top = default_census_top;       ///< types with a row of their own, whether they moved or not
  RationRule smaps;
};

/// Our own CPU time that reading stacks may take, of wall time. What it cannot pay is the gap stacks:too_slow.
inline constexpr double stack_share = 0.1;

/// Of wall time, for the ledgers of heaps: what they cost is our CPU time, and ticks that wait for it.
inline constexpr double heap_share = 0.1;

/// The same, for the censuses of objects.
inline constexpr double census_share = 0.1;

struct Batch {
  std::vector<model::Event> events;
  model::Tick tick;
};

/// The books at the end.
struct CollectTotals {
  std::uint64_t rows = 0;
  std::uint64_t processes = 0;
  std::uint64_t short_lived = 0;
  std::string short_lived_note;
  MemoryCost memory;
};

/// A target that could not be opened.
struct TargetFailure {
  base::Pid pid = 0;
  base::Error error;
};

class Collector {
 public:
  /// Opens the targets and, with `children`, their trees; takes the priming reading of their CPU times. `forks` may
  /// have listened before a COMMAND was let run, so that the forks of its first moments count too.
  [[nodiscard]] static std::variant<std::unique_ptr<Collector>, TargetFailure> open(
      const CollectOptions& options, const base::Clock& clock, const std::vector<base::Pid>& targets,
      ForkCounter forks = ForkCounter::open(), std::string proc = "/proc");

  /// Never fails: what cannot be read is a gap. `elapsed_ns` and `wall_ns` stamp the tick.
  [[nodiscard]] Batch collect(std::int64_t wall_ns, std::int64_t elapsed_ns, const std::string& phase);

  /// True when no process of the recording lives.
  [[nodiscard]] bool everything_gone() const { return processes_.empty(); }
  /// Drops all processes that have ended since the last tick (their exits are in the next batch) and takes in fork
  /// events.
  void look_for_exits();
  /// The exits that no further tick will report.
  [[nodiscard]] std::vector<model::Event> last_events(std::int64_t wall_ns, std::int64_t elapsed_ns);
  /// The exit event of a COMMAND that we started waits for its wait status: we may see its end before we reap it.
  void expect_wait_status(base::Pid pid) { unreaped_ = pid; }
  /// The wait status of a COMMAND that we started and reaped; its exit event will have it.
  void set_wait_status(base::Pid pid, int wait_status) { wait_statuses_[pid] = wait_status; }

  /// Opens the interpreters of the targets ahead of the first tick. nullptr when all can be read; else why one cannot
  /// be (`retry` when it may still come). The events of the tries are in the next batch.
  [[nodiscard]] const cpython::OpenFailure* try_python();
  /// What a person calls the first target.
  [[nodiscard]] const std::string& name_of_first() const { return name_of_first_; }
  [[nodiscard]] CollectTotals totals() const;

 private:
  Collector(const CollectOptions& options, const base::Clock& clock, Machine machine, ForkCounter forks);

  /// Ended ones that may still stand in a list of children: not to be taken for new ones. Those that had rows here are
  /// known by their start time, since one that ends may look alive again on its way to a zombie.
  using EndedBook = std::unordered_map<base::Pid, std::optional<std::uint64_t>>;

  void adopt(std::unique_ptr<TrackedProcess> process);
  void try_add(base::Pid pid, EndedBook& ended);
  void discover(EventLog& log);
  [[nodiscard]] bool is_tracked(base::Pid pid) const { return tracked_pids_.contains(pid); }
  void read_from(std::size_t first, const ReadContext& context, model::Tick& tick);
  void refuse_system(const base::Error& error, model::Tick& tick, EventLog& log);
  void read_rationed(const ReadContext& context, model::Tick& tick);
  void read_stacks(std::int64_t elapsed_ns, model::Tick& tick);
  [[nodiscard]] std::int64_t read_smaps(std::size_t index, const ReadContext& context, model::Tick& tick);
  /// What a source takes turns with, and how.
  struct Turns {
    Ration& ration;
    model::Source source;
    double& announced_seconds;
    std::function<std::int64_t(model::Bytes rss)> guess_ns;  ///< of the first reading of a process
    /// Bytes of target memory that were read.
    std::function<std::uint64_t(TrackedProcess&, model::ProcessSample&)> read;
    std::function<bool(TrackedProcess&)> wants = {};  ///< empty: every process has its turn
  };
  void read_in_turns(const Turns& turns, const ReadContext& context, model::Tick& tick);
  void read_heaps(const ReadContext& context, model::Tick& tick);
  void read_censuses(const ReadContext& context, model::Tick& tick);
  /// The rate in force, when that is news.
  static void report_rate(const Ration& ration, model::Source source, double& announced_seconds, EventLog& log);
  void report_exits(EventLog& log);
  void report_starts(EventLog& log);
  void retire(std::size_t index);
  void drain_forks();

  CollectOptions options_;
  const base::Clock& clock_;
  Machine machine_;
  CgroupCache cgroups_;
  base::Result<proc::MeminfoFile> meminfo_;
  Refusals machine_refusals_;  ///< of what concerns no process alone
  ForkCounter forks_;
  Ration ration_;
  Ration stack_ration_;
  Ration heap_ration_;
  Ration census_ration_;
  double announced_smaps_seconds_ = -1, announced_heap_seconds_ = -1, announced_census_seconds_ = -1;
  base::Pid own_pid_;
  std::vector<std::unique_ptr<TrackedProcess>> processes_;  ///< in the order of first sight
  std::unordered_set<base::Pid> tracked_pids_;
  EndedBook unreaped_children_;
  std::size_t announced_ = 0;                           ///< processes whose start event is out
  std::vector<std::unique_ptr<TrackedProcess>> ended_;  ///< whose exit event is due
  std::map<base::Pid, int> wait_statuses_;
  std::optional<base::Pid> unreaped_;  ///< the COMMAND, as long as its exit event must wait
  std::uint64_t ticks_ = 0;
  std::size_t target_count_ = 0;  ///< the first of processes_, until one of them ends
  std::string name_of_first_;
  std::unordered_set<base::Pid> gone_targets_;  ///< a COMMAND that ended at once
  std::vector<model::Event> early_events_;      ///< of try_python
  CollectTotals totals_;
};

}  // namespace tidemark::collect
