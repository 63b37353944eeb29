#include "tidemark/proc/trace_state.hpp"

#include <signal.h>
#include <unistd.h>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;
using test::must;

TEST_CASE("trace state: the captured text and its parts") {
  const auto captured = must(parse_trace_state(fixture("status")));
  CHECK(captured.state == 'S');
  CHECK(captured.tracer_pid == 0);
  CHECK(captured.on_their_way() == 0);
  CHECK(must(parse_trace_state(test::status_with_line("TracerPid", "TracerPid:\t4711"))).tracer_pid == 4711);
  CHECK(must(parse_trace_state(test::status_with_line("State", "State:\tD (disk sleep)"))).is_uninterruptible());
  CHECK(must(parse_trace_state(test::status_with_line("State", "State:\tZ (zombie)"))).has_ended());
  CHECK(must(parse_trace_state(test::status_with_line("ShdPnd", "ShdPnd:\t8000000000000001"))).shared_pending ==
        0x8000000000000001U);
}

TEST_CASE("trace state: a signal is on its way when it is pending, not blocked, and has a handler") {
  TraceState state{.pending = 0b0011, .shared_pending = 0b1100, .blocked = 0b0101, .caught = 0b0111};
  CHECK(state.on_their_way() == 0b0010);
}

TEST_CASE("trace state: what is missing or no number is malformed") {
  for (const char* key : {"State", "TracerPid", "SigPnd", "ShdPnd", "SigBlk", "SigCgt"}) {
    CAPTURE(key);
    CHECK_FALSE(parse_trace_state(test::status_with_line(key, "")));
    CHECK_FALSE(parse_trace_state(test::status_with_line(key, std::string(key) + ":\tnonsense")));
  }
  CHECK_FALSE(parse_trace_state("State:\tS (sleeping)"));
  CHECK_FALSE(parse_trace_state(""));
}

TEST_CASE("trace state: our own, as the kernel and we know it") {
  const auto root = must(ProcRoot::open());
  const auto self = must(ProcessFiles::open(root, ::getpid()));
  sigset_t usr2, before;
  ::sigemptyset(&usr2);
  ::sigaddset(&usr2, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &usr2, &before);
  const auto state = must(read_trace_state(self, ::getpid()));
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  CHECK(state.state == 'R');
  CHECK((state.blocked >> (SIGUSR2 - 1) & 1U) == 1);
  const auto none = read_trace_state(self, 0x7ffffff0);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == base::ErrorCode::gone);
}
