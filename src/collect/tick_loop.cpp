#include "tidemark/collect/tick_loop.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tidemark::collect {
namespace {

// Shorter differences between the two clocks are reading noise (they are read one after the other), not a sleep.
constexpr std::int64_t shortest_sleep_ns = 200 * base::ns_per_ms;

/// Sees the machine's sleep as the growth of CLOCK_BOOTTIME over CLOCK_MONOTONIC.
class SleepDetector {
 public:
  explicit SleepDetector(const base::Clock& clock) : clock_(clock), offset_ns_(offset()) {}

  std::int64_t slept_since_last_ns() {
    const std::int64_t now = offset();
    if (now - offset_ns_ < shortest_sleep_ns) return 0;
    return now - std::exchange(offset_ns_, now);
  }

 private:
  [[nodiscard]] std::int64_t offset() const { return clock_.boottime_ns() - clock_.monotonic_ns(); }

  const base::Clock& clock_;
  std::int64_t offset_ns_;
};

}  // namespace

void run_tick_loop(const base::Clock& clock, Waiter& waiter, const LoopOptions& options, const LoopWork& work,
                   LoopCounts& counts) {
  Schedule schedule(options.first_due_ns, options.interval_ns);
  SleepDetector sleep(clock);
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  const std::int64_t end_ns = options.duration_ns ? options.first_due_ns + *options.duration_ns : never;

  while (!work.over()) {
    const bool last_wait = schedule.due_ns() > end_ns;
    const Wake wake = waiter.wait_until(std::min(end_ns, schedule.due_ns()));
    if (wake == Wake::checked) {
      work.look();
      continue;
    }
    if (wake == Wake::due && last_wait) return;

    const std::int64_t now_ns = clock.monotonic_ns();
    TickOrder order{.wall_ns = clock.wall_ns(),
                    .elapsed_ns = std::max<std::int64_t>(0, now_ns - schedule.start_ns()),
                    .slept_ns = sleep.slept_since_last_ns(),
                    .by_mark = wake == Wake::mark,
                    .timing = {}};
    if (!order.by_mark) {
      order.timing = schedule.begin(now_ns);
      counts.lost += order.timing.lost;
      counts.late += order.timing.late ? 1 : 0;
    }
    ++counts.ticks;
    work.tick(order);
  }
}

}  // namespace tidemark::collect
