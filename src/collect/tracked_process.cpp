#include "tidemark/collect/tracked_process.hpp"

#include <algorithm>

#include "tidemark/proc/clocks.hpp"
#include "tidemark/proc/process_name.hpp"

namespace tidemark::collect {
namespace {

// A process is seldom moved to another cgroup; where it is costs a file, so it is looked up only every so many ticks.
constexpr std::uint64_t cgroup_look_ticks = 64;

/// A zombie has ended, and so has one that gave its memory back on its way there; a kernel thread never had any. A
/// leader that has ended before its other threads is a zombie with threads, and lives.
bool is_over(const proc::StatFields& stat, bool had_memory) {
  const bool zombie = stat.state == 'Z' || stat.state == 'X' || stat.state == 'x';
  return (zombie || (had_memory && stat.vsize_bytes == 0)) && stat.threads <= 1;
}

std::string joined(std::string raw_command_line) {
  while (!raw_command_line.empty() && raw_command_line.back() == '\0') raw_command_line.pop_back();
  std::replace(raw_command_line.begin(), raw_command_line.end(), '\0', ' ');
  return raw_command_line;
}

std::shared_ptr<const model::ProcessInfo> describe_process(const Machine& machine, const proc::ProcessFiles& files,
                                                           const proc::StatFields& stat) {
  const std::string raw = files.command_line().value_or({});
  auto info = std::make_shared<model::ProcessInfo>();
  info->identity = {files.pid(), stat.start_ticks};
  info->name = proc::process_name(stat.comm, raw, files.executable().value_or({}));
  info->command_line = joined(raw);
  info->started_wall_ns = proc::started_wall_ns(stat.start_ticks, machine.boot_time_seconds, machine.ticks_per_second);
  info->parent_at_first_sight = stat.ppid;
  return info;
}

/// Nanoseconds where the kernel's clock of this pid is ours to ask, ticks under an injected /proc.
base::Result<std::int64_t> cpu_ns(const Machine& machine, base::Pid pid, const proc::StatFields& stat) {
  if (machine.root.path() == "/proc") return proc::process_cpu_ns(pid);
  return proc::cpu_ns_of(stat, machine.ticks_per_second);
}

model::MapsReading::Kind sum_of(const std::vector<model::MapsReading::Kind>& kinds) {
  model::MapsReading::Kind sum;
  for (const auto& kind : kinds) {
    sum.pss += kind.pss;
    sum.private_clean += kind.private_clean;
    sum.private_dirty += kind.private_dirty;
  }
  return sum;
}

}  // namespace

TrackedProcess::TrackedProcess(proc::ProcessFiles files, std::shared_ptr<const model::ProcessInfo> info,
                               const proc::StatFields& stat)
    : files_(std::move(files)), info_(std::move(info)), image_(image_of(stat)), had_memory_(stat.vsize_bytes > 0) {}

base::Result<std::unique_ptr<TrackedProcess>> TrackedProcess::open(const Machine& machine, const base::Clock& clock,
                                                                   base::Pid pid) {
  auto files = proc::ProcessFiles::open(machine.root, pid);
  if (!files) return base::fail(std::move(files).error());
  const auto stat = files->stat();
  if (!stat) return base::fail(stat.error());
  if (is_over(*stat, false)) {
    return base::fail(
        {.code = base::ErrorCode::gone, .doing = "read the process", .path = files->path(), .detail = "a zombie"});
  }
  auto info = describe_process(machine, *files, *stat);
  std::unique_ptr<TrackedProcess> process(new TrackedProcess(std::move(*files), std::move(info), *stat));
  const auto cpu = cpu_ns(machine, pid, *stat);
  if (cpu) process->last_cpu_ns_ = *cpu;
  process->last_cpu_at_ns_ = clock.monotonic_ns();
  return process;
}

Outcome TrackedProcess::read(const ReadContext& context, model::ProcessSample& sample) {
  const std::int64_t began_ns = context.clock.monotonic_ns();
  sample.process = info_;
  const auto stat = files_.stat();
  if (!stat && stat.error().code == base::ErrorCode::gone) return Outcome::ended;
  if (stat && is_over(*stat, had_memory_)) return Outcome::ended;
  if (stat) {
    notice_exec(*stat);
    sample.proc.ppid = stat->ppid;
    sample.proc.state = stat->state;
    sample.proc.minor_faults = stat->minor_faults;
    sample.proc.major_faults = stat->major_faults;
    read_cpu(context, *stat, sample);
  } else {
    refusals_.add(model::Source::stat, stat.error(), sample, context.log);
  }
  read_status(context, sample);
  read_accounts(context, sample);
  read_cgroup(context, sample);
  if (context.with_python) python_.read(context.machine, files_, began_ns, refusals_, sample, context.log);
  sample.cost_ns = context.clock.monotonic_ns() - began_ns;
  return Outcome::read;
}

void TrackedProcess::read_cpu(const ReadContext& context, const proc::StatFields& stat, model::ProcessSample& sample) {
  const auto cpu = cpu_ns(context.machine, pid(), stat);
  const std::int64_t now_ns = context.clock.monotonic_ns();
  if (!cpu) {
    last_cpu_ns_.reset();
    refusals_.add(model::Source::cpu, cpu.error(), sample, context.log);
    return;
  }
  const std::int64_t span_ns = now_ns - last_cpu_at_ns_;
  if (last_cpu_ns_ && span_ns > 0) {
    const auto used_ns = static_cast<double>(std::max<std::int64_t>(0, *cpu - *last_cpu_ns_));
    sample.proc.cpu_percent = 100.0 * used_ns / static_cast<double>(span_ns);
  }
  last_cpu_ns_ = *cpu;
  last_cpu_at_ns_ = now_ns;
}

void TrackedProcess::read_status(const ReadContext& context, model::ProcessSample& sample) {
  const auto status = files_.status();
  if (!status) return refusals_.add(model::Source::status, status.error(), sample, context.log);
  auto& proc = sample.proc;
  proc.rss = status->vm_rss;
  // The leader of a process whose other threads are still running down.
  if (!status->vm_rss && had_memory_) sample.gaps.push_back({model::Source::status, model::Reason::gone});
  if (status->vm_rss && context.machine.memory_total_bytes > 0) {
    proc.memory_percent =
        100.0 * static_cast<double>(*status->vm_rss) / static_cast<double>(context.machine.memory_total_bytes);
  }
  proc.threads = status->threads;
  proc.vms = status->vm_size;
  proc.vm_peak = status->vm_peak;
  proc.hwm = status->vm_hwm;
  proc.data = status->vm_data;
  proc.anon = status->rss_anon;
  proc.file = status->rss_file;
  proc.shmem = status->rss_shmem;
  proc.swap = status->vm_swap;
  proc.voluntary_switches = status->voluntary_switches;
  proc.involuntary_switches = status->involuntary_switches;
}

void TrackedProcess::read_accounts(const ReadContext& context, model::ProcessSample& sample) {
  if (!refusals_.rests(model::Source::io, sample)) {
    if (const auto io = files_.io()) {
      sample.proc.io_read = io->read_bytes;
      sample.proc.io_write = io->write_bytes;
    } else {
      refusals_.add(model::Source::io, io.error(), sample, context.log);
    }
  }
  if (!refusals_.rests(model::Source::fds, sample)) {
    if (const auto count = files_.fd_count()) {
      sample.proc.open_fds = *count;
    } else {
      refusals_.add(model::Source::fds, count.error(), sample, context.log);
    }
  }
}

void TrackedProcess::read_cgroup(const ReadContext& context, model::ProcessSample& sample) {
  if (refusals_.rests(model::Source::cgroup, sample)) return;
  if (cgroup_path_.empty() || context.tick >= next_cgroup_look_) {
    auto path = context.cgroups.locate(pid());
    if (!path) return refusals_.add(model::Source::cgroup, path.error(), sample, context.log);
    cgroup_path_ = std::move(*path);
    next_cgroup_look_ = context.tick + cgroup_look_ticks;
  }
  auto reading = context.cgroups.read(cgroup_path_);
  if (!reading) {
    cgroup_path_.clear();  // removed, or the process was moved: looked up anew at the next tick
    return refusals_.add(model::Source::cgroup, reading.error(), sample, context.log);
  }
  sample.cgroup = *reading;
}

void TrackedProcess::read_smaps(const ReadContext& context, bool with_maps, model::ProcessSample& sample) {
  const auto source = rationed_source(with_maps);
  if (with_maps) {
    auto kinds = files_.smaps_by_kind();
    if (!kinds) return refusals_.add(source, kinds.error(), sample, context.log);
    refusals_.lift(source);
    const auto sum = sum_of(*kinds);
    sample.proc.pss = sum.pss;
    sample.proc.uss = sum.private_clean + sum.private_dirty;
    context.log.add(model::MapsReading{info_, std::move(*kinds)});
    return;
  }
  const auto rollup = files_.smaps_rollup();
  if (!rollup) return refusals_.add(source, rollup.error(), sample, context.log);
  refusals_.lift(source);  // else it would stay free of the ration
  sample.proc.pss = rollup->pss;
  sample.proc.uss = rollup->uss();
}

void TrackedProcess::read_heap(const ReadContext& context, const HeapReader& reader, model::ProcessSample& sample) {
  auto ledger = reader(context.machine, files_, info_->identity);
  if (!ledger) return refusals_.add(model::Source::heap, ledger.error(), sample, context.log);
  refusals_.lift(model::Source::heap);
  ledger->types.clear();
  ledger->files.clear();
  ledger->arenas.clear();
  ledger->held_arenas.clear();
  sample.heap = std::make_shared<const model::HeapLedger>(std::move(*ledger));
}

void TrackedProcess::read_census(const ReadContext& context, const CensusReader& reader, std::size_t top,
                                 model::ProcessSample& sample) {
  auto census = reader(context.machine, files_, info_->identity);
  if (!census) return refusals_.add(model::Source::objects, census.error(), sample, context.log);
  refusals_.lift(model::Source::objects);
  sample.census = std::make_shared<const model::Census>(census_rows_.select(std::move(*census), top));
}

void TrackedProcess::explain_no_census(EventLog& log) {
  const auto& failure = python_.failure();
  if (!failure || failure->retry) return;  // it may be there at the next tick
  refusals_.say({model::Source::objects, failure->reason}, failure->error, info_, log);
}

const cpython::OpenFailure* TrackedProcess::try_python(const Machine& machine, const base::Clock& clock,
                                                       EventLog& log) {
  model::ProcessSample scratch;
  scratch.process = info_;
  python_.read(machine, files_, clock.monotonic_ns(), refusals_, scratch, log);
  return python_.is_reading() || !python_.failure() ? nullptr : &*python_.failure();
}

TrackedProcess::Image TrackedProcess::image_of(const proc::StatFields& stat) {
  return {stat.start_code, stat.start_stack, stat.arg_start, stat.env_start};
}

void TrackedProcess::notice_exec(const proc::StatFields& stat) {
  const Image now = image_of(stat);
  had_memory_ = had_memory_ || stat.vsize_bytes > 0;
  if (now == image_) return;
  image_ = now;
  python_.restart();
  census_rows_ = {};
  refusals_.forget_all();
}

bool TrackedProcess::has_ended() const {
  const auto stat = files_.stat();
  return stat ? is_over(*stat, had_memory_) : stat.error().code == base::ErrorCode::gone;
}

void TrackedProcess::keep(model::ProcessSample sample, std::int64_t elapsed_ns) {
  last_sample_ = std::make_shared<const model::ProcessSample>(std::move(sample));
  last_seen_ns_ = elapsed_ns;
}

}  // namespace tidemark::collect
