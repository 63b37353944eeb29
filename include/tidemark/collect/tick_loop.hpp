// Purpose: the heartbeat of a recording: waits for the schedule, a mark or a reason to stop, and asks for ticks.
// Invariant: knows no process, file or socket; the clock, the waiting and the work come in as arguments.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "tidemark/base/clock.hpp"
#include "tidemark/collect/schedule.hpp"

namespace tidemark::collect {

/// Why a wait ended.
enum class Wake {
  due,      ///< the time has come
  mark,     ///< a phase begins: take an extra tick now
  checked,  ///< something may have ended: have a look
};

/// Waits; the real one polls descriptors, a test's moves its clock.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  virtual ~Waiter() = default;
  [[nodiscard]] virtual Wake wait_until(std::int64_t monotonic_ns) = 0;
};

/// One tick to take.
struct TickOrder {
  std::int64_t wall_ns = 0;
  std::int64_t elapsed_ns = 0;  ///< since the schedule's start
  std::int64_t slept_ns = 0;    ///< the machine's sleep since the last tick; 0 nearly always
  bool by_mark = false;         ///< beside the schedule, at the instant of a mark
  TickTiming timing;            ///< of a scheduled tick
};

struct LoopCounts {
  std::uint64_t ticks = 0;
  std::uint64_t late = 0;
  std::uint64_t lost = 0;
};

struct LoopOptions {
  std::int64_t interval_ns = base::ns_per_second;
  std::int64_t first_due_ns = 0;            ///< monotonic
  std::optional<std::int64_t> duration_ns;  ///< the last tick lies at or before first_due + duration
};

struct LoopWork {
  std::function<void(const TickOrder&)> tick;
  std::function<bool()> over;          ///< true ends the loop; asked before every wait, so it must cost nothing
  std::function<void()> look = [] {};  ///< called when a wait ended with Wake::checked
};

/// Runs until `over` or the duration; the counts are right at every call of `tick` (they include the tick being taken).
void run_tick_loop(const base::Clock& clock, Waiter& waiter, const LoopOptions& options, const LoopWork& work,
                   LoopCounts& counts);

}  // namespace tidemark::collect
