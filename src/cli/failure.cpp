#include "tidemark/cli/failure.hpp"

#include <fmt/format.h>

#include <iostream>

#include "tidemark/base/clock.hpp"
#include "tidemark/cli/doctor.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {

int print_failure(Streams& streams, std::string_view command, const std::string& message, const std::string& hint,
                  ExitStatus status) {
  streams.err << "tidemark" << (command.empty() ? "" : " ") << command << ": " << message << '\n';
  if (!hint.empty()) streams.err << "hint: " << hint << '\n';
  return static_cast<int>(status);
}

int print_failure(Streams& streams, std::string_view command, const Failure& failure) {
  return print_failure(streams, command, failure.message, failure.hint, failure.status);
}

Failure explain_target(base::Pid pid, const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::gone:
    case base::ErrorCode::not_found:
      return {fmt::format("no process with pid {}{}", pid, error.detail.empty() ? "" : " (" + error.detail + ")"),
              "it may have ended, or this is another pid namespace (a container): ps shows the pids that exist here",
              ExitStatus::cannot_open};
    case base::ErrorCode::permission:
      return {fmt::format("pid {} may not be read: {}", pid, base::describe(error)), permission_hint(pid),
              ExitStatus::cannot_open};
    default:
      return {fmt::format("pid {} could not be opened: {}", pid, base::describe(error)), {}, ExitStatus::cannot_open};
  }
}

Failure explain_no_match(const std::string& expression) {
  constexpr std::size_t shown_columns = 40;
  return {
      fmt::format("no process whose name or command line matches '{}'", present::printable(expression, shown_columns)),
      "pgrep -af REGEX lists what there is", ExitStatus::cannot_open};
}

Failure explain_no_python(base::Pid pid, const cpython::OpenFailure& failure, bool asked_to_end) {
  const char* const what = asked_to_end ? "asked to end before the Python interpreter could be read"
                                        : "the Python interpreter cannot be read";
  std::string hint = "without --require python the columns of /proc are recorded all the same";
  if (failure.reason == model::Reason::denied) hint += "; " + permission_hint(pid);
  return {fmt::format("{} ({}): {}", what, model::text_of(failure.reason), base::describe(failure.error)),
          std::move(hint), ExitStatus::cannot_open};
}

Failure explain_no_stacks(base::Pid pid, const cpython::OpenFailure& failure) {
  std::string hint;
  switch (failure.reason) {
    case model::Reason::denied:
      hint = permission_hint(pid);
      break;
    case model::Reason::not_python:
      hint = fmt::format("tidemark record -p {} records what /proc says of any process", pid);
      break;
    default:
      hint = fmt::format("tidemark doctor -p {} says what was found and what is missing", pid);
      break;
  }
  return {
      fmt::format("no stacks of pid {} ({}): {}", pid, model::text_of(failure.reason), base::describe(failure.error)),
      std::move(hint), ExitStatus::cannot_open};
}

namespace {

/// What a refusal of ours says is enough; what the kernel said needs its call.
std::string reason_of(const base::Error& error) {
  return error.os_errno == 0 && !error.detail.empty() ? error.detail : base::describe(error);
}

}  // namespace

Failure explain_no_stop(base::Pid pid, const base::Error& error) {
  if (error.code == base::ErrorCode::gone) return explain_target(pid, error);
  std::string hint = "without --consistency stopped it is read while it runs";
  if (error.code == base::ErrorCode::permission) hint = permission_hint(pid) + "; " + hint;
  return {fmt::format("pid {} could not be stopped, and goes on: {}", pid, reason_of(error)), std::move(hint),
          ExitStatus::cannot_open};
}

Failure explain_no_freeze(base::Pid pid, const base::Error& error) {
  if (error.code == base::ErrorCode::gone) return explain_target(pid, error);
  std::string hint = "--consistency stopped is as exact, and needs no clone; racing stops nothing";
  if (error.code == base::ErrorCode::permission) hint = permission_hint(pid) + "; " + hint;
  return {fmt::format("pid {} could not be frozen, and goes on: {}", pid, reason_of(error)), std::move(hint),
          ExitStatus::cannot_open};
}

Failure explain_void_stop(base::Pid pid, const control::StopReport& report, std::int64_t max_pause_ns) {
  const double pause_ms = static_cast<double>(report.pause_ns) / 1e6;
  switch (report.released_by) {
    case control::ReleasedBy::target_exit:
      return {fmt::format("pid {} ended while it was read", pid), {}, ExitStatus::cannot_open};
    case control::ReleasedBy::tracer_death:
      return {fmt::format("pid {} was let go after {:.1f} ms because our tracer was killed: nothing is shown", pid,
                          pause_ms),
              "try again", ExitStatus::cannot_open};
    default:
      return {fmt::format("pid {} stood still for {:.1f} ms, could not be read in that time (--max-pause) and goes on",
                          pid, pause_ms),
              fmt::format("--max-pause {}ms gives it longer; without --consistency stopped it is read while it runs",
                          10 * max_pause_ns / base::ns_per_ms),
              ExitStatus::cannot_open};
  }
}

Failure explain_saved(const SavedKind& kind, const std::string& path, const base::Error& error) {
  const bool is_another = error.code == base::ErrorCode::malformed || error.code == base::ErrorCode::limit;
  if (!is_another) return {base::describe(error), {}, ExitStatus::usage};
  return {fmt::format("{} is no {} that tidemark saved: {}", path, kind.name,
                      error.detail.empty() ? "too long" : error.detail),
          fmt::format("tidemark {} --save FILE writes one", kind.command), ExitStatus::usage};
}

Failure explain_save(const SavedKind& kind, const std::string& path, const base::Error& error) {
  return {fmt::format("the {} was not saved as {}: {}", kind.name, path, base::describe(error)),
          "name a file in a directory of yours with --save", ExitStatus::usage};
}

Failure explain_output(const std::string& path, const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::busy:
      return {fmt::format("{} is being written by another tidemark", path),
              "name another file with -o, or end the other recording", ExitStatus::usage};
    case base::ErrorCode::permission:
      return {fmt::format("{} may not be written", path), "name a file in a directory of yours with -o",
              ExitStatus::usage};
    case base::ErrorCode::not_found:
      return {fmt::format("{} cannot be made: its directory does not exist", path), "make the directory first",
              ExitStatus::usage};
    case base::ErrorCode::usage:
    case base::ErrorCode::malformed:
      return {fmt::format("{} cannot be continued: {}", path, base::describe(error)),
              "without --append a new recording is begun and the old one kept as FILE.old", ExitStatus::usage};
    case base::ErrorCode::no_space:
      return {fmt::format("no space for {}: {}", path, base::describe(error)),
              "free some space, or name a file elsewhere with -o", ExitStatus::usage};
    default:
      return {fmt::format("{} cannot be opened: {}", path, base::describe(error)), {}, ExitStatus::usage};
  }
}

std::string explain_lost_output(const std::string& path, const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::closed:
      return fmt::format("{} was closed by its reader; nothing more is written to it", path);
    case base::ErrorCode::no_space:
      return fmt::format("no space left for {}: it ends with its last whole tick, which is safe", path);
    default:
      return fmt::format("{} can no longer be written ({}): it ends with its last whole tick", path,
                         base::describe(error));
  }
}

}  // namespace tidemark::cli
