// Purpose: a recording under way: ticks from the collector to the files, marks and phases, the progress line, the
// closing report. What to record and where is decided before.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child_command.hpp"
#include "outputs.hpp"
#include "poll_waiter.hpp"
#include "tidemark/analysis/running_summary.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/cli/record_options.hpp"
#include "tidemark/collect/collector.hpp"
#include "tidemark/record/mark_server.hpp"

namespace tidemark::cli {

class Recorder {
 public:
  Recorder(const RecordOptions& options, Streams& streams, const base::Clock& clock,
           std::unique_ptr<collect::Collector> collector, Outputs outputs, std::unique_ptr<PollWaiter> waiter);

  void use_marks(std::optional<record::MarkServer> marks);
  void use_command(std::optional<ChildCommand> command);

  /// Records until the end and prints the closing report; the exit status.
  [[nodiscard]] int run();

 private:
  [[nodiscard]] bool is_over();
  void look_around();
  void take_tick(const collect::TickOrder& order);
  void write(std::span<const model::Event> events, const model::Tick* tick);
  void watch_events(std::span<const model::Event> events);
  [[nodiscard]] bool hear(const Signal& signal);
  [[nodiscard]] std::vector<model::Mark> waiting_marks();
  void finish();
  void show_progress();
  void clear_progress();
  void print_report(const model::RecordingEnd& end);
  [[nodiscard]] model::RecordingEnd books() const;
  [[nodiscard]] int exit_status();
  [[nodiscard]] std::int64_t elapsed_of(std::int64_t loop_elapsed_ns) const {
    return elapsed_offset_ns_ + loop_elapsed_ns;
  }

  const RecordOptions& options_;
  Streams& streams_;
  const base::Clock& clock_;
  std::unique_ptr<collect::Collector> collector_;
  Outputs outputs_;
  std::unique_ptr<PollWaiter> waiter_;
  std::optional<record::MarkServer> marks_;
  std::optional<ChildCommand> command_;

  analysis::RunningSummary summary_;
  collect::LoopCounts counts_;
  std::int64_t elapsed_offset_ns_ = 0;  ///< of an appended recording
  std::int64_t last_elapsed_ns_ = 0;
  std::int64_t first_due_ns_ = 0;
  std::string phase_;
  std::string why_over_;
  unsigned signal_marks_ = 0;  ///< asked for and not yet made
  unsigned signal_marks_made_ = 0;
  bool asked_source_failed_ = false;
  std::vector<std::string> notes_;  ///< sources that were refused, as many as are shown
  std::uint64_t notes_left_out_ = 0;
  bool progress_shown_ = false;
};

}  // namespace tidemark::cli
