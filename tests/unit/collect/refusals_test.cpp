#include "tidemark/collect/refusals.hpp"

#include <doctest/doctest.h>

using namespace tidemark;
using model::Source;

TEST_CASE("a source that could be read after all is refused no more, and a later refusal is said anew") {
  const base::Error denied{.code = base::ErrorCode::permission, .doing = "read", .path = "/proc/1/smaps_rollup"};
  collect::Refusals refusals;
  collect::EventLog log(0, 0);
  model::ProcessSample sample;
  refusals.add(Source::smaps_rollup, denied, sample, log);
  refusals.add(Source::io, denied, sample, log);
  CHECK(refusals.was_refused(Source::smaps_rollup));
  CHECK(refusals.rests(Source::smaps_rollup, sample));

  refusals.lift(Source::smaps_rollup);
  CHECK_FALSE(refusals.was_refused(Source::smaps_rollup));
  CHECK_FALSE(refusals.rests(Source::smaps_rollup, sample));
  CHECK(refusals.was_refused(Source::io));

  CHECK(log.take().size() == 2);
  refusals.add(Source::smaps_rollup, denied, sample, log);
  CHECK(log.take().size() == 1);
}
