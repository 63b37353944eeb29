// A target as it was at one instant, read while it runs on.
#include "tidemark/control/frozen_target.hpp"

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;
using base::ErrorCode;

TEST_CASE("freeze: quick") {
  Target target(beat);
  for (int i = 0; i < 5; ++i) {
    auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
    target.wait_for_beats();
    const auto report = must(frozen.release());
    CHECK(report.reaped);
    MESSAGE("pause ", as_ms(report.pause_ns), " reap ", as_ms(report.reap_pause_ns), " faults ", report.minor_faults,
            " threads ", report.threads);
  }
  target.wait_for_beats();
}
