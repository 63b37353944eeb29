// SIGKILL at any instant of a freeze, to the tracer or to ourselves: the target goes on, and at most a zombie is left.
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <random>
#include <thread>

#include "lively_target.hpp"
#include "sanitized.hpp"
#include "support.hpp"
#include "tidemark/control/frozen_target.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;

namespace {

constexpr int kills_of_each_kind = tidemark::is_sanitized ? 20 : 150;

class Watched {
 public:
  explicit Watched(const Kind& kind) : kind_(kind), target_(kind.body) {}

  [[nodiscard]] base::Pid pid() const { return target_.pid(); }
  void send() { signals_.send(target_); }

  void check_unharmed() {
    const auto is_unharmed = [this] {
      const auto states = target_.states();
      return !states.empty() && std::ranges::all_of(states, is_untouched);
    };
    wait_until(is_unharmed, "no thread is stopped or traced");
    wait_until([this] { return child_states(target_).find_first_not_of('Z') == std::string::npos; },
               "no clone is left");
    for (const auto& state : target_.states()) CHECK((state.blocked & usr1_bit) == usr1_bit);
    send();
    signals_.check_all_handled(target_);
    CHECK(target_.facts().early_returns == 0);
    CHECK(target_.facts().out_of_order == 0);
    if (kind_.body == compute || kind_.body == live) target_.wait_for_beats();
  }

  /// How long a freeze and its release take here: what a kill has to fall into.
  [[nodiscard]] std::int64_t usual_duration_ns() const {
    std::array<std::int64_t, 7> durations{};
    for (std::int64_t& duration : durations) {
      const std::int64_t start = now_ns();
      auto frozen = must(FrozenTarget::freeze(proc_root(), pid()));
      must(frozen.release());
      duration = now_ns() - start;
    }
    std::ranges::sort(durations);
    return durations[durations.size() / 2];
  }

  /// What kills have left; the next run takes it away.
  void check_zombies() {
    const std::size_t zombies = child_states(target_).size();
    std::size_t reaped = 0;
    for (int i = 0; i < kills_of_each_kind && reaped < zombies; ++i) {
      auto frozen = must(FrozenTarget::freeze(proc_root(), pid()));
      const auto report = must(frozen.release());
      CHECK(report.reaped);
      reaped += report.old_zombies_reaped;
    }
    CHECK(reaped == zombies);
    CHECK(child_states(target_).empty());
    check_unharmed();
    MESSAGE(std::string(kind_.name), ": ", zombies, " zombies were left and waited for");
  }

 private:
  Kind kind_;
  Target target_;
  QueuedSignals signals_;
};

constexpr std::int64_t sleep_in_hold_ns = 300'000;

/// Leaves the processor to those that are watched.
void sleep_ns(std::int64_t duration_ns) {
  const timespec duration{0, duration_ns};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, nullptr);
}

/// Kills each tracer a while after it has come.
class TracerKiller {
 public:
  TracerKiller(base::Pid target, std::int64_t longest_ns)
      : thread_([this, target, longest_ns] { run(target, longest_ns); }) {}
  ~TracerKiller() {
    done_ = true;
    thread_.join();
  }

 private:
  void run(base::Pid target, std::int64_t longest_ns) {
    ::prctl(PR_SET_TIMERSLACK, 1);
    std::mt19937 random(20261129);
    std::uniform_int_distribution<std::int64_t> delay_ns(0, longest_ns);
    while (!done_) {
      const auto children = children_but(target);
      if (children.empty()) {
        sleep_ns(10'000);
        continue;
      }
      sleep_ns(delay_ns(random));
      ::kill(children.front(), SIGKILL);  // not waited for yet, so the number is no other's; or it has been: ESRCH
    }
  }

  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("the tracer of a freeze is killed at any instant") {
  for (const Kind& kind : kinds) {
    Watched target(kind);
    int died_before = 0, died_in_hold = 0, whole = 0;
    {
      const TracerKiller killer(target.pid(), target.usual_duration_ns() + sleep_in_hold_ns);
      while (died_before + died_in_hold < kills_of_each_kind) {
        target.send();
        auto frozen = FrozenTarget::freeze(proc_root(), target.pid());
        if (!frozen) {
          const bool expected =
              frozen.error().code == base::ErrorCode::busy || frozen.error().code == base::ErrorCode::gone;
          REQUIRE_MESSAGE(expected, base::describe(frozen.error()));
          ++died_before;
        } else {
          sleep_ns(sleep_in_hold_ns);
          frozen->release() ? ++whole : ++died_in_hold;
        }
        target.check_unharmed();
      }
    }
    target.check_zombies();
    CHECK(died_before > 0);
    CHECK(died_in_hold > 0);
    MESSAGE(std::string(kind.name), ": ", died_before, " kills before the clone stood, ", died_in_hold,
            " while it stood or was reaped; ", whole, " freezes ended well");
  }
}

TEST_CASE("we are killed at any instant of a freeze") {
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);  // what we leave behind comes to the test
  std::mt19937 random(20261130);
  for (const Kind& kind : kinds) {
    Watched target(kind);
    std::uniform_int_distribution<std::int64_t> delay_ns(0, 2 * target.usual_duration_ns());
    for (int i = 0; i < kills_of_each_kind; ++i) {
      const base::Pid ourselves = ::fork();
      REQUIRE(ourselves >= 0);
      if (ourselves == 0) {
        while (true) {
          auto frozen = FrozenTarget::freeze(proc_root(), target.pid());
          if (!frozen) ::_exit(7);
          sleep_ns(100'000);
          if (!frozen->release()) ::_exit(6);
        }
      }
      target.send();
      sleep_ns(delay_ns(random));
      ::kill(ourselves, SIGKILL);
      int status = 0;
      REQUIRE(::waitpid(ourselves, &status, 0) == ourselves);
      CHECK(WIFSIGNALED(status));
      target.check_unharmed();
      const auto no_tracer_is_left = [&] {
        siginfo_t left{};
        while (::waitid(P_ALL, 0, &left, WEXITED | WNOHANG | __WALL) == 0 && left.si_pid != 0) {
          REQUIRE(left.si_pid != target.pid());
        }
        return children_but(target.pid()).empty();
      };
      wait_until(no_tracer_is_left, "no tracer is left");
    }
    target.check_zombies();
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}
