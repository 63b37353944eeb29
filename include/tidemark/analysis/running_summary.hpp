// Purpose: what the progress line of a recording says: level of the tree at the start, now and at the peak, growth so
// far. Pure: ticks in, numbers out. A verdict needs the whole series and is not made here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidemark/model/sample.hpp"

namespace tidemark::analysis {

/// One level over time: first, last, highest.
struct Level {
  model::Bytes start = 0, now = 0, peak = 0;
  std::int64_t start_ns = 0, now_ns = 0, peak_ns = 0;  ///< elapsed
  std::uint64_t samples = 0;

  void add(std::int64_t elapsed_ns, model::Bytes value);
  [[nodiscard]] std::int64_t growth_bytes() const;
  /// Growth over the time observed, per hour; nullopt before `shortest_ns` have passed (a slope over less is noise).
  [[nodiscard]] std::optional<double> growth_bytes_per_hour(std::int64_t shortest_ns) const;
};

class RunningSummary {
 public:
  void add(const model::Tick& tick);

  [[nodiscard]] const Level& tree() const { return tree_; }
  [[nodiscard]] std::size_t processes_now() const { return processes_now_; }
  [[nodiscard]] const std::string& phase() const { return phase_; }

 private:
  Level tree_;
  std::size_t processes_now_ = 0;
  std::string phase_;
};

}  // namespace tidemark::analysis
