#include "tidemark/collect/collector.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace tidemark::collect {
namespace {

// What the first reading of smaps may cost, well above what was measured (feasibility.md §8: 0.1 ms, and 8.5 ms for
// each GB of RSS; several times that on a busy machine), so that the first reading keeps the share too.
constexpr std::int64_t smaps_base_cost_ns = 500'000;
constexpr double smaps_cost_ns_per_byte = 0.02;

std::int64_t guessed_smaps_cost_ns(model::Bytes rss) {
  return smaps_base_cost_ns + static_cast<std::int64_t>(smaps_cost_ns_per_byte * static_cast<double>(rss));
}

void append(std::vector<model::Event>& all, std::vector<model::Event> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Collector::Collector(const CollectOptions& options, const base::Clock& clock, Machine machine, ForkCounter forks)
    : options_(options),
      clock_(clock),
      machine_(std::move(machine)),
      cgroups_(machine_),
      meminfo_(proc::MeminfoFile::open(machine_.root)),
      forks_(std::move(forks)),
      ration_(options.smaps),
      stack_ration_({.share = stack_share}),
      heap_ration_({.share = heap_share, .interval_ns = options.heap_interval_ns}),
      census_ration_({.share = census_share, .interval_ns = options.census_interval_ns}),
      own_pid_(::getpid()) {}

std::variant<std::unique_ptr<Collector>, TargetFailure> Collector::open(const CollectOptions& options,
                                                                        const base::Clock& clock,
                                                                        const std::vector<base::Pid>& targets,
                                                                        ForkCounter forks, std::string proc) {
  auto machine = Machine::open(std::move(proc));
  if (!machine) return TargetFailure{targets.empty() ? 0 : targets.front(), std::move(machine).error()};
  std::unique_ptr<Collector> collector(new Collector(options, clock, std::move(*machine), std::move(forks)));
  TargetFailure failure;
  for (const base::Pid target : targets) {
    if (collector->is_tracked(target)) continue;
    auto process = TrackedProcess::open(collector->machine_, clock, target);
    if (process) {
      collector->adopt(std::move(*process));
      continue;
    }
    failure = {target, std::move(process).error()};
    const bool may_go = options.skip_gone || options.may_be_gone;
    if (!may_go || failure.error.code != base::ErrorCode::gone) return failure;
    if (options.may_be_gone) collector->gone_targets_.insert(target);
  }
  collector->target_count_ = collector->processes_.size();
  if (collector->processes_.empty()) {
    if (options.may_be_gone) return collector;
    return failure;
  }
  collector->name_of_first_ = collector->processes_.front()->info()->name;
  EventLog unheard(0, 0);  // whatever is refused now is refused, and said, at the first tick again
  collector->discover(unheard);
  return collector;
}

void Collector::adopt(std::unique_ptr<TrackedProcess> process) {
  tracked_pids_.insert(process->pid());
  forks_.seen(process->pid());
  processes_.push_back(std::move(process));
  ++totals_.processes;
}

void Collector::try_add(base::Pid pid, EndedBook& ended) {
  const auto known = unreaped_children_.find(pid);
  const bool is_known = known != unreaped_children_.end();
  auto process = TrackedProcess::open(machine_, clock_, pid);
  const bool is_retired = process && is_known && known->second == (*process)->info()->identity.start_ticks;
  if (process && !is_retired) return adopt(std::move(*process));
  if (!process && process.error().code != base::ErrorCode::gone) return;
  ended[pid] = is_known ? known->second : std::nullopt;
  // Seen in its parent's list and already over: it lived only between two ticks. One that was over before the first
  // tick is no affair of this recording.
  if (ticks_ > 0 && !is_known) forks_.glimpsed();
}

void Collector::discover(EventLog& log) {
  if (!options_.children) return;
  std::vector<base::Pid> children;
  EndedBook ended;
  for (std::size_t i = 0; i < processes_.size(); ++i) {  // grows while it runs: children of children
    const auto listed = processes_[i]->children(children);
    if (!listed) {
      processes_[i]->refusals().say({model::Source::children, model::reason_of(listed.error())}, listed.error(),
                                    processes_[i]->info(), log);
      continue;
    }
    for (const base::Pid child : children) {
      if (child != own_pid_ && !is_tracked(child) && !ended.contains(child)) try_add(child, ended);
    }
  }
  unreaped_children_ = std::move(ended);
}

Batch Collector::collect(std::int64_t wall_ns, std::int64_t elapsed_ns, const std::string& phase) {
  EventLog life(wall_ns, elapsed_ns);
  EventLog readings(wall_ns, elapsed_ns);
  Batch batch;
  batch.tick = {.wall_ns = wall_ns, .elapsed_ns = elapsed_ns, .phase = phase, .system_available = {}, .samples = {}};
  const auto memory = meminfo_ ? meminfo_->read() : base::fail(meminfo_.error());
  if (memory) batch.tick.system_available = memory->available;
  cgroups_.begin_tick();
  drain_forks();
  const ReadContext context{.clock = clock_,
                            .machine = machine_,
                            .cgroups = cgroups_,
                            .log = readings,
                            .tick = ++ticks_,
                            .with_python = options_.python};
  read_from(0, context, batch.tick);
  const std::size_t known = processes_.size();
  discover(readings);
  read_from(known, context, batch.tick);
  if (options_.stacks) read_stacks(elapsed_ns, batch.tick);
  read_rationed(context, batch.tick);
  report_rate(ration_, rationed_source(options_.maps), announced_smaps_seconds_, readings);
  if (options_.read_heap) read_heaps(context, batch.tick);
  if (options_.read_census) read_censuses(context, batch.tick);
  if (!memory) refuse_system(memory.error(), batch.tick, readings);
  for (std::size_t i = 0; i < processes_.size(); ++i) processes_[i]->keep(batch.tick.samples[i], elapsed_ns);
  totals_.rows += batch.tick.samples.size();

  report_exits(life);
  report_starts(life);
  batch.events = life.take();
  append(batch.events, std::exchange(early_events_, {}));
  append(batch.events, readings.take());
  return batch;
}

/// The machine's figures stand in every row, and so does their gap; the event is said once and of no process.
void Collector::refuse_system(const base::Error& error, model::Tick& tick, EventLog& log) {
  const model::Gap gap{model::Source::system, model::reason_of(error)};
  machine_refusals_.say(gap, error, nullptr, log);
  for (auto& sample : tick.samples) sample.gaps.push_back(gap);
}

void Collector::read_from(std::size_t first, const ReadContext& context, model::Tick& tick) {
  for (std::size_t i = first; i < processes_.size();) {
    model::ProcessSample sample;
    if (processes_[i]->read(context, sample) == Outcome::ended) {
      retire(i);
    } else {
      tick.samples.push_back(std::move(sample));
      ++i;
    }
  }
}

void Collector::read_rationed(const ReadContext& context, model::Tick& tick) {
  if (!ration_.rule().enabled) return;
  const std::int64_t elapsed_ns = context.log.elapsed_ns();
  const auto source = rationed_source(options_.maps);
  std::vector<RationedProcess> paid;
  std::vector<std::size_t> places;  // of the paid ones in the tick
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    auto& refusals = processes_[i]->refusals();
    const auto& identity = processes_[i]->info()->identity;
    if (refusals.rests(source, tick.samples[i])) continue;
    // A refused reading costs nothing, and its code belongs in every row; a paid one waits for its turn.
    if (refusals.was_refused(source)) {
      ration_.spend(identity, elapsed_ns, read_smaps(i, context, tick));
    } else {
      paid.push_back({identity, guessed_smaps_cost_ns(tick.samples[i].proc.rss.value_or(0))});
      places.push_back(i);
    }
  }
  ration_.serve(paid, elapsed_ns, [&](std::size_t turn) { return read_smaps(places[turn], context, tick); });
}

std::int64_t Collector::read_smaps(std::size_t index, const ReadContext& context, model::Tick& tick) {
  const std::int64_t began_ns = clock_.monotonic_ns();
  processes_[index]->read_smaps(context, options_.maps, tick.samples[index]);
  const std::int64_t cost_ns = clock_.monotonic_ns() - began_ns;
  tick.samples[index].cost_ns += cost_ns;
  return cost_ns;
}

void Collector::report_starts(EventLog& log) {
  for (; announced_ < processes_.size(); ++announced_) log.add(model::ProcessStart{processes_[announced_]->info()});
}

void Collector::report_exits(EventLog& log) {
  std::vector<std::unique_ptr<TrackedProcess>> waiting;
  for (auto& process : ended_) {
    if (!process->last_sample()) continue;  // ended before its first row: it has no last values
    model::ProcessExit exit{
        .last = process->last_sample(), .last_seen_elapsed_ns = process->last_seen_ns(), .wait_status = {}};
    const auto status = wait_statuses_.find(process->pid());
    if (status != wait_statuses_.end()) {
      exit.wait_status = status->second;
    } else if (unreaped_ == process->pid()) {
      waiting.push_back(std::move(process));
      continue;
    }
    log.add(std::move(exit));
  }
  ended_ = std::move(waiting);
}

void Collector::retire(std::size_t index) {
  auto process = std::move(processes_[index]);
  processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(index));
  if (index < announced_) --announced_;
  if (index < target_count_) --target_count_;
  tracked_pids_.erase(process->pid());
  unreaped_children_[process->pid()] = process->info()->identity.start_ticks;
  ration_.forget(process->info()->identity);
  stack_ration_.forget(process->info()->identity);
  heap_ration_.forget(process->info()->identity);
  census_ration_.forget(process->info()->identity);
  totals_.memory += process->memory_cost();
  ended_.push_back(std::move(process));
}

