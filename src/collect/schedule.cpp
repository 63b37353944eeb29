#include "tidemark/collect/schedule.hpp"

namespace tidemark::collect {

TickTiming Schedule::begin(std::int64_t now_ns) {
  const std::int64_t behind_ns = now_ns - due_ns();
  const std::uint64_t lost = behind_ns > 0 ? static_cast<std::uint64_t>(behind_ns / interval_ns_) : 0;
  TickTiming timing;
  timing.lost = lost;
  timing.index = next_ + lost;
  timing.late_ns = now_ns - (start_ns_ + static_cast<std::int64_t>(timing.index) * interval_ns_);
  timing.late = timing.late_ns > interval_ns_ / 10;
  next_ = timing.index + 1;
  return timing;
}

}  // namespace tidemark::collect
