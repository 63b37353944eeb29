// What the target's own stops, signals and ends have to do with ours.
#include <sys/epoll.h>
#include <sys/wait.h>

#include "support.hpp"
#include "tidemark/control/stopped_target.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;

namespace {

/// Whether its parent is told of a stop or a continuation just now.
bool parent_is_told(base::Pid pid, int of) {
  siginfo_t said{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &said, of | WNOHANG) == 0 && said.si_pid == pid;
}

void wait_for_state(const Target& target, char state) {
  wait_until(
      [&] {
        for (const auto& thread : target.states()) {
          if (thread.state != state) return false;
        }
        return true;
      },
      "the target is in a state");
}

/// Waits a minute for nothing, again and again; SIGUSR1 has a handler.
[[noreturn]] void wait_in_epoll(Facts& facts) {
  constexpr int minute_ms = 60'000;
  static Facts* facts_of_handler = nullptr;
  facts_of_handler = &facts;
  struct sigaction action {};
  action.sa_handler = [](int) { ++facts_of_handler->signals; };
  ::sigaction(SIGUSR1, &action, nullptr);
  const int queue = ::epoll_create1(0);
  epoll_event event{};
  facts.ready = true;
  while (true) {
    ::epoll_wait(queue, &event, 1, minute_ms);
    ++facts.early_returns;
  }
}

void stop_and_resume(const Target& target) {
  auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
  CHECK(must(stopped.resume()).released_by == ReleasedBy::request);
}

}  // namespace

TEST_CASE("a target that is stopped stays so, and its parent is told nothing") {
  Target target(beat);
  REQUIRE(::kill(target.pid(), SIGSTOP) == 0);
  wait_until([&] { return parent_is_told(target.pid(), WSTOPPED); }, "the stop of its own");
  for (int i = 0; i < 50; ++i) {
    stop_and_resume(target);
    wait_for_state(target, 'T');
    CHECK_FALSE(parent_is_told(target.pid(), WSTOPPED | WCONTINUED));
  }
  REQUIRE(::kill(target.pid(), SIGCONT) == 0);
  wait_until([&] { return parent_is_told(target.pid(), WCONTINUED); }, "its continuation");
  target.wait_for_beats();
}

TEST_CASE("a call that another has cut is not counted as ours") {
  Target target(wait_in_epoll);
  wait_for_state(target, 'S');
  REQUIRE(::kill(target.pid(), SIGSTOP) == 0);
  wait_for_state(target, 'T');
  auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
  CHECK(must(stopped.resume()).interrupted.empty());
  CHECK(target.facts().early_returns == 0);
  REQUIRE(::kill(target.pid(), SIGCONT) == 0);
  wait_until([&] { return target.facts().early_returns == 1; }, "SIGSTOP has cut the call (signal(7))");

  // A signal at about the time of a stop: the call ends once for it, and once more for each time that we count.
  std::uint64_t returns = 1, counted = 0;
  for (int i = 0; i < 300; ++i) {
    wait_for_state(target, 'S');
    REQUIRE(::kill(target.pid(), SIGUSR1) == 0);
    auto again = must(StoppedTarget::stop(proc_root(), target.pid()));
    ++returns;
    for (const auto& call : must(again.resume()).interrupted) {
      CHECK(call == InterruptedCall{"epoll_wait", 1});
      ++returns;
      ++counted;
    }
    wait_until([&] { return target.facts().early_returns >= returns; }, "the call has ended as often as was said");
  }
  CHECK(target.facts().early_returns == returns);
  CHECK(target.facts().signals == 300);
  MESSAGE("of 300 stops at the time of a signal ", counted, " cut the next call as well");
}

TEST_CASE("SIGSTOP and SIGCONT that arrive while it stands do what they should") {
  Target target(beat);
  {
    auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
    REQUIRE(::kill(target.pid(), SIGSTOP) == 0);
    CHECK(must(stopped.resume()).released_by == ReleasedBy::request);
  }
  wait_for_state(target, 'T');
  CHECK(parent_is_told(target.pid(), WSTOPPED));
  {
    auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
    REQUIRE(::kill(target.pid(), SIGCONT) == 0);
    CHECK(must(stopped.resume()).released_by == ReleasedBy::request);
  }
  target.wait_for_beats();
  CHECK(parent_is_told(target.pid(), WCONTINUED));
}

TEST_CASE("a target that is killed while it stands is given back to its parent at once") {
  Target target(beat);
  auto stopped = must(StoppedTarget::stop(proc_root(), target.pid(), {.max_pause_ns = 60 * base::ns_per_second}));
  REQUIRE(::kill(target.pid(), SIGKILL) == 0);
  const int status = target.wait_for_end();  // else it would be the end of max_pause
  CHECK(WIFSIGNALED(status));
  const auto report = must(stopped.resume());
  CHECK(report.released_by == ReleasedBy::target_exit);
  CHECK(report.reading_is_void());
}

TEST_CASE("signals without a handler, ignored or blocked, are none of our business") {
  Target target([](Facts& facts) {
    ::signal(SIGUSR1, SIG_IGN);
    sigset_t usr2;
    ::sigemptyset(&usr2);
    ::sigaddset(&usr2, SIGUSR2);
    ::sigprocmask(SIG_BLOCK, &usr2, nullptr);
    beat(facts);
  });
  for (int i = 0; i < 50; ++i) {
    for (const int signal : {SIGUSR1, SIGUSR2, SIGCHLD, SIGWINCH}) ::kill(target.pid(), signal);
    stop_and_resume(target);
  }
  target.wait_for_beats();
  CHECK((target.states().at(0).shared_pending >> (SIGUSR2 - 1) & 1U) == 1);
}

TEST_CASE("every queued signal is handled, in its order, however often the target is stopped") {
  constexpr std::size_t stops = 300;
  static Facts* facts_of_handler = nullptr;
  Target target([](Facts& facts) {
    facts_of_handler = &facts;
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    action.sa_sigaction = [](int, siginfo_t* said, void*) {
      const auto number = static_cast<std::uint64_t>(said->si_value.sival_int);
      if (facts_of_handler->signals.fetch_add(1) != number) ++facts_of_handler->out_of_order;
    };
    ::sigaction(SIGRTMIN, &action, nullptr);
    beat(facts);
  });
  const base::Pid sender = ::fork();
  REQUIRE(sender >= 0);
  if (sender == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (std::uint64_t sent = 0; !target.facts().go.load(); ++sent) {
      sigval value{};
      value.sival_int = static_cast<int>(sent);
      while (::sigqueue(target.pid(), SIGRTMIN, value) != 0) ::usleep(1000);  // EAGAIN: the queue is full
      target.facts().signals_sent = sent + 1;
      if (sent % 4 == 0) ::usleep(100);
    }
    ::_exit(0);
  }
  for (std::size_t i = 0; i < stops; ++i) {
    stop_and_resume(target);
    const std::uint64_t handled = target.facts().signals;
    wait_until([&] { return target.facts().signals > handled; }, "signals are handled");
  }
  target.facts().go = true;
  int status = 0;
  REQUIRE(::waitpid(sender, &status, 0) == sender);
  CHECK(status == 0);
  const std::uint64_t sent = target.facts().signals_sent;
  wait_until([&] { return target.facts().signals >= sent; }, "all signals are handled");
  CHECK(target.facts().signals == sent);
  CHECK(target.facts().out_of_order == 0);
  CHECK(sent >= stops);
  MESSAGE(sent, " queued signals handled during ", stops, " stops");
}
