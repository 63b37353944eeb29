#include "detail/stack_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "detail/opened_process.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/control/stopped_target.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/proc/process_files.hpp"
#include "tidemark/proc/source_lines.hpp"
#include "tidemark/proc/thread_states.hpp"

namespace tidemark::cli {
namespace {

bool has_moved_on(const model::StackReading& reading) {
  return std::any_of(reading.gaps.begin(), reading.gaps.end(), [](const model::Gap& gap) {
    return gap.source == model::Source::python &&
           (gap.reason == model::Reason::self_check || gap.reason == model::Reason::gone);
  });
}

bool has_stacks(const model::StackReading& reading) {
  return std::any_of(reading.threads.begin(), reading.threads.end(),
                     [](const model::ThreadStack& thread) { return thread.frames != nullptr; });
}

/// From a pid to an answer, step by step; a step that fails says why.
class TargetReading {
 public:
  TargetReading(const proc::ProcRoot& root, const StackTarget& target, const StackOptions& options)
      : root_(root), options_(options) {
    answer_.process.pid = target.pid;
    answer_.process.parent = target.parent;
  }

  [[nodiscard]] StackAnswer run() {
    auto opened = open_process(root_, pid());
    if (auto* refused = std::get_if<NotOpened>(&opened)) {
      answer_.process.name = std::move(refused->name);
      answer_.process.inner_pid = refused->inner_pid;
      fail(refused->reason, std::move(refused->failure));
      return std::move(answer_);
    }
    auto& process = std::get<OpenedProcess>(opened);
    answer_.process.name = process.name;
    answer_.process.inner_pid = process.inner_pid();
    for (int tries = 0; tries < most_open_tries; ++tries) {
      if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(between_open_tries_ms));
      answer_.failure.reset();
      answer_.process.failure.reset();
      if (!try_read(process.files)) break;
    }
    return std::move(answer_);
  }

 private:
  void fail(model::Reason reason, Failure failure) {
    answer_.process.reading.reset();
    answer_.process.failure = reason;
    answer_.process.failure_text = failure.message;
    answer_.failure = std::move(failure);
  }

  void fail(const base::Error& error) { fail(model::reason_of(error), explain_target(pid(), error)); }

  [[nodiscard]] base::Pid pid() const { return answer_.process.pid; }

  void fail(const cpython::OpenFailure& failure) {
    answer_.process.version = failure.found.version;
    answer_.process.module_path = failure.found.module_path;
    fail(failure.reason, explain_no_stacks(pid(), failure));
  }

  /// True when another try may do better.
  bool try_read(proc::ProcessFiles& files) {
    auto memory = memory::LiveMemory::open(root_.fd(), pid());
    if (!memory) return fail(memory.error()), false;
    auto opened = cpython::Interpreter::open(files, **memory, options_.locate);
    if (const auto* failure = std::get_if<cpython::OpenFailure>(&opened)) {
      fail(*failure);
      return failure->retry;
    }
    auto& interpreter = *std::get<std::unique_ptr<cpython::Interpreter>>(opened);
    answer_.process.version = interpreter.found().version;
    answer_.process.layout_origin = interpreter.found().layout_origin;
    answer_.process.module_path = interpreter.found().module_path;
    answer_.process.located_by = interpreter.found().located_by;
    answer_.process.missing = cpython::words_of(interpreter.found().missing);
    const auto runs = proc::ThreadStates().read(files);  // before: a thread that is being let go again looks busy
    if (options_.stopped) {
      read_stopped(interpreter);
    } else {
      read_now(interpreter);
    }
    answer_.process.bytes_read += (*memory)->bytes_read();
    if (!answer_.process.reading) return false;
    if (!has_stacks(*answer_.process.reading) && fail_if_gone(files)) return false;
    if (runs) add_states(*runs, *answer_.process.reading);
    if (options_.running_only) leave_idle_out(*answer_.process.reading);
    if (options_.source) find_source(files, *answer_.process.reading);
    return has_moved_on(*answer_.process.reading);
  }

