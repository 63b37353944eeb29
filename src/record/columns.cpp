#include "tidemark/record/columns.hpp"

#include <array>
#include <cmath>
#include <optional>

#include "tidemark/base/clock.hpp"
#include "tidemark/model/heap.hpp"

namespace tidemark::record {
namespace {

using model::GcReading;

constexpr std::uint32_t million = 1'000'000;

Value count(const auto& optional) {
  if (!optional) return {};
  return std::uint64_t{static_cast<std::uint64_t>(*optional)};
}

Value id(const auto& optional) {
  if (!optional) return {};
  return std::int64_t{*optional};
}

Value size(const std::optional<model::Bytes>& bytes) {
  if (!bytes) return {};
  return mib(*bytes);
}

Value text(std::string_view view) {
  if (view.empty()) return {};
  return view;
}

Value state(const Row& row) {
  const auto& letter = row.sample.proc.state;
  if (!letter) return {};
  return std::string_view(&*letter, 1);
}

Value percent(const std::optional<double>& value, int digits) {
  if (!value) return {};
  return rounded(*value, digits);
}

Value gc_enabled(const Row& row) {
  const auto& gc = row.sample.python.gc;
  if (!gc) return {};
  return std::uint64_t{gc->enabled ? 1U : 0U};
}

Value gc_garbage(const Row& row) {
  const auto& gc = row.sample.python.gc;
  if (!gc) return {};
  return count(gc->garbage);
}

template <std::size_t generation, std::int64_t model::GcGeneration::*member>
Value gc_of(const Row& row) {
  const auto& gc = row.sample.python.gc;
  if (!gc) return {};
  return gc->generations[generation].*member;
}

/// Summed over the generations, as unsigned: the figures are the target's and may be anything.
template <std::int64_t model::GcGeneration::*member>
Value gc_sum(const Row& row) {
  const auto& gc = row.sample.python.gc;
  if (!gc) return {};
  std::uint64_t sum = 0;
  for (const auto& generation : gc->generations) sum += static_cast<std::uint64_t>(generation.*member);
  return static_cast<std::int64_t>(sum);
}

const model::CodeInfo* code(const Row& row) {
  const auto& frame = row.sample.python.frame;
  return frame ? frame->code.get() : nullptr;
}

Value python_function(const Row& row) { return code(row) == nullptr ? Value{} : text(code(row)->function); }
Value python_file(const Row& row) { return code(row) == nullptr ? Value{} : text(code(row)->file); }

Value python_line(const Row& row) {
  const auto& frame = row.sample.python.frame;
  return frame ? id(frame->line) : Value{};
}

Value gaps(const Row& row) {
  if (row.sample.gaps.empty()) return {};
  return GapList{row.sample.gaps};
}

template <std::optional<model::Bytes> model::ProcReading::*member>
Value proc_size(const Row& row) {
  return size(row.sample.proc.*member);
}

template <std::optional<std::uint64_t> model::ProcReading::*member>
Value proc_count(const Row& row) {
  return count(row.sample.proc.*member);
}

template <std::optional<model::Bytes> model::CgroupReading::*member>
Value cgroup_size(const Row& row) {
  return size(row.sample.cgroup.*member);
}

/// Of `record --heap`; empty between its turns.
template <model::Bytes (*figure)(const model::HeapLedger&)>
Value heap_size(const Row& row) {
  if (!row.sample.heap) return {};
  return mib(figure(*row.sample.heap));
}

model::Bytes arena_bytes(const model::HeapLedger& heap) { return heap.pymalloc.arenas * heap.pymalloc.arena_bytes; }
model::Bytes system_bytes(const model::HeapLedger& heap) { return heap.malloc.system_bytes(); }
model::Bytes free_bytes(const model::HeapLedger& heap) { return heap.malloc.free_bytes(); }

using Proc = model::ProcReading;
using Cgroup = model::CgroupReading;
using Generation = model::GcGeneration;

// The seven of psutil-style recorders first; the rest is grouped by source. Only ever append.
constexpr std::array table{
    Column{"timestamp", Scope::tick, "UTC",
           "wall time of the tick, ISO 8601 with milliseconds; the same for all rows of a tick",
           [](const Row& row) -> Value { return Instant{row.tick.wall_ns}; }},
    Column{"elapsed_seconds", Scope::tick, "s", "monotonic time since the recording began",
           [](const Row& row) -> Value { return seconds(row.tick.elapsed_ns); }},
    Column{"process_name", Scope::process, "text",
           "the -m module or script of an interpreter's command line, else comm; fixed at first sight",
           [](const Row& row) { return text(row.sample.process->name); }},
    Column{"pid", Scope::process, "id", "process id, in the recorder's pid namespace",
           [](const Row& row) -> Value { return std::int64_t{row.sample.process->identity.pid}; }},
    Column{"cpu_percent", Scope::sample, "%", "process CPU clock over the tick, 100 per core",
           [](const Row& row) { return percent(row.sample.proc.cpu_percent, 2); }},
    Column{"memory_rss_mb", Scope::sample, "MiB", "resident set size (/proc/PID/status VmRSS)", proc_size<&Proc::rss>},
    Column{"memory_percent", Scope::sample, "%", "RSS of MemTotal",
           [](const Row& row) { return percent(row.sample.proc.memory_percent, 4); }},
    Column{"process_started", Scope::process, "UTC", "when the process started; (pid, process_started) names a process",
           [](const Row& row) -> Value { return Instant{row.sample.process->started_wall_ns}; }},
    Column{"ppid", Scope::sample, "id", "parent process id", [](const Row& row) { return id(row.sample.proc.ppid); }},
    Column{"state", Scope::sample, "text", "one letter: R, S, D, Z, T, t, I (/proc/PID/stat)", state},
    Column{"threads", Scope::sample, "count", "threads of the process", proc_count<&Proc::threads>},
    Column{"memory_vms_mb", Scope::sample, "MiB", "address space (VmSize)", proc_size<&Proc::vms>},
    Column{"memory_vmpeak_mb", Scope::sample, "MiB", "highest address space (VmPeak)", proc_size<&Proc::vm_peak>},
    Column{"memory_hwm_mb", Scope::sample, "MiB", "highest RSS (VmHWM)", proc_size<&Proc::hwm>},
    Column{"memory_data_mb", Scope::sample, "MiB", "private writable mappings (VmData)", proc_size<&Proc::data>},
    Column{"memory_anon_mb", Scope::sample, "MiB", "anonymous part of RSS (RssAnon)", proc_size<&Proc::anon>},
    Column{"memory_file_mb", Scope::sample, "MiB", "file part of RSS (RssFile)", proc_size<&Proc::file>},
    Column{"memory_shmem_mb", Scope::sample, "MiB", "shared memory part of RSS (RssShmem)", proc_size<&Proc::shmem>},
    Column{"memory_swap_mb", Scope::sample, "MiB", "swapped out (VmSwap)", proc_size<&Proc::swap>},
    Column{"memory_pss_mb", Scope::sample, "MiB", "proportional set size (smaps_rollup Pss); rationed",
           proc_size<&Proc::pss>},
    Column{"memory_uss_mb", Scope::sample, "MiB", "private memory (smaps_rollup Private_*); rationed",
           proc_size<&Proc::uss>},
    Column{"minor_faults", Scope::sample, "count", "page faults without I/O since the process started (stat minflt)",
           proc_count<&Proc::minor_faults>},
    Column{"major_faults", Scope::sample, "count", "page faults with I/O since the process started (stat majflt)",
           proc_count<&Proc::major_faults>},
    Column{"voluntary_switches", Scope::sample, "count", "context switches by waiting (status voluntary_ctxt_switches)",
           proc_count<&Proc::voluntary_switches>},
    Column{"involuntary_switches", Scope::sample, "count",
           "context switches by preemption (status nonvoluntary_ctxt_switches)",
           proc_count<&Proc::involuntary_switches>},
    Column{"open_fds", Scope::sample, "count", "open file descriptors (/proc/PID/fd)", proc_count<&Proc::open_fds>},
    Column{"io_read_mb", Scope::sample, "MiB", "read from storage since the process started (io read_bytes)",
           proc_size<&Proc::io_read>},
    Column{"io_write_mb", Scope::sample, "MiB", "written to storage since the process started (io write_bytes)",
           proc_size<&Proc::io_write>},
    Column{"cgroup_memory_mb", Scope::sample, "MiB", "memory of the process's cgroup (memory.current)",
           cgroup_size<&Cgroup::memory>},
    Column{"cgroup_working_set_mb", Scope::sample, "MiB", "cgroup memory without inactive_file",
           cgroup_size<&Cgroup::working_set>},
    Column{"cgroup_limit_mb", Scope::sample, "MiB",
           "lowest memory limit along the cgroup's path; empty when there is none", cgroup_size<&Cgroup::limit>},
    Column{"system_available_mb", Scope::tick, "MiB", "/proc/meminfo MemAvailable",
           [](const Row& row) { return size(row.tick.system_available); }},
    Column{"python_threads", Scope::sample, "count", "thread states of the main interpreter",
           [](const Row& row) { return count(row.sample.python.threads); }},
    Column{"gil_holder", Scope::sample, "id", "native id of the thread that holds the GIL; empty when it is free",
           [](const Row& row) { return id(row.sample.python.gil_holder); }},
    Column{"gc_enabled", Scope::sample, "flag", "gc.isenabled(), 1 or 0", gc_enabled},
    Column{"gc_gen0_count", Scope::sample, "count", "gc.get_count()[0]", gc_of<0, &Generation::count>},
    Column{"gc_gen1_count", Scope::sample, "count", "gc.get_count()[1]", gc_of<1, &Generation::count>},
    Column{"gc_gen2_count", Scope::sample, "count", "gc.get_count()[2]", gc_of<2, &Generation::count>},
    Column{"gc_gen0_collections", Scope::sample, "count", "gc.get_stats()[0]['collections']",
           gc_of<0, &Generation::collections>},
    Column{"gc_gen1_collections", Scope::sample, "count", "gc.get_stats()[1]['collections']",
           gc_of<1, &Generation::collections>},
    Column{"gc_gen2_collections", Scope::sample, "count", "gc.get_stats()[2]['collections']",
           gc_of<2, &Generation::collections>},
    Column{"gc_collected", Scope::sample, "count", "gc.get_stats() 'collected', all generations",
           gc_sum<&Generation::collected>},
    Column{"gc_uncollectable", Scope::sample, "count", "gc.get_stats() 'uncollectable', all generations",
           gc_sum<&Generation::uncollectable>},
    Column{"gc_garbage", Scope::sample, "count", "len(gc.garbage)", gc_garbage},
    Column{"python_function", Scope::sample, "text", "innermost function of the GIL holder, else of the main thread",
           python_function},
    Column{"python_file", Scope::sample, "text", "the file of python_function", python_file},
    Column{"python_line", Scope::sample, "count", "the line in python_file", python_line},
    Column{"phase", Scope::tick, "text", "label of the last mark", [](const Row& row) { return text(row.tick.phase); }},
    Column{"sample_cost_ms", Scope::sample, "ms", "time that reading this process took the recorder",
           [](const Row& row) -> Value { return milliseconds(row.sample.cost_ns); }},
    Column{"gaps", Scope::sample, "text", "what could not be read and why: source:reason, separated by one space",
           gaps},
    Column{"pymalloc_arenas_mb", Scope::sample, "MiB", "arenas of pymalloc, resident or not; --heap, rationed",
           heap_size<arena_bytes>},
    Column{"malloc_system_mb", Scope::sample, "MiB",
           "all arenas of glibc's malloc, without mapped blocks (mallinfo2 arena); --heap, rationed",
           heap_size<system_bytes>},
    Column{"malloc_free_mb", Scope::sample, "MiB", "free in these: top, bins, fastbins and tcaches; --heap, rationed",
           heap_size<free_bytes>},
};

/// Splits a count of 10^-digits into a Decimal.
Decimal scaled(std::int64_t value, std::uint32_t per_whole, std::uint8_t least_digits) {
  const bool negative = value < 0;
  const std::uint64_t size =
      negative ? std::uint64_t{0} - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  return Decimal{.whole = size / per_whole,
                 .millionths = static_cast<std::uint32_t>(size % per_whole) * (million / per_whole),
                 .least_digits = least_digits,
                 .negative = negative};
}

}  // namespace

std::span<const Column> columns() { return table; }

Decimal mib(model::Bytes bytes) {
  constexpr unsigned shift = 20;
  constexpr std::uint64_t mask = (std::uint64_t{1} << shift) - 1;
  // Rounded to nearest. The largest remainder gives 999,999, so there is no carry.
  const std::uint64_t millionths = ((bytes & mask) * million + (mask + 1) / 2) >> shift;
  return Decimal{.whole = bytes >> shift, .millionths = static_cast<std::uint32_t>(millionths)};
}

Decimal seconds(std::int64_t ns) { return scaled(ns / 1000, million, 3); }

Decimal milliseconds(std::int64_t ns) { return scaled(ns / 1000, 1000, 1); }

Value rounded(double value, int digits) {
  constexpr double too_large = 1e12;
  constexpr std::array<std::uint32_t, 7> powers{1, 10, 100, 1000, 10'000, 100'000, 1'000'000};
  if (!std::isfinite(value) || std::abs(value) >= too_large) return {};
  const std::uint32_t per_whole = powers.at(static_cast<std::size_t>(digits));
  return scaled(std::llround(value * per_whole), per_whole, 1);
}

}  // namespace tidemark::record
