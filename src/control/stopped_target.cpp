#include "tidemark/control/stopped_target.hpp"

#include <fcntl.h>

#include <utility>

#include "detail/admission.hpp"
#include "detail/call_names.hpp"
#include "detail/kernel_calls.hpp"
#include "detail/tracer_process.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/proc/process_files.hpp"
#include "tidemark/proc/trace_state.hpp"

namespace tidemark::control {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr const char* stop_step = "stop a process";
constexpr const char* resume_step = "let a process go on";

/// Calls that returned EINTR, without those that a signal would have cut in any case. Asked while the target stands:
/// the signal is still pending then.
std::vector<InterruptedCall> count_cut_calls(const proc::ProcessFiles& files, std::span<const detail::CutCall> cut) {
  std::vector<detail::CutCall> ours;
  for (const auto& call : cut) {
    const auto state = proc::read_trace_state(files, call.tid);
    if (!state || state->on_their_way() == 0) ours.push_back(call);
  }
  return detail::count_by_name(ours);
}

/// Of a thread that lives; it may end before its memory is opened, and then that of another one is.
Result<std::unique_ptr<memory::LiveMemory>> open_memory(const detail::Subject& subject, std::int64_t patience_ns) {
  constexpr int most_tries = 5;
  for (int tries = 1;; ++tries) {
    const auto living = detail::admit(subject, patience_ns);
    if (!living) return fail(living.error());
    auto memory = memory::LiveMemory::open(subject.root.fd(), *living);
    if (memory || memory.error().code != ErrorCode::gone || tries == most_tries) return memory;
  }
}

}  // namespace

/// `report` is filled as far as it is known while the target stands.
struct StoppedTarget::Hold {
  proc::ProcessFiles files;
  std::unique_ptr<memory::LiveMemory> memory;
  detail::TracerProcess tracer;
  std::int64_t pause_start_ns = 0;
  StopReport report;
  bool resumed = false;
};

StoppedTarget::StoppedTarget(std::unique_ptr<Hold> hold) : hold_(std::move(hold)) {}
StoppedTarget::StoppedTarget(StoppedTarget&&) noexcept = default;
StoppedTarget& StoppedTarget::operator=(StoppedTarget&&) noexcept = default;
StoppedTarget::~StoppedTarget() = default;

Result<StoppedTarget> StoppedTarget::stop(const proc::ProcRoot& root, base::Pid pid, const StopOptions& options) {
  if (auto fine = detail::check_options(pid, options); !fine) return fail(std::move(fine).error());
  auto files = proc::ProcessFiles::open(root, pid);
  if (!files) return fail(std::move(files).error());
  const detail::Subject subject{.root = root, .files = *files};
  auto memory = open_memory(subject, options.max_settle_ns);
  if (!memory) return fail(std::move(memory).error());
  const auto task_directory = base::open_at(files->dir_fd(), "task", O_RDONLY | O_DIRECTORY, stop_step);
  if (!task_directory) return fail(task_directory.error());

  auto tracer = detail::TracerProcess::start(pid, *task_directory, options);
  if (!tracer) return fail(std::move(tracer).error());
  const auto said = tracer->hear();
  if (!said) return fail(detail::tracer_was_killed(subject));
  if (said->kind != detail::MessageKind::stopped) {
    tracer->end();
    return fail(detail::explain_failure(subject, *said, options));
  }
  StopReport report{.threads = said->threads, .restarted_epoll_waits = said->restarted_epoll_waits};
  report.interrupted = count_cut_calls(*files, tracer->cut_calls(said->cut_calls));
  return StoppedTarget(std::make_unique<Hold>(Hold{.files = std::move(*files),
                                                   .memory = std::move(*memory),
                                                   .tracer = std::move(*tracer),
                                                   .pause_start_ns = said->pause_start_ns,
                                                   .report = std::move(report)}));
}

const memory::MemorySource& StoppedTarget::memory() const { return *hold_->memory; }

base::Pid StoppedTarget::tracer_pid() const { return hold_->tracer.pid(); }

Result<StopReport> StoppedTarget::resume() {
  if (std::exchange(hold_->resumed, true)) {
    return fail(Error{.code = ErrorCode::usage, .doing = resume_step, .detail = "it goes on already"});
  }
  hold_->tracer.ask(detail::Request::resume);
  const auto said = hold_->tracer.hear();
  hold_->tracer.end();
  StopReport& report = hold_->report;
  if (!said) {
    report.released_by = ReleasedBy::tracer_death;
    report.pause_ns = detail::now_ns() - hold_->pause_start_ns;
    return std::move(report);
  }
  if (said->kind != detail::MessageKind::released) {
    return fail(Error{.code = ErrorCode::io, .doing = resume_step, .detail = "the tracer said something else"});
  }
  report.released_by = said->released_by;
  report.pause_ns = said->pause_end_ns - said->pause_start_ns;
  return std::move(report);
}

}  // namespace tidemark::control
