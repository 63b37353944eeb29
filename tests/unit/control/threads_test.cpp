// Targets of many threads.
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "support.hpp"
#include "tidemark/control/stopped_target.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;

namespace {

void* pause_for_ever(void*) {
  while (true) ::pause();
}

void start_thread(void* (*body)(void*), void* argument = nullptr) {
  pthread_t thread{};
  if (::pthread_create(&thread, nullptr, body, argument) != 0) ::_exit(9);
  ::pthread_detach(thread);
}

/// A beating thread, and `idle` that pause.
[[noreturn]] void beat_among(Facts& facts, int idle) {
  for (int i = 0; i < idle; ++i) start_thread(pause_for_ever);
  beat(facts);
}

/// pthread_exit would unwind the test's frames.
[[noreturn]] void end_this_thread() {
  ::syscall(SYS_exit, 0);
  ::abort();
}

/// Makes a thread and waits for its end, for ever.
void* make_threads(void* facts) {
  while (true) {
    pthread_t thread{};
    const auto nothing = [](void*) -> void* { return nullptr; };
    if (::pthread_create(&thread, nullptr, nothing, nullptr) != 0) ::_exit(9);
    ++static_cast<Facts*>(facts)->threads_made;
    ::pthread_join(thread, nullptr);
  }
}

}  // namespace

TEST_CASE("all threads stand; how long") {
  for (const int threads : {1, 28, 60}) {
    CAPTURE(threads);
    Target target([&](Facts& facts) { beat_among(facts, threads - 1); });
    std::vector<std::int64_t> pauses;
    for (int i = 0; i < 50; ++i) {
      auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
      const auto states = target.states();
      CHECK(states.size() == static_cast<std::size_t>(threads));
      CHECK(std::ranges::all_of(states, [](const auto& thread) { return thread.state == 't'; }));
      CHECK(must(stopped.resume()).threads == static_cast<std::size_t>(threads));
      target.wait_for_beats();
    }
    for (int i = 0; i < 100; ++i) {
      auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
      pauses.push_back(must(stopped.resume()).pause_ns);
    }
    std::ranges::sort(pauses);
    MESSAGE(threads, " threads: pause of an empty stop, median ", as_ms(pauses[50]), " ms, 9 of 10 ", as_ms(pauses[90]),
            " ms");
  }
}

TEST_CASE("threads that come and go while we stop are all caught") {
  Target target([](Facts& facts) {
    for (int i = 0; i < 4; ++i) start_thread(make_threads, &facts);
    beat(facts);
  });
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t made = target.facts().threads_made;
    auto stopped = StoppedTarget::stop(proc_root(), target.pid());
    if (!stopped) FAIL(base::describe(stopped.error()));
    const std::uint64_t made_at_stop = target.facts().threads_made, beats = target.facts().beats;
    for (const auto& thread : target.states()) {
      CAPTURE(thread.state);
      CHECK((thread.state == 't' || thread.has_ended()));
    }
    CHECK(target.facts().threads_made == made_at_stop);
    CHECK(target.facts().beats == beats);
    CHECK(must(stopped->resume()).released_by == ReleasedBy::request);
    wait_until([&] { return target.facts().threads_made > made; }, "threads are made again");
  }
}

TEST_CASE("a leader that has ended does not hold us up") {
  static Facts* facts_of_thread = nullptr;
  Target target([](Facts& facts) {
    facts_of_thread = &facts;
    start_thread([](void*) -> void* { beat(*facts_of_thread); });
    start_thread(pause_for_ever);
    end_this_thread();
  });
  wait_until(
      [&] { return std::ranges::any_of(target.states(), [](const auto& thread) { return thread.state == 'Z'; }); },
      "the leader is a zombie");
  for (int i = 0; i < 20; ++i) {
    auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
    const std::uint64_t beats = target.facts().beats;
    CHECK(std::ranges::count_if(target.states(), [](const auto& thread) { return thread.state == 't'; }) == 2);
    CHECK(target.facts().beats == beats);
    CHECK(must(stopped.resume()).threads == 2);
    target.wait_for_beats();
  }
}

TEST_CASE("a leader that ends while its threads go on") {
  static Facts* facts_of_thread = nullptr;
  for (int i = 0; i < 30; ++i) {
    Target target([](Facts& facts) {
      facts_of_thread = &facts;
      start_thread([](void*) -> void* { beat(*facts_of_thread); });
      while (!facts.go.load()) {
      }
      end_this_thread();
    });
    target.facts().go = true;
    auto stopped = StoppedTarget::stop(proc_root(), target.pid());
    if (!stopped) FAIL(base::describe(stopped.error()));
    const std::uint64_t beats = target.facts().beats;
    CHECK(target.facts().beats == beats);
    CHECK(must(stopped->resume()).released_by == ReleasedBy::request);
    target.wait_for_beats();
  }
}

TEST_CASE("an endless epoll_wait does not return; one that a signal ends does") {
  static Facts* facts_of_thread = nullptr;
  Target target([](Facts& facts) {
    facts_of_thread = &facts;
    struct sigaction action {};
    action.sa_flags = SA_RESTART;
    action.sa_handler = [](int) { ++facts_of_thread->signals; };
    ::sigaction(SIGUSR1, &action, nullptr);
    start_thread([](void*) -> void* {
      sigset_t usr1;
      ::sigemptyset(&usr1);
      ::sigaddset(&usr1, SIGUSR1);
      ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
      beat(*facts_of_thread);
    });
    const int queue = ::epoll_create1(0);
    epoll_event event{};
    while (true) {
      const int got = ::epoll_wait(queue, &event, 1, -1);
      if (got >= 0 || errno != EINTR) ::_exit(8);
      ++facts.early_returns;
    }
  });
  std::size_t restarted = 0;
  for (int i = 0; i < 100; ++i) {
    auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
    const auto report = must(stopped.resume());
    restarted += report.restarted_epoll_waits;
    CHECK(report.interrupted.empty());
  }
  CHECK(restarted > 0);
  CHECK(target.facts().early_returns == 0);

  for (std::uint64_t sent = 1; sent <= 50; ++sent) {  // a handler ends it, SA_RESTART or not (signal(7))
    auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
    REQUIRE(::kill(target.pid(), SIGUSR1) == 0);
    CHECK(must(stopped.resume()).interrupted.empty());
    wait_until([&] { return target.facts().early_returns == sent; }, "the signal ends the call");
    CHECK(target.facts().signals == sent);
  }
}
