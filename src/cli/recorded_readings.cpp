#include "detail/recorded_readings.hpp"

#include "detail/heap_target.hpp"
#include "detail/objects_target.hpp"

namespace tidemark::cli {
namespace {

/// What an answer has, when it is of the very process that is recorded.
template <class Answer, class Part>
base::Result<Part> part_of(const Answer& answer, Part part, const proc::ProcessFiles& files,
                           const model::ProcessIdentity& identity, const char* doing) {
  if (answer.failure) {
    if (answer.error) return base::fail(*answer.error);
    return base::fail({.code = base::ErrorCode::unsupported, .doing = doing, .detail = answer.failure->message});
  }
  if (answer.process.identity != identity) {
    return base::fail({.code = base::ErrorCode::gone, .doing = doing, .path = files.path()});
  }
  return part;
}

/// That of `heap`, read while the process runs: a recording never stops one.
base::Result<model::HeapLedger> read_heap_for_recording(const collect::Machine& machine, proc::ProcessFiles& files,
                                                        const model::ProcessIdentity& identity) {
  HeapOptions options;
  options.pids = {files.pid()};
  options.is_recorded = true;
  auto answer = read_heap_target(machine.root, {.pid = files.pid(), .parent = 0}, options);
  return part_of(answer, std::move(answer.process.ledger), files, identity, "read the ledger of its heap");
}

/// That of `objects`, in the same way; ticks wait for it.
base::Result<model::Census> read_census_for_recording(const collect::Machine& machine, proc::ProcessFiles& files,
                                                      const model::ProcessIdentity& identity) {
  ObjectsOptions options;
  options.pids = {files.pid()};
  options.budget_ns = 2 * base::ns_per_second;
  auto answer = read_objects_target(machine.root, {.pid = files.pid(), .parent = 0}, options);
  return part_of(answer, std::move(answer.process.census), files, identity, "count its objects");
}

}  // namespace

collect::CollectOptions collect_options(const RecordOptions& options) {
  collect::CollectOptions collect;
  collect.children = options.children;
  collect.skip_gone = !options.name_regex.empty();
  collect.may_be_gone = !options.command.empty();
  collect.maps = options.maps;
  collect.stacks = options.stacks;
  if (options.heap_interval_ns) {
    collect.heap_interval_ns = options.heap_interval_ns;
    collect.read_heap = read_heap_for_recording;
  }
  if (options.census_interval_ns) {
    collect.census_interval_ns = options.census_interval_ns;
    collect.census_top = options.census_top;
    collect.read_census = read_census_for_recording;
  }
  collect.smaps.enabled = options.pss != PssMode::off;
  if (options.pss == PssMode::every) collect.smaps.interval_ns = options.pss_interval_ns;
  return collect;
}

}  // namespace tidemark::cli
