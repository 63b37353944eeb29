#include "detail/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "detail/closing_report.hpp"
#include "detail/terminal.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/present/recording_text.hpp"
#include "tidemark/present/units.hpp"
#include "tidemark/proc/own_process.hpp"

namespace tidemark::cli {
namespace {

// The first tick comes this long after the priming reading of the CPU clocks, so that its cpu_percent means something.
constexpr std::int64_t longest_priming_ns = 100 * base::ns_per_ms;
// A rate per hour from less than this is noise.
constexpr std::int64_t shortest_rate_ns = 10 * base::ns_per_second;
constexpr std::size_t most_notes_shown = 8;

}  // namespace

Recorder::Recorder(const RecordOptions& options, Streams& streams, const base::Clock& clock,
                   std::unique_ptr<collect::Collector> collector, Outputs outputs, std::unique_ptr<PollWaiter> waiter)
    : options_(options),
      streams_(streams),
      clock_(clock),
      collector_(std::move(collector)),
      outputs_(std::move(outputs)),
      waiter_(std::move(waiter)) {
  waiter_->on_signal([this](const Signal& signal) { return hear(signal); });
  if (const auto last = outputs_.continues()) {
    elapsed_offset_ns_ = last->elapsed_ns + std::max<std::int64_t>(0, clock_.wall_ns() - last->wall_ns);
    phase_ = last->phase;
  }
}

void Recorder::use_command(std::optional<ChildCommand> command) {
  command_ = std::move(command);
  if (command_) collector_->expect_wait_status(command_->pid());
}

void Recorder::use_marks(std::optional<record::MarkServer> marks) {
  marks_ = std::move(marks);
  if (marks_) waiter_->watch_marks(marks_->poll_fd());
}

int Recorder::run() {
  first_due_ns_ = clock_.monotonic_ns() + std::min(options_.interval_ns, longest_priming_ns);
  const collect::LoopOptions loop{
      .interval_ns = options_.interval_ns, .first_due_ns = first_due_ns_, .duration_ns = options_.duration_ns};
  const collect::LoopWork work{.tick = [this](const collect::TickOrder& order) { take_tick(order); },
                               .over = [this] { return is_over(); },
                               .look = [this] { look_around(); }};
  collect::run_tick_loop(clock_, *waiter_, loop, work, counts_);
  if (why_over_.empty()) why_over_ = "duration";
  finish();
  return exit_status();
}

bool Recorder::is_over() {
  if (!why_over_.empty()) return true;
  if (outputs_.all_lost()) {
    why_over_ = "error";
  } else if (!command_ && collector_->everything_gone()) {
    why_over_ = "targets_gone";
  }
  return !why_over_.empty();
}

void Recorder::look_around() {
  if (!command_) return collector_->look_for_exits();
  if (const auto status = command_->reap(false)) {
    collector_->set_wait_status(command_->pid(), *status);
    why_over_ = "command_exited";
  }
}

std::vector<model::Mark> Recorder::waiting_marks() {
  auto marks = marks_ ? marks_->take() : std::vector<model::Mark>{};
  for (; signal_marks_ > 0; --signal_marks_)
    marks.push_back({.label = fmt::format("signal-{}", ++signal_marks_made_), .fields = {}});
  return marks;
}

void Recorder::take_tick(const collect::TickOrder& order) {
  const std::int64_t elapsed_ns = elapsed_of(order.elapsed_ns);
  auto marks = order.by_mark ? waiting_marks() : std::vector<model::Mark>{};
  if (order.by_mark && marks.empty()) {  // a client that only connected
    --counts_.ticks;
    return;
  }
  std::vector<model::Event> events;
  if (order.slept_ns > 0) events.push_back({order.wall_ns, elapsed_ns, model::Suspend{order.slept_ns}});
  const std::size_t mark_count = marks.size();
  for (auto& mark : marks) {
    phase_ = mark.label;
    events.push_back({order.wall_ns, elapsed_ns, std::move(mark)});
  }
  auto batch = collector_->collect(order.wall_ns, elapsed_ns, phase_);
  events.insert(events.end(), std::make_move_iterator(batch.events.begin()),
                std::make_move_iterator(batch.events.end()));
  write(events, &batch.tick);
  last_elapsed_ns_ = elapsed_ns;
  if (mark_count > 0 && marks_) {
    const bool written = !outputs_.any_lost();
    marks_->acknowledge(written, written ? "" : "a file of the recording could not be written", elapsed_ns);
  }
  if (!batch.tick.samples.empty()) summary_.add(batch.tick);
  show_progress();
}

void Recorder::write(std::span<const model::Event> events, const model::Tick* tick) {
  watch_events(events);
  outputs_.write(events, tick, [this](const std::string& name, const base::Error& error) {
    clear_progress();
    streams_.err << "tidemark record: " << explain_lost_output(name, error) << '\n';
  });
}

void Recorder::watch_events(std::span<const model::Event> events) {
  for (const auto& event : events) {
    const auto* refused = std::get_if<model::SourceError>(&event.what);
    if (refused == nullptr || refused->gap.reason == model::Reason::not_python) continue;
    const bool is_smaps =
        refused->gap.source == model::Source::smaps || refused->gap.source == model::Source::smaps_rollup;
    if (is_smaps && (options_.maps || options_.pss == PssMode::every)) asked_source_failed_ = true;
    const bool is_asked = refused->gap.source == model::Source::heap || refused->gap.source == model::Source::objects;
    if (is_asked) asked_source_failed_ = true;
    if (notes_.size() >= most_notes_shown) {
      ++notes_left_out_;
      continue;
    }
    const std::string who =
        refused->process
            ? fmt::format("{} (pid {})", present::printable(refused->process->name, 24), refused->process->identity.pid)
            : "this machine";
    notes_.push_back(fmt::format("Not read of {}: {}", who, model::text_of(refused->gap)));
  }
}

bool Recorder::hear(const Signal& signal) {
  switch (signal.number) {
    case SIGUSR1:
      ++signal_marks_;
      return true;
    case SIGCHLD:
      return false;
    default:
      // A COMMAND decides itself what a signal means, and the recording ends with it. The terminal has told it already.
      if (command_) {
        if (!signal.from_terminal) command_->forward(signal.number);
      } else {
        why_over_ = "signal";
      }
      return false;
  }
}

model::RecordingEnd Recorder::books() const {
  const auto totals = collector_->totals();
  const auto own = proc::own_usage();
  model::RecordingEnd end;
  end.why = why_over_;
  end.ticks = counts_.ticks;
  end.late_ticks = counts_.late;
  end.lost_ticks = counts_.lost;
  end.rows = totals.rows;
  end.processes = totals.processes;
  end.short_lived = totals.short_lived;
  end.short_lived_note = totals.short_lived_note;
  end.own_cpu_ns = own.cpu_ns;
  end.own_peak_rss = own.peak_rss;
  end.target_bytes_read = totals.memory.bytes_read;
  end.absent_bytes = totals.memory.absent_bytes;
  return end;
}

void Recorder::finish() {
  const std::int64_t wall_ns = clock_.wall_ns();
  const std::int64_t elapsed_ns = elapsed_of(std::max<std::int64_t>(0, clock_.monotonic_ns() - first_due_ns_));
  collector_->look_for_exits();
  auto events = collector_->last_events(wall_ns, elapsed_ns);
  const model::RecordingEnd end = books();
  events.push_back({wall_ns, elapsed_ns, end});
  write(events, nullptr);
  marks_.reset();
  clear_progress();
  if (!options_.quiet) print_report(end);
}

int Recorder::exit_status() {
  const bool partial = outputs_.any_lost() || asked_source_failed_;
  if (command_) {
    const int status = shell_status(command_->reap(true).value_or(0));
    return status == 0 && partial ? static_cast<int>(ExitStatus::wrapper_failed) : status;
  }
  return static_cast<int>(partial ? ExitStatus::partial : ExitStatus::done);
}

void Recorder::show_progress() {
  const bool shared_terminal = command_ && is_terminal(STDOUT_FILENO);
  if (options_.quiet || shared_terminal || !is_terminal(STDERR_FILENO)) return;
  const auto& tree = summary_.tree();
  const auto rate = tree.growth_bytes_per_hour(shortest_rate_ns);
  const present::ProgressView view{.elapsed_ns = last_elapsed_ns_,
                                   .processes = summary_.processes_now(),
                                   .rss_now = tree.now,
                                   .rss_peak = tree.peak,
                                   .growth_bytes = tree.growth_bytes(),
                                   .growth_per_hour_bytes = static_cast<std::int64_t>(rate.value_or(0)),
                                   .has_growth_per_hour = rate.has_value(),
                                   .phase = summary_.phase()};
  streams_.err << '\r' << present::progress_line(view, terminal_columns(STDERR_FILENO) - 1) << "\x1b[K" << std::flush;
  progress_shown_ = true;
}

void Recorder::clear_progress() {
  if (std::exchange(progress_shown_, false)) streams_.err << "\r\x1b[K" << std::flush;
}

void Recorder::print_report(const model::RecordingEnd& end) {
  Closing closing{.files = outputs_.names(), .end = end, .elapsed_ns = last_elapsed_ns_, .notes = notes_};
  if (notes_left_out_ > 0) {
    closing.notes.push_back(fmt::format("… and {} more sources, each an error line of the JSONL.", notes_left_out_));
  }
  // Reading a night's file takes seconds: the recording is whole, so a second Ctrl-C may end us. Not while a COMMAND
  // still runs (-d), whose status we owe.
  if (!command_ || command_->has_ended()) waiter_.reset();
  const bool data_on_stdout =
      std::find(options_.outputs.begin(), options_.outputs.end(), "-") != options_.outputs.end();
  const bool stdout_is_taken = data_on_stdout || command_.has_value();
  const int descriptor = stdout_is_taken ? STDERR_FILENO : STDOUT_FILENO;
  (stdout_is_taken ? streams_.err : streams_.out) << closing_report(closing, style_of(descriptor)) << std::flush;
}

}  // namespace tidemark::cli
