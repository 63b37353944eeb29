#include "tidemark/control/stopped_target.hpp"

#include <sys/ptrace.h>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;
using base::ErrorCode;

namespace {

std::uint64_t read_number(const memory::MemorySource& memory, const std::atomic<std::uint64_t>& number) {
  return must(memory.read_value<std::uint64_t>({reinterpret_cast<std::uint64_t>(&number)}));
}

}  // namespace

TEST_CASE("a stopped target stands still, and goes on") {
  Target target(beat);
  auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
  const auto states = target.states();
  REQUIRE(states.size() == 1);
  CHECK(states[0].state == 't');
  CHECK(states[0].tracer_pid == stopped.tracer_pid());
  const std::uint64_t beats = target.facts().beats;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t before = read_number(stopped.memory(), target.facts().before);
    const std::uint64_t after = read_number(stopped.memory(), target.facts().after);
    CHECK((before == after || before == after + 1));
    CHECK(read_number(stopped.memory(), target.facts().beats) == beats);
  }
  const auto report = must(stopped.resume());
  CHECK(report.released_by == ReleasedBy::request);
  CHECK_FALSE(report.reading_is_void());
  CHECK(report.threads == 1);
  CHECK(report.pause_ns > 0);
  CHECK(report.interrupted.empty());
  CHECK(report.restarted_epoll_waits == 0);
  target.wait_for_beats();
  CHECK(is_untouched(target.states().at(0)));
}
