// Purpose: how long a walk may take of our own CPU, and what it had no time for.
#pragma once

#include <cstdint>
#include <limits>

#include "tidemark/proc/own_process.hpp"

namespace tidemark::heap {

class WalkBudget {
 public:
  WalkBudget() = default;  ///< no limit
  explicit WalkBudget(std::int64_t cpu_ns) {
    const std::int64_t now_ns = proc::own_usage().cpu_ns;
    if (cpu_ns < end_ns_ - now_ns) end_ns_ = now_ns + cpu_ns;
  }

  /// Asks the kernel: not for each block. Once spent it stays so.
  [[nodiscard]] bool is_spent() {
    if (!is_spent_ && end_ns_ != std::numeric_limits<std::int64_t>::max()) {
      is_spent_ = proc::own_usage().cpu_ns >= end_ns_;
    }
    return is_spent_;
  }
  [[nodiscard]] bool was_spent() const { return is_spent_; }  ///< when it was last asked
  void leave_out(std::uint64_t bytes) { left_out_ += bytes; }
  [[nodiscard]] std::uint64_t left_out_bytes() const { return left_out_; }

 private:
  std::int64_t end_ns_ = std::numeric_limits<std::int64_t>::max();
  bool is_spent_ = false;
  std::uint64_t left_out_ = 0;
};

}  // namespace tidemark::heap
