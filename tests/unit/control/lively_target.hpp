// Targets that would notice much, and how to see that they have not.
#pragma once

#include <linux/futex.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "support.hpp"

namespace tidemark::control::test {

inline constexpr std::uint64_t usr1_bit = std::uint64_t{1} << (SIGUSR1 - 1);

inline Facts* facts_of_target = nullptr;

/// Handles queued signals, waits in an endless epoll_wait, sleeps, beats; SIGUSR1 is blocked everywhere.
inline void live(Facts& facts) {
  facts_of_target = &facts;
  sigset_t usr1, queued;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &usr1, nullptr);
  struct sigaction action {};
  action.sa_flags = SA_RESTART;
  action.sa_handler = [](int) { ++facts_of_target->signals; };
  ::sigaction(SIGRTMIN, &action, nullptr);
  const auto start = [](void* (*body)(void*)) {
    pthread_t thread{};
    ::pthread_create(&thread, nullptr, body, nullptr);
  };
  start([](void*) -> void* { beat(*facts_of_target); });
  ::sigemptyset(&queued);
  ::sigaddset(&queued, SIGRTMIN);
  ::sigprocmask(SIG_BLOCK, &queued, nullptr);  // handled by the beating thread alone
  start([](void*) -> void* {
    const int queue = ::epoll_create1(0);
    epoll_event event{};
    while (true) {
      ::epoll_wait(queue, &event, 1, -1);  // may end early when the tracer could not mend it any more
    }
  });
  for (int i = 0; i < 4; ++i) {
    start([](void*) -> void* {
      while (true) ::pause();
    });
  }
  const timespec long_time{100'000, 0};
  while (true) {
    ::nanosleep(&long_time, nullptr);
    ++facts.early_returns;
  }
}

/// Handles queued signals; a child that ends, or a clone that runs, is a fault.
inline void expect_signals(Facts& facts) {
  facts_of_target = &facts;
  sigset_t usr1;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &usr1, nullptr);
  struct sigaction action {};
  action.sa_flags = SA_RESTART;
  action.sa_handler = [](int) { ++facts_of_target->signals; };
  ::sigaction(SIGRTMIN, &action, nullptr);
  action.sa_handler = [](int) { ++facts_of_target->early_returns; };
  ::sigaction(SIGCHLD, &action, nullptr);
}

inline void wait_for_a_lock(Facts& facts) {
  expect_signals(facts);
  std::uint32_t word = 0;
  facts.ready = true;
  while (true) {
    ::syscall(SYS_futex, &word, FUTEX_WAIT, 0U, nullptr, nullptr, 0U);
    ++facts.early_returns;
  }
}

/// In nanosleep a signal's handler, and a tracer's death at the wrong moment, are EINTR.
inline void sleep_long(Facts& facts) {
  expect_signals(facts);
  const timespec long_time{100'000, 0};
  facts.ready = true;
  while (true) {
    if (::nanosleep(&long_time, nullptr) == 0) ++facts.early_returns;
  }
}

using Wide = double __attribute__((vector_size(32)));

/// A value that lives in the upper halves of vector registers meanwhile.
__attribute__((target("avx"))) inline double mixed_wide(double seed) {
  Wide lanes[4] = {{seed, 1, 2, 3}, {4, seed, 6, 7}, {8, 9, seed, 11}, {12, 13, 14, seed}};
  for (int round = 0; round < 500; ++round) {
    for (Wide& lane : lanes) asm volatile("vaddpd %1, %0, %0" : "+x"(lane) : "x"(lanes[round % 2]));
  }
  double sum = 0;
  for (const Wide& lane : lanes) sum += lane[0] / (1 + lane[1]) + lane[2] / (1 + lane[3]);
  return sum;
}

inline double mixed(double seed) {
  if (__builtin_cpu_supports("avx")) return mixed_wide(seed);
  double sum = seed;
  for (int round = 0; round < 1000; ++round) sum = sum * 1.0000001 + 0.5;
  return sum;
}

/// Runs all the time, with values in vector and other registers.
inline void compute(Facts& facts) {
  expect_signals(facts);
  const double expected = mixed(3.25);
  facts.ready = true;
  while (true) {
    volatile double seed = 3.25;
    if (mixed(seed) != expected) ++facts.out_of_order;
    ++facts.beats;
  }
}

struct Kind {
  const char* name;
  void (*body)(Facts&);
};
inline constexpr std::array kinds{Kind{"lock", wait_for_a_lock}, Kind{"busy", compute}, Kind{"sleep", sleep_long},
                                  Kind{"threads", live}};

inline void check_unharmed(const Target& target) {
  wait_until(
      [&] {
        const auto states = target.states();
        return std::ranges::all_of(states, is_untouched);
      },
      "no thread is stopped or traced");
  for (const auto& state : target.states()) CHECK((state.blocked & usr1_bit) == usr1_bit);
  target.wait_for_beats();
}

/// The signals that were sent in the meantime.
class QueuedSignals {
 public:
  void send(const Target& target) {
    if (::sigqueue(target.pid(), SIGRTMIN, {}) == 0) ++sent_;
  }
  void check_all_handled(const Target& target) const {
    wait_until([&] { return target.facts().signals >= sent_; }, "all signals are handled");
    CHECK(target.facts().signals == sent_);
  }

 private:
  std::uint64_t sent_ = 0;
};

/// Our children by the kernel, without `but`.
inline std::vector<base::Pid> children_but(base::Pid but) {
  std::ifstream file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  std::vector<base::Pid> out;
  for (base::Pid pid = 0; file >> pid;) {
    if (pid != but) out.push_back(pid);
  }
  return out;
}

/// State letters of a target's children, zombies too.
inline std::string child_states(const Target& target) {
  auto files = must(proc::ProcessFiles::open(proc_root(), target.pid()));
  std::vector<base::Pid> children;
  must(files.children(children));
  std::string out;
  for (const base::Pid pid : children) {
    const auto child = proc::ProcessFiles::open(proc_root(), pid);
    const auto stat = child ? child->stat() : base::Result<proc::StatFields>(base::fail(child.error()));
    if (stat) out += stat->state;
  }
  return out;
}

inline void spin_ns(std::int64_t duration_ns) {
  const std::int64_t end = now_ns() + duration_ns;
  while (now_ns() < end) {
  }
}

}  // namespace tidemark::control::test
