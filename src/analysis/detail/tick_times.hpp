// Purpose: the time axis of a recording: rows put on one clock that never goes back, and what the distances of its
// ticks say about interval, lost and late.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tidemark/analysis/recording.hpp"

namespace tidemark::analysis {

/// Distances between neighbouring ticks of the schedule. A mark's own tick is none of the schedule's.
class TickTimes {
 public:
  void begin_tick(std::int64_t at_ns, bool by_mark);
  /// Nothing was to be recorded until the next tick: a run was appended.
  void break_here() { last_ns_.reset(); }

  /// Median of the distances so far, a little behind; 0 before the second tick.
  [[nodiscard]] std::int64_t interval_so_far_ns() const { return interval_ns_; }
  /// `declared_interval_ns` is the header's, 0 without one: then the median of the distances counts.
  [[nodiscard]] TickBooks books(std::int64_t declared_interval_ns) const;

 private:
  std::vector<double> distances_ns_;
  std::size_t median_due_ = 1;  ///< at how many distances the median is taken again
  std::int64_t interval_ns_ = 0;
  std::optional<std::int64_t> last_ns_;
  std::uint64_t ticks_ = 0;
};

/// Elapsed times that start anew (a foreign recorder appended to its file) go on from the last row, by the wall clock
/// where there is one.
class Timeline {
 public:
  struct Place {
    std::int64_t at_ns = 0;
    bool after_break = false;
  };
  /// A row at most `jitter_ns` before the last is put beside it.
  [[nodiscard]] Place place(const model::RecordedRow& row, std::int64_t jitter_ns, std::int64_t interval_ns);
  [[nodiscard]] std::int64_t last_ns() const { return last_ns_.value_or(0); }

 private:
  std::optional<std::int64_t> last_ns_;
  std::int64_t last_wall_ns_ = 0;
  std::int64_t shift_ns_ = 0;
};

}  // namespace tidemark::analysis
