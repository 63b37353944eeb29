// Purpose: builds the recording of one boot of the machine.
#pragma once

#include <limits>
#include <vector>

#include "object_tracks.hpp"
#include "phase_track.hpp"
#include "tick_sums.hpp"
#include "tick_times.hpp"

namespace tidemark::analysis {

class BootBuilder {
 public:
  explicit BootBuilder(model::RecordedFormat format) { recording_.format = format; }

  /// A header of another boot begins another recording: not one for this builder.
  [[nodiscard]] bool is_of_this_boot(const model::RecordingHeader& header) const;
  void header(const model::RecordingHeader& header);
  void mark(const model::Mark& mark) { phases_.mark(mark); }
  void suspend(const model::Suspend& suspend) { recording_.suspended_ns += suspend.slept_ns; }
  void census(const model::RecordedCensus& census) { objects_.add(census); }
  void end(const model::RecordingEnd& end);
  /// `process` is the reader's number.
  void row(const model::RecordedRow& row, const model::ProcessInfo& process);

  [[nodiscard]] bool has_rows() const { return has_rows_; }
  [[nodiscard]] Recording take();

 private:
  static constexpr std::uint32_t unknown = std::numeric_limits<std::uint32_t>::max();

  [[nodiscard]] bool is_foreign() const { return recording_.format == model::RecordedFormat::foreign_csv; }
  [[nodiscard]] bool begins_tick(std::uint32_t process, const Timeline::Place& place) const;
  void begin_tick(std::int64_t at_ns, std::string_view phase);
  void look_at_machine(std::uint32_t process, std::int64_t at_ns, const model::RecordedRow& row);
  void close_books();

  Recording recording_;
  TickSums sums_;
  TickTimes times_;
  Timeline timeline_;
  PhaseTrack phases_;
  ObjectTracks objects_;
  std::vector<std::uint32_t> numbers_;  ///< ours, by the reader's
  bool has_rows_ = false, has_header_ = false;
  std::int64_t run_started_wall_ns_ = 0, declared_interval_ns_ = 0;
  std::int64_t tick_at_ns_ = 0, last_row_ns_ = 0;
  double best_memory_percent_ = 0;
  std::size_t runs_ = 1;
  std::vector<model::RecordingEnd> ends_;
  bool last_run_ended_ = false;
};

}  // namespace tidemark::analysis
