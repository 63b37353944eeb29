// Purpose: time as an argument. Everything that schedules or stamps takes a `const Clock&`, so a day passes in a test
// in milliseconds.
#pragma once

#include <cstdint>

namespace tidemark::base {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual std::int64_t monotonic_ns()
      const = 0;  ///< CLOCK_MONOTONIC: stands still while the machine sleeps
  [[nodiscard]] virtual std::int64_t boottime_ns() const = 0;  ///< CLOCK_BOOTTIME: goes on while the machine sleeps
  [[nodiscard]] virtual std::int64_t wall_ns() const = 0;      ///< CLOCK_REALTIME: may step
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t monotonic_ns() const override;
  [[nodiscard]] std::int64_t boottime_ns() const override;
  [[nodiscard]] std::int64_t wall_ns() const override;
};

inline constexpr std::int64_t ns_per_second = 1'000'000'000;
inline constexpr std::int64_t ns_per_ms = 1'000'000;

}  // namespace tidemark::base
