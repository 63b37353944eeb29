// Stands in until the walk of `objects` is there: a recording then says of each process that it has no census.
#include "detail/census_for_recording.hpp"

namespace tidemark::cli {

base::Result<model::Census> read_census_for_recording(const collect::Machine& /*machine*/, proc::ProcessFiles& files,
                                                      const model::ProcessIdentity& /*identity*/) {
  return base::fail({.code = base::ErrorCode::unsupported,
                     .doing = "count its objects",
                     .path = files.path(),
                     .detail = "this build of tidemark has no census of objects yet"});
}

}  // namespace tidemark::cli
