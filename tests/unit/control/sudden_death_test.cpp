// SIGKILL at any instant, to the tracer or to ourselves: the target goes on as if nothing had been.
#include <sys/prctl.h>

#include <random>
#include <thread>

#include "lively_target.hpp"
#include "sanitized.hpp"
#include "support.hpp"
#include "tidemark/control/stopped_target.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;

namespace {

constexpr int kills = tidemark::is_sanitized ? 200 : 600;

}  // namespace

TEST_CASE("the tracer is killed at any instant") {
  Target target(live);
  QueuedSignals signals;
  std::atomic<bool> done = false;
  std::thread killer([&] {
    std::mt19937 random(20261127);
    std::uniform_int_distribution<std::int64_t> delay_ns(0, 2'500'000);
    while (!done) {
      const auto children = children_but(target.pid());
      if (children.empty()) continue;
      spin_ns(delay_ns(random));
      ::kill(children.front(), SIGKILL);  // not waited for yet, so the number is no other's; or it has been: ESRCH
    }
  });
  int died_before = 0, died_in_hold = 0, whole = 0;
  while (died_before + died_in_hold < kills) {
    signals.send(target);
    auto stopped = StoppedTarget::stop(proc_root(), target.pid());
    signals.send(target);
    if (!stopped) {
      REQUIRE(stopped.error().code == base::ErrorCode::busy);
      ++died_before;
    } else {
      spin_ns(1'000'000);
      const auto report = must(stopped->resume());
      report.released_by == ReleasedBy::tracer_death ? ++died_in_hold : ++whole;
    }
    check_unharmed(target);
  }
  done = true;
  killer.join();
  CHECK(died_before > 0);
  CHECK(died_in_hold > 0);
  signals.check_all_handled(target);
  CHECK(target.facts().early_returns == 0);
  CHECK(children_but(target.pid()).empty());
  const int died = died_before + died_in_hold;
  MESSAGE(died, " kills of the tracer: ", died_before, " before it had stopped the target, ", died_in_hold,
          " while it stood; ", whole, " stops ended well");
}

TEST_CASE("we are killed at any instant") {
  Target target(live);
  QueuedSignals signals;
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);  // what we leave behind comes to the test
  std::mt19937 random(20261128);
  std::uniform_int_distribution<std::int64_t> delay_ns(0, 4'000'000);
  int kills_done = 0;
  for (; kills_done < kills; ++kills_done) {
    const base::Pid ourselves = ::fork();
    REQUIRE(ourselves >= 0);
    if (ourselves == 0) {
      while (true) {
        auto stopped = StoppedTarget::stop(proc_root(), target.pid());
        if (!stopped) ::_exit(stopped.error().code == base::ErrorCode::busy ? 0 : 7);
        spin_ns(300'000);
        if (!stopped->resume()) ::_exit(6);
      }
    }
    signals.send(target);
    spin_ns(delay_ns(random));
    ::kill(ourselves, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(ourselves, &status, 0) == ourselves);
    CHECK(WIFSIGNALED(status));
    check_unharmed(target);
    wait_until(
        [&] {
          siginfo_t left{};
          while (::waitid(P_ALL, 0, &left, WEXITED | WNOHANG | __WALL) == 0 && left.si_pid != 0) {
            REQUIRE(left.si_pid != target.pid());
          }
          return children_but(target.pid()).empty();
        },
        "no tracer is left");
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  signals.check_all_handled(target);
  CHECK(target.facts().early_returns == 0);
  MESSAGE(kills_done, " kills of the stopping program");
}