  bool fail_if_gone(const proc::ProcessFiles& files) {
    const auto error = has_ended(files);
    if (error) fail(*error);
    return error.has_value();
  }

  void read_now(cpython::Interpreter& interpreter) {
    const base::SystemClock clock;
    const std::int64_t began_ns = clock.monotonic_ns();
    answer_.process.reading = interpreter.read_stacks();
    answer_.process.read_ns = clock.monotonic_ns() - began_ns;
  }

  void read_stopped(cpython::Interpreter& interpreter) {
    (void)interpreter.read_stacks();  // what can be known before need not be read while it stands still
    auto stopped = control::StoppedTarget::stop(root_, pid(), {.max_pause_ns = options_.max_pause_ns});
    if (!stopped) return fail(model::reason_of(stopped.error()), explain_no_stop(pid(), stopped.error()));
    read_now(interpreter);
    const auto report = stopped->resume();
    if (!report) return fail(model::reason_of(report.error()), explain_no_stop(pid(), report.error()));
    present::StopCost cost{.pause_ns = report->pause_ns,
                           .threads = report->threads,
                           .interrupted_calls = {},
                           .restarted_calls = report->restarted_epoll_waits};
    for (const auto& [name, count] : report->interrupted) cost.interrupted_calls.emplace_back(name, count);
    answer_.process.stop = std::move(cost);
    if (report->reading_is_void()) fail(model::Reason::torn, explain_void_stop(pid(), *report, options_.max_pause_ns));
  }

  /// Threads that the two ways to count them do not share have no state.
  void add_states(const std::vector<proc::ThreadRun>& runs, model::StackReading& reading) const {
    for (auto& thread : reading.threads) {
      const auto run = std::find_if(runs.begin(), runs.end(),
                                    [&](const proc::ThreadRun& one) { return one.inner == thread.native_id; });
      if (run == runs.end()) continue;
      thread.is_running = run->state == 'R';
      if (run->outer != run->inner) thread.outer_id = run->outer;
    }
  }

  void find_source(const proc::ProcessFiles& files, const model::StackReading& reading) {
    proc::SourceLines lines(files);
    for (const auto& thread : reading.threads) {
      if (!thread.frames) continue;
      const std::size_t depth = options_.depth == 0 ? thread.frames->size() : options_.depth;
      for (std::size_t at = 0; at < thread.frames->size(); ++at) {
        const bool is_shown = options_.format == StackFormat::json || at < depth || at + depth >= thread.frames->size();
        const auto& frame = (*thread.frames)[at];
        if (is_shown && frame.code && frame.line) add_source(frame.code->file, *frame.line, lines);
      }
    }
  }

  void add_source(const std::string& file, std::int64_t line, proc::SourceLines& lines) {
    const auto [place, is_new] = answer_.process.source.try_emplace({file, line});
    if (!is_new) return;
    auto text = lines.line(file, line);
    if (text) {
      place->second = std::move(*text);
    } else {
      answer_.process.source.erase(place);
    }
  }

  void leave_idle_out(model::StackReading& reading) {
    answer_.process.left_out = std::erase_if(reading.threads, [](const model::ThreadStack& thread) {
      return !thread.holds_gil && !thread.is_running.value_or(true);
    });
  }

  const proc::ProcRoot& root_;
  const StackOptions& options_;
  StackAnswer answer_;
};

}  // namespace

StackAnswer read_stack_target(const proc::ProcRoot& root, const StackTarget& target, const StackOptions& options) {
  return TargetReading(root, target, options).run();
}

bool is_partial(const model::StackReading& reading) {
  return !reading.gaps.empty() || std::any_of(reading.threads.begin(), reading.threads.end(),
                                              [](const auto& thread) { return thread.failure.has_value(); });
}

}  // namespace tidemark::cli
