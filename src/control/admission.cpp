#include "detail/admission.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "detail/call_names.hpp"
#include "detail/kernel_calls.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/proc/trace_state.hpp"

namespace tidemark::control::detail {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr const char* step = "stop a process";

Error refusal(const Subject& subject, ErrorCode code, std::string detail, int os_errno = 0) {
  return Error{
      .code = code, .doing = step, .path = subject.files.path(), .os_errno = os_errno, .detail = std::move(detail)};
}

/// "4711 (gdb)"
std::string tracer_text(const Subject& subject, base::Pid tracer) {
  const auto files = proc::ProcessFiles::open(subject.root, tracer);
  const auto name = files ? files->comm() : Result<std::string>(std::string());
  return name && !name->empty() ? fmt::format("{} ({})", tracer, *name) : fmt::format("{}", tracer);
}

Error traced_by(const Subject& subject, base::Pid tracer) {
  return refusal(subject, ErrorCode::busy, "traced by " + tracer_text(subject, tracer));
}

/// The call that the thread sits in: the first word of task/TID/syscall is its number (proc_pid_syscall(5)), -1 outside
/// of calls; "running" when it runs.
std::optional<std::int64_t> current_call(const Subject& subject, base::Tid tid) {
  constexpr std::size_t max_bytes = 4096;
  const auto text =
      base::read_file(subject.files.dir_fd(), fmt::format("task/{}/syscall", tid), max_bytes, "read a thread's call");
  std::int64_t number = -1;
  if (!text) return std::nullopt;
  std::from_chars(text->data(), text->data() + text->size(), number);
  return number >= 0 ? std::optional(number) : std::nullopt;
}

Error sleeps_uninterruptibly(const Subject& subject, base::Tid tid) {
  const auto call = current_call(subject, tid);
  return refusal(
      subject, ErrorCode::busy,
      fmt::format("thread {} is in uninterruptible sleep{}", tid, call ? fmt::format(" ({})", call_name(*call)) : ""));
}

/// What one pass over the threads found.
struct Found {
  base::Tid alive = 0;  ///< the first
  base::Tid uninterruptible = 0;
};

Result<Found> look_at_threads(const Subject& subject) {
  auto tids = subject.files.thread_ids();
  if (!tids) return fail(std::move(tids).error());
  if (tids->size() > max_stopped_threads) {
    return fail(refusal(subject, ErrorCode::limit, fmt::format("{} threads", tids->size())));
  }
  Found found;
  for (const base::Tid tid : *tids) {
    const auto state = proc::read_trace_state(subject.files, tid);
    if (!state && state.error().code == ErrorCode::gone) continue;
    if (!state) return fail(state.error());
    if (state->has_ended()) continue;
    if (state->tracer_pid != 0) return fail(traced_by(subject, state->tracer_pid));
    if (found.alive == 0) found.alive = tid;
    if (state->is_uninterruptible() && found.uninterruptible == 0) found.uninterruptible = tid;
  }
  return found;
}

/// So is a process for a moment while it ends or replaces its program.
bool is_without_memory(const proc::StatusFields& status) {
  return !status.vm_size && status.state != 'Z' && status.state != 'X';
}

Error explain_refused(const Subject& subject, const Message& message) {
  const auto state = proc::read_trace_state(subject.files, message.tid);
  if (state && state->tracer_pid != 0) return traced_by(subject, state->tracer_pid);
  const ErrorCode code = base::error_code_of(message.os_errno);
  return refusal(subject, code, fmt::format("thread {} may not be traced", message.tid), message.os_errno);
}

Error explain_not_stopped(const Subject& subject, base::Tid tid, const StopOptions& options) {
  const auto state = proc::read_trace_state(subject.files, tid);
  if (!state) return state.error();
  if (state->is_uninterruptible()) return sleeps_uninterruptibly(subject, tid);
  return refusal(subject, ErrorCode::busy,
                 fmt::format("thread {} did not stop within {} ms", tid, options.max_pause_ns / base::ns_per_ms));
}

Error explain_not_cloned(const Subject& subject, const Message& message, const StopOptions& options) {
  const auto freezing = [&](ErrorCode code, const std::string& detail, int os_errno = 0) {
    Error error = refusal(subject, code, detail, os_errno);
    error.doing = "freeze a process";
    return error;
  };
  switch (message.failure) {
    case TracerFailure::seccomp_denies:
      return freezing(ErrorCode::unsupported, fmt::format("a seccomp filter of thread {} does not allow {}",
                                                          message.tid, call_name(message.call_number)));
    case TracerFailure::seccomp_unreadable:
      return freezing(
          ErrorCode::unsupported,
          fmt::format("thread {} has a seccomp filter that cannot be read (that takes CAP_SYS_ADMIN, and that we "
                      "have no filter ourselves)",
                      message.tid),
          message.os_errno);
    case TracerFailure::clone_failed:
      return freezing(message.os_errno == ESRCH ? ErrorCode::gone : base::error_code_of(message.os_errno),
                      "clone in the target", message.os_errno);
    case TracerFailure::not_back:
      if (const auto state = proc::read_trace_state(subject.files, message.tid); !state || state->has_ended()) {
        return freezing(ErrorCode::gone, "it has ended");
      }
      return freezing(ErrorCode::busy,
                      fmt::format("no clone was made within {} ms", options.max_pause_ns / base::ns_per_ms));
    default:
      return freezing(ErrorCode::busy, "no thread stands where a call can be made in it");
  }
}

}  // namespace

