#include "tidemark/base/clock.hpp"

#include <ctime>

namespace tidemark::base {
namespace {

std::int64_t now_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * ns_per_second + now.tv_nsec;
}

}  // namespace

std::int64_t SystemClock::monotonic_ns() const { return now_ns(CLOCK_MONOTONIC); }
std::int64_t SystemClock::boottime_ns() const { return now_ns(CLOCK_BOOTTIME); }
std::int64_t SystemClock::wall_ns() const { return now_ns(CLOCK_REALTIME); }

}  // namespace tidemark::base
