// Purpose: when ticks are due. Tick k is due at start + k * interval on the monotonic clock, whatever happened before:
// ticks neither drift (a late one does not move the next) nor bunch (missed ones are not made up for).
#pragma once

#include <cstdint>

namespace tidemark::collect {

/// What became of the tick that has just begun.
struct TickTiming {
  std::uint64_t index = 0;   ///< k of the tick taken
  std::int64_t late_ns = 0;  ///< after its own due time
  std::uint64_t lost = 0;    ///< due ticks before it that nobody took
  bool late = false;         ///< later than a tenth of the interval
};

class Schedule {
 public:
  /// `interval_ns` must be positive.
  Schedule(std::int64_t start_ns, std::int64_t interval_ns) : start_ns_(start_ns), interval_ns_(interval_ns) {}

  /// When the next tick is due.
  [[nodiscard]] std::int64_t due_ns() const { return start_ns_ + static_cast<std::int64_t>(next_) * interval_ns_; }

  /// Takes the newest tick that is due at `now_ns` (at least the next one) and moves on to the one after it.
  TickTiming begin(std::int64_t now_ns);

  [[nodiscard]] std::int64_t start_ns() const { return start_ns_; }
  [[nodiscard]] std::int64_t interval_ns() const { return interval_ns_; }

 private:
  std::int64_t start_ns_;
  std::int64_t interval_ns_;
  std::uint64_t next_ = 0;
};

}  // namespace tidemark::collect
