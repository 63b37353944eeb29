#include "detail/census_for_recording.hpp"

#include "detail/objects_target.hpp"

namespace tidemark::cli {
namespace {

constexpr const char* doing = "count its objects";
/// Ticks wait for it.
constexpr std::int64_t recorded_budget_ns = 2 * base::ns_per_second;

base::Error error_of(const ObjectsAnswer& answer) {
  if (answer.error) return *answer.error;
  return {.code = base::ErrorCode::unsupported, .doing = doing, .detail = answer.failure->message};
}

}  // namespace

base::Result<model::Census> read_census_for_recording(const collect::Machine& machine, proc::ProcessFiles& files,
                                                      const model::ProcessIdentity& identity) {
  ObjectsOptions options;
  options.pids = {files.pid()};
  options.budget_ns = recorded_budget_ns;
  auto answer = read_objects_target(machine.root, {.pid = files.pid(), .parent = 0}, options);
  if (answer.failure) return base::fail(error_of(answer));
  if (answer.process.identity != identity) {
    return base::fail({.code = base::ErrorCode::gone, .doing = doing, .path = files.path()});
  }
  return std::move(answer.process.census);
}

}  // namespace tidemark::cli