void Collector::look_for_exits() {
  drain_forks();
  for (std::size_t i = 0; i < processes_.size();) {
    if (processes_[i]->has_ended()) {
      retire(i);
    } else {
      ++i;
    }
  }
}

std::vector<model::Event> Collector::last_events(std::int64_t wall_ns, std::int64_t elapsed_ns) {
  EventLog log(wall_ns, elapsed_ns);
  unreaped_.reset();
  report_exits(log);
  return log.take();
}

void Collector::drain_forks() {
  // A COMMAND that ended at once may have had children before.
  forks_.drain([this](base::Pid pid) { return is_tracked(pid) || gone_targets_.contains(pid); });
}

const cpython::OpenFailure* Collector::try_python() {
  EventLog log(clock_.wall_ns(), 0);
  const cpython::OpenFailure* failure = nullptr;
  for (std::size_t i = 0; i < std::min(target_count_, processes_.size()) && failure == nullptr; ++i) {
    failure = processes_[i]->try_python(machine_, clock_, log);
  }
  append(early_events_, log.take());
  return failure;
}

CollectTotals Collector::totals() const {
  CollectTotals totals = totals_;
  for (const auto& process : processes_) totals.memory += process->memory_cost();
  totals.short_lived = forks_.count() + gone_targets_.size();
  totals.short_lived_note = forks_.note();
  return totals;
}

}  // namespace tidemark::collect
