#include <algorithm>
#include <cmath>

#include "detail/boot_builder.hpp"
#include "tidemark/base/clock.hpp"

namespace tidemark::analysis {
namespace {

// Rows of a foreign round may be a little out of order; without an interval to go by, this much.
constexpr std::int64_t default_jitter_ns = base::ns_per_second / 2;

// Below this the share's rounding (four decimals of ours, often two of others) spoils the total by more than a percent.
constexpr double least_percent = 0.05, least_foreign_percent = 0.5;

/// The books of several runs in one file.
model::RecordingEnd together(const std::vector<model::RecordingEnd>& ends) {
  model::RecordingEnd all = ends.back();
  for (auto one = ends.begin(); one + 1 != ends.end(); ++one) {
    all.ticks += one->ticks;
    all.late_ticks += one->late_ticks;
    all.lost_ticks += one->lost_ticks;
    all.rows += one->rows;
    all.processes += one->processes;
    if (all.short_lived && one->short_lived) {
      *all.short_lived += *one->short_lived;
    } else {
      all.short_lived.reset();
    }
    if (all.short_lived_note.empty()) all.short_lived_note = one->short_lived_note;
    all.own_cpu_ns += one->own_cpu_ns;
    all.own_peak_rss = std::max(all.own_peak_rss, one->own_peak_rss);
    all.target_bytes_read += one->target_bytes_read;
    all.absent_bytes += one->absent_bytes;
    all.longest_pause_ns = std::max(all.longest_pause_ns, one->longest_pause_ns);
  }
  return all;
}

}  // namespace

bool BootBuilder::is_of_this_boot(const model::RecordingHeader& header) const {
  return !has_rows_ || recording_.boot_id.empty() || header.boot_id.empty() || recording_.boot_id == header.boot_id;
}

void BootBuilder::header(const model::RecordingHeader& header) {
  const bool another_run = has_header_ && header.started_wall_ns != run_started_wall_ns_;
  if (another_run) {
    times_.break_here();
    ++runs_;
    last_run_ended_ = false;
  }
  has_header_ = true;
  run_started_wall_ns_ = header.started_wall_ns;
  declared_interval_ns_ = std::llround(header.interval_seconds * static_cast<double>(base::ns_per_second));
  recording_.host = header.host;
  recording_.boot_id = header.boot_id;
  recording_.tool = header.tool;
  recording_.kernel = header.kernel;
}

void BootBuilder::end(const model::RecordingEnd& end) {
  ends_.push_back(end);
  last_run_ended_ = true;
}

bool BootBuilder::begins_tick(std::uint32_t process, const Timeline::Place& place) const {
  if (!has_rows_ || place.after_break) return true;
  if (process != unknown && sums_.has_in_this_tick(process)) return true;
  if (!is_foreign()) return place.at_ns != tick_at_ns_;
  const std::int64_t interval_ns = times_.interval_so_far_ns();
  return interval_ns > 0 && place.at_ns - last_row_ns_ > interval_ns / 2;
}

void BootBuilder::begin_tick(std::int64_t at_ns, std::string_view phase) {
  const bool phase_begins = phases_.begin_tick(at_ns, phase);
  times_.begin_tick(at_ns, phase_begins && has_rows_ && !is_foreign());
  sums_.begin_tick(at_ns);
  tick_at_ns_ = at_ns;
}

void BootBuilder::row(const model::RecordedRow& row, const model::ProcessInfo& process) {
  const std::int64_t interval_ns = times_.interval_so_far_ns();
  const std::int64_t jitter_ns = interval_ns > 0 ? interval_ns / 2 : default_jitter_ns;
  const auto place = timeline_.place(row, is_foreign() ? jitter_ns : 0, std::max(interval_ns, base::ns_per_second));
  if (row.process >= numbers_.size()) numbers_.resize(row.process + 1, unknown);
  std::uint32_t& number = numbers_[row.process];
  if (place.after_break) times_.break_here();
  if (begins_tick(number, place)) begin_tick(place.at_ns, row.phase);
  if (number == unknown) number = sums_.add_process(process);
  if (!has_rows_) {
    recording_.from_ns = place.at_ns;
    recording_.started_wall_ns = row.wall_ns > 0 ? row.wall_ns : run_started_wall_ns_;
    has_rows_ = true;
  }
  sums_.add(number, place.at_ns, row);
  look_at_machine(number, place.at_ns, row);
  last_row_ns_ = place.at_ns;
}

void BootBuilder::look_at_machine(std::uint32_t process, std::int64_t at_ns, const model::RecordedRow& row) {
  if (process == 0) {  // the first target
    if (row.cgroup_working_set) recording_.cgroup_working_set.add(at_ns, static_cast<double>(*row.cgroup_working_set));
    if (row.cgroup_limit) recording_.cgroup_limit = row.cgroup_limit;
  }
  if (!row.rss || !row.memory_percent || *row.memory_percent <= best_memory_percent_) return;
  if (*row.memory_percent < (is_foreign() ? least_foreign_percent : least_percent)) return;
  best_memory_percent_ = *row.memory_percent;
  const double total = static_cast<double>(*row.rss) * 100 / best_memory_percent_;
  recording_.machine_memory = static_cast<model::Bytes>(std::llround(total));
}

void BootBuilder::close_books() {
  const std::uint64_t incomplete = recording_.ticks.incomplete;
  recording_.ticks = times_.books(declared_interval_ns_);
  recording_.ticks.incomplete = incomplete;
  if (!last_run_ended_) return;
  const bool all_ended = ends_.size() == runs_;
  recording_.end = all_ended ? together(ends_) : ends_.back();
  if (!all_ended) return;  // one was killed: its books are known from the times only
  recording_.ticks.ticks = recording_.end->ticks;
  recording_.ticks.late = recording_.end->late_ticks;
  recording_.ticks.lost = recording_.end->lost_ticks;
  recording_.ticks.counted_by_recorder = true;
}

Recording BootBuilder::take() {
  recording_.to_ns = last_row_ns_;
  sums_.move_into(recording_);
  recording_.objects = objects_.take();
  close_books();
  recording_.phases = phases_.take(!is_foreign(), last_row_ns_);
  return std::move(recording_);
}

}  // namespace tidemark::analysis