Result<void> check_options(base::Pid pid, const StopOptions& options) {
  const auto refuse = [](const char* why) {
    return fail(Error{.code = ErrorCode::usage, .doing = step, .detail = why});
  };
  if (pid == ::getpid()) return refuse("we cannot read while we stand still ourselves");
  if (options.max_pause_ns < min_max_pause_ns || options.max_pause_ns > max_max_pause_ns) {
    return refuse("the longest pause is from 1 ms to 60 s");
  }
  if (options.max_settle_ns <= 0) return refuse("no time to wait for threads to stop");
  return {};
}

Error tracer_was_killed(const Subject& subject) {
  return refusal(subject, ErrorCode::busy, "the tracer was killed, or the process was just starting another program");
}

Result<base::Tid> admit(const Subject& subject, std::int64_t patience_ns) {
  constexpr auto between_looks = std::chrono::milliseconds(1);
  const std::int64_t give_up_at = now_ns() + patience_ns;
  while (true) {
    const auto status = subject.files.status();
    if (!status) return fail(status.error());
    const auto found = look_at_threads(subject);
    if (!found) return fail(found.error());
    if (found->alive == 0) return fail(refusal(subject, ErrorCode::gone, "it has ended"));
    const bool without_memory = is_without_memory(*status);
    if (found->uninterruptible == 0 && !without_memory) return found->alive;
    if (now_ns() >= give_up_at) {
      return fail(without_memory ? refusal(subject, ErrorCode::unsupported, "a kernel thread")
                                 : sleeps_uninterruptibly(subject, found->uninterruptible));
    }
    std::this_thread::sleep_for(between_looks);
  }
}

Error explain_failure(const Subject& subject, const Message& message, const StopOptions& options) {
  switch (message.failure) {
    case TracerFailure::refused:
      return explain_refused(subject, message);
    case TracerFailure::not_stopped:
      return explain_not_stopped(subject, message.tid, options);
    case TracerFailure::too_many:
      return refusal(subject, ErrorCode::limit, fmt::format("more than {} threads", max_stopped_threads));
    case TracerFailure::gone:
      return refusal(subject, ErrorCode::gone, "it has ended");
    case TracerFailure::own_trouble:
      return base::os_error("run the tracer", message.os_errno);
    case TracerFailure::no_thread:
    case TracerFailure::seccomp_denies:
    case TracerFailure::seccomp_unreadable:
    case TracerFailure::clone_failed:
    case TracerFailure::not_back:
      return explain_not_cloned(subject, message, options);
    case TracerFailure::none:
      break;
  }
  return refusal(subject, ErrorCode::io, "the tracer gave no reason");
}

}  // namespace tidemark::control::detail
