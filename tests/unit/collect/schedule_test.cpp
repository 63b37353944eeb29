#include "tidemark/collect/schedule.hpp"

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "tidemark/collect/tick_loop.hpp"

using namespace tidemark;
using base::ns_per_ms;
using base::ns_per_second;

namespace {

/// Three clocks that a test moves: work takes time, the machine sleeps, somebody sets the wall clock.
class FakeClock final : public base::Clock {
 public:
  [[nodiscard]] std::int64_t monotonic_ns() const override { return monotonic; }
  [[nodiscard]] std::int64_t boottime_ns() const override { return monotonic + slept; }
  [[nodiscard]] std::int64_t wall_ns() const override { return monotonic + slept + wall_step; }

  std::int64_t monotonic = 5 * ns_per_second;
  std::int64_t slept = 0;
  std::int64_t wall_step = 1'760'000'000 * ns_per_second;
};

/// Wakes as a kernel does: never early, a little late.
class FakeWaiter final : public collect::Waiter {
 public:
  explicit FakeWaiter(FakeClock& clock) : clock_(clock) {}
  collect::Wake wait_until(std::int64_t monotonic_ns) override {
    if (mark_at && *mark_at <= monotonic_ns && *mark_at >= clock_.monotonic) {
      clock_.monotonic = *mark_at;
      mark_at.reset();
      return collect::Wake::mark;
    }
    if (clock_.monotonic < monotonic_ns) clock_.monotonic = monotonic_ns + jitter_ns_(random_);
    return collect::Wake::due;
  }
  std::optional<std::int64_t> mark_at;

 private:
  FakeClock& clock_;
  std::mt19937_64 random_{7};
  std::uniform_int_distribution<std::int64_t> jitter_ns_{10'000, 300'000};
};

struct Recorded {
  std::vector<collect::TickOrder> orders;
  collect::LoopCounts counts;
};

template <class OnTick>
Recorded run(FakeClock& clock, FakeWaiter& waiter, std::int64_t duration_ns, std::int64_t interval_ns, OnTick on_tick) {
  Recorded recorded;
  const collect::LoopOptions options{
      .interval_ns = interval_ns, .first_due_ns = clock.monotonic + 100 * ns_per_ms, .duration_ns = duration_ns};
  const collect::LoopWork work{.tick =
                                   [&](const collect::TickOrder& order) {
                                     recorded.orders.push_back(order);
                                     on_tick(recorded.orders.size());
                                   },
                               .over = [] { return false; }};
  collect::run_tick_loop(clock, waiter, options, work, recorded.counts);
  return recorded;
}

}  // namespace

TEST_CASE("24 hours at 1 s with stalls, a sleep of the machine and wall-clock steps neither drift nor bunch") {
  FakeClock clock;
  FakeWaiter waiter(clock);
  constexpr std::int64_t day = 86'400 * ns_per_second;
  std::uint64_t stalls = 0;
  const Recorded recorded = run(clock, waiter, day, ns_per_second, [&](std::size_t count) {
    clock.monotonic += 2 * ns_per_ms;  // the tick's own work
    if (count % 10'000 == 0) {
      clock.monotonic += 4 * ns_per_second + 300 * ns_per_ms;  // a stall: 3 ticks lost, the fourth taken late
      ++stalls;
    }
    if (count == 20'001) clock.slept += 3'600 * ns_per_second;
    if (count == 30'001) clock.wall_step -= 1'800 * ns_per_second;
    if (count == 40'001) clock.wall_step += 7'200 * ns_per_second;
  });

  // Ticks 0 … 86,400 were due: each was taken once or counted as lost.
  CHECK(recorded.counts.ticks + recorded.counts.lost == 86'401);
  CHECK(recorded.counts.lost == 3 * stalls);
  CHECK(recorded.counts.late == stalls);
  std::uint64_t previous_index = 0;
  std::uint64_t sleeps = 0;
  for (std::size_t i = 0; i < recorded.orders.size(); ++i) {
    const auto& order = recorded.orders[i];
    const auto due_ns = static_cast<std::int64_t>(order.timing.index) * ns_per_second;
    REQUIRE(order.elapsed_ns >= due_ns);
    REQUIRE(order.elapsed_ns - due_ns < 400 * ns_per_ms);     // no drift, at the end of the day as at its start
    if (i > 0) REQUIRE(order.timing.index > previous_index);  // no tick twice
    previous_index = order.timing.index;
    if (order.slept_ns > 0) {
      ++sleeps;
      CHECK(order.slept_ns == 3'600 * ns_per_second);
    }
  }
  CHECK(previous_index == 86'400);
  CHECK(sleeps == 1);
}

TEST_CASE("a mark takes a tick of its own and moves no other") {
  FakeClock clock;
  FakeWaiter waiter(clock);
  waiter.mark_at = clock.monotonic + 100 * ns_per_ms + 2'500 * ns_per_ms;
  const Recorded recorded = run(clock, waiter, 5 * ns_per_second, ns_per_second, [](std::size_t) {});
  REQUIRE(recorded.orders.size() == 7);  // 0, 1, 2, mark, 3, 4, 5
  CHECK(recorded.orders[3].by_mark);
  CHECK(recorded.orders[3].elapsed_ns == 2'500 * ns_per_ms);
  CHECK(recorded.orders[4].timing.index == 3);
  CHECK(recorded.counts.lost == 0);
}

TEST_CASE("a look around takes no tick, and may end the loop") {
  FakeClock clock;
  class Looker final : public collect::Waiter {
   public:
    collect::Wake wait_until(std::int64_t) override { return collect::Wake::checked; }
  } looker;
  int looks = 0;
  collect::LoopCounts counts;
  collect::run_tick_loop(clock, looker, {},
                         {.tick = [](const collect::TickOrder&) { FAIL("no tick"); },
                          .over = [&] { return looks == 3; },
                          .look = [&] { ++looks; }},
                         counts);
  CHECK(looks == 3);
  CHECK(counts.ticks == 0);
}

TEST_CASE("a tick that is exactly one interval late counts one lost tick and is itself in time") {
  collect::Schedule schedule(1000, 100);
  CHECK(schedule.begin(1000).lost == 0);
  const auto timing = schedule.begin(1200);
  CHECK(timing.lost == 1);
  CHECK(timing.index == 2);
  CHECK(timing.late_ns == 0);
  CHECK_FALSE(timing.late);
  CHECK(schedule.due_ns() == 1300);
}

TEST_CASE("a tenth of the interval is the border of late") {
  collect::Schedule schedule(0, 100);
  CHECK_FALSE(schedule.begin(10).late);
  CHECK(schedule.begin(111).late);
}

TEST_CASE("the loop ends at the duration even when no tick lies there, and at once when it is over") {
  FakeClock clock;
  FakeWaiter waiter(clock);
  const auto start = clock.monotonic + 100 * ns_per_ms;
  const Recorded recorded = run(clock, waiter, 2'500 * ns_per_ms, ns_per_second, [](std::size_t) {});
  CHECK(recorded.orders.size() == 3);
  CHECK(clock.monotonic >= start + 2'500 * ns_per_ms);

  collect::LoopCounts counts;
  collect::run_tick_loop(clock, waiter, {},
                         {.tick = [](const collect::TickOrder&) { FAIL("no tick"); }, .over = [] { return true; }},
                         counts);
  CHECK(counts.ticks == 0);
}
