#include "detail/heap_for_recording.hpp"

#include "detail/heap_target.hpp"

namespace tidemark::cli {
namespace {

constexpr const char* doing = "read the ledger of its heap";

base::Error error_of(const HeapAnswer& answer) {
  if (answer.error) return *answer.error;
  return {.code = base::ErrorCode::unsupported, .doing = doing, .detail = answer.failure->message};
}

}  // namespace

base::Result<model::HeapLedger> read_heap_for_recording(const collect::Machine& machine, proc::ProcessFiles& files,
                                                        const model::ProcessIdentity& identity) {
  HeapOptions options;
  options.pids = {files.pid()};
  options.consistency = Consistency::racing;
  options.is_recorded = true;
  auto answer = read_heap_target(machine.root, {.pid = files.pid(), .parent = 0}, options);
  if (answer.failure) return base::fail(error_of(answer));
  if (answer.process.identity != identity) {
    return base::fail({.code = base::ErrorCode::gone, .doing = doing, .path = files.path()});
  }
  return std::move(answer.process.ledger);
}

}  // namespace tidemark::cli
