// Purpose: what a recording in progress can say of itself: level at the start, now and at the peak, growth so far.
// Pure: ticks in, numbers out. A verdict needs the whole series and is not made here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

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

struct ProcessSummary {
  std::string name;
  model::ProcessIdentity identity;
  Level rss;
  std::optional<model::Bytes> hwm;  ///< VmHWM: the kernel's own peak, also between ticks
  double cpu_percent_sum = 0;
  std::uint64_t cpu_samples = 0;

  [[nodiscard]] std::optional<double> mean_cpu_percent() const;
};

/// Books of a running recording. Keeps at most `most_processes` single processes (those that grew least among the ended
/// ones go first, and are counted), so that a night of short workers does not grow it.
class RunningSummary {
 public:
  explicit RunningSummary(std::size_t most_processes = 512) : most_processes_(most_processes) {}

  void add(const model::Tick& tick);

  [[nodiscard]] const Level& tree() const { return tree_; }
  [[nodiscard]] std::size_t processes_now() const { return processes_now_; }
  [[nodiscard]] std::uint64_t processes_seen() const { return processes_.size() + dropped_; }
  [[nodiscard]] const std::string& phase() const { return phase_; }

  /// Largest growth first.
  [[nodiscard]] std::vector<ProcessSummary> by_growth() const;
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  void drop_the_least_interesting(std::int64_t now_ns);

  std::size_t most_processes_;
  std::map<model::ProcessIdentity, ProcessSummary> processes_;
  Level tree_;
  std::size_t processes_now_ = 0;
  std::uint64_t dropped_ = 0;
  std::string phase_;
};

}  // namespace tidemark::analysis
