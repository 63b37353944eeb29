#include "tidemark/control/frozen_target.hpp"

#include <fcntl.h>

#include <optional>
#include <utility>
#include <vector>

#include "detail/admission.hpp"
#include "detail/call_names.hpp"
#include "detail/freeze_plan.hpp"
#include "detail/kernel_calls.hpp"
#include "detail/old_clones.hpp"
#include "detail/tracer_process.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/gone.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::control {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr const char* freeze_step = "freeze a process";
constexpr const char* release_step = "release a frozen process";

/// Nullopt: it has ended.
std::optional<std::uint64_t> minor_faults(const proc::ProcessFiles& files) {
  const auto stat = files.stat();
  const bool leader_ended = stat && (stat->state == 'Z' || stat->state == 'X');
  if (!stat || (leader_ended && stat->threads <= 1)) return std::nullopt;
  return stat->minor_faults;
}

}  // namespace

/// `report` is filled as far as it is known.
struct FrozenTarget::Hold {
  proc::ProcessFiles files;
  std::unique_ptr<memory::LiveMemory> memory;
  detail::TracerProcess tracer;
  base::Pid clone = 0;
  std::vector<base::Pid> old_clones;
  std::uint64_t faults_before = 0;
  FreezeReport report;
  bool released = false;
};

FrozenTarget::FrozenTarget(std::unique_ptr<Hold> hold) : hold_(std::move(hold)) {}
FrozenTarget::FrozenTarget(FrozenTarget&&) noexcept = default;
FrozenTarget& FrozenTarget::operator=(FrozenTarget&& other) noexcept {
  std::swap(hold_, other.hold_);
  return *this;
}
FrozenTarget::~FrozenTarget() {
  if (hold_ && !hold_->released) [[maybe_unused]]
    const auto report = release();
}

Result<FrozenTarget> FrozenTarget::freeze(const proc::ProcRoot& root, base::Pid pid,
                                          const FreezeOptions& freeze_options) {
  const StopOptions options{.max_pause_ns = freeze_options.max_pause_ns, .max_settle_ns = freeze_options.max_settle_ns};
  if (auto fine = detail::check_options(pid, options); !fine) return fail(std::move(fine).error());
  auto files = proc::ProcessFiles::open(root, pid);
  if (!files) return fail(std::move(files).error());
  const detail::Subject subject{.root = root, .files = *files};
  const auto living = detail::admit(subject, options.max_settle_ns);
  if (!living) return fail(living.error());
  const auto plan = detail::plan_freeze(subject, *living, options.max_settle_ns);
  if (!plan) return fail(plan.error());
  auto old_clones = detail::find_old_clones(root, *files);
  const auto task_directory = base::open_at(files->dir_fd(), "task", O_RDONLY | O_DIRECTORY, freeze_step);
  if (!task_directory) return fail(base::absent_means_gone(task_directory.error()));
  const std::uint64_t faults_before = minor_faults(*files).value_or(0);

  auto tracer = detail::TracerProcess::start(pid, *task_directory, options, &*plan);
  if (!tracer) return fail(std::move(tracer).error());
  const auto said = tracer->hear();
  if (!said) return fail(detail::tracer_was_killed(subject));
  if (said->kind != detail::MessageKind::frozen) {
    tracer->end();
    return fail(detail::explain_failure(subject, *said, options));
  }
  FreezeReport report{.pause_ns = said->pause_end_ns - said->pause_start_ns,
                      .threads = said->threads,
                      .interrupted = detail::count_by_name(tracer->cut_calls(said->cut_calls)),
                      .restarted_epoll_waits = said->restarted_epoll_waits};
  FrozenTarget frozen(std::make_unique<Hold>(Hold{.files = std::move(*files),
                                                  .memory = nullptr,
                                                  .tracer = std::move(*tracer),
                                                  .clone = said->clone,
                                                  .old_clones = std::move(old_clones),
                                                  .faults_before = faults_before,
                                                  .report = std::move(report)}));
  auto memory = memory::LiveMemory::open(root.fd(), said->clone, memory::LiveAccess::mem_file_only);
  if (!memory) return fail(std::move(memory).error());
  frozen.hold_->memory = std::move(*memory);
  return frozen;
}

base::Pid FrozenTarget::clone_pid() const { return hold_->clone; }

const memory::MemorySource& FrozenTarget::memory() const { return *hold_->memory; }

base::Pid FrozenTarget::tracer_pid() const { return hold_->tracer.pid(); }

Result<FreezeReport> FrozenTarget::release() {
  if (std::exchange(hold_->released, true)) {
    return fail(Error{.code = ErrorCode::usage, .doing = release_step, .detail = "it is released already"});
  }
  FreezeReport& report = hold_->report;
  const auto faults = minor_faults(hold_->files);
  report.minor_faults = faults && *faults > hold_->faults_before ? *faults - hold_->faults_before : 0;
  hold_->tracer.name_old_zombies(hold_->old_clones);
  hold_->tracer.ask(detail::Request::release_clone);
  const auto said = hold_->tracer.hear();
  hold_->tracer.end();
  if (!said) {
    return fail(Error{.code = ErrorCode::busy,
                      .doing = release_step,
                      .path = hold_->files.path(),
                      .detail = "the tracer was killed"});
  }
  detail::add_counts(report.interrupted, detail::count_by_name(hold_->tracer.cut_calls(said->cut_calls)));
  report.restarted_epoll_waits += said->restarted_epoll_waits;
  report.old_zombies_reaped = said->old_zombies_reaped;
  report.reap_pause_ns = said->pause_end_ns - said->pause_start_ns;
  report.reaped = said->reaped || !minor_faults(hold_->files);
  return std::move(report);
}

}  // namespace tidemark::control
