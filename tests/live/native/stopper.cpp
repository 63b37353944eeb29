// stopper: stops targets when it is told to, as `tidemark stack --consistency stopped` will. A driver for tests.
//
// Each line of stdin, "PID HOLD_US MAX_PAUSE_MS SETTLE_MS", stops PID, waits, lets it go, and is answered with one JSON
// line: {"pause_ns", "threads", "released_by", "restarted_epoll_waits", "interrupted": {name: count}}, or {"error":
// code as in base::ErrorCode's order, "detail"}.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "tidemark/control/stopped_target.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace {

using namespace tidemark;

const char* code_text(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::gone:
      return "gone";
    case base::ErrorCode::permission:
      return "permission";
    case base::ErrorCode::busy:
      return "busy";
    default:
      return "other";
  }
}

const char* released_by_text(control::ReleasedBy by) {
  switch (by) {
    case control::ReleasedBy::request:
      return "request";
    case control::ReleasedBy::max_pause:
      return "max_pause";
    case control::ReleasedBy::tracer_death:
      return "tracer_death";
    case control::ReleasedBy::target_exit:
      return "target_exit";
  }
  return "?";
}

std::string error_line(const base::Error& error) {
  return fmt::format(R"({{"error": "{}", "detail": "{}"}})", code_text(error.code), base::describe(error));
}

std::string report_line(const control::StopReport& report) {
  std::string interrupted;
  for (const auto& call : report.interrupted) {
    interrupted += fmt::format(R"({}"{}": {})", interrupted.empty() ? "" : ", ", call.name, call.count);
  }
  return fmt::format(
      R"({{"pause_ns": {}, "threads": {}, "released_by": "{}", "restarted_epoll_waits": {}, "interrupted": {{{}}}}})",
      report.pause_ns, report.threads, released_by_text(report.released_by), report.restarted_epoll_waits, interrupted);
}

std::string stop_once(const proc::ProcRoot& root, base::Pid pid, unsigned hold_us,
                      const control::StopOptions& options) {
  auto stopped = control::StoppedTarget::stop(root, pid, options);
  if (!stopped) return error_line(stopped.error());
  if (hold_us > 0) ::usleep(hold_us);
  const auto report = stopped->resume();
  return report ? report_line(*report) : error_line(report.error());
}

}  // namespace

int main() {
  const auto root = proc::ProcRoot::open();
  if (!root) return 1;
  base::Pid pid = 0;
  unsigned hold_us = 0;
  std::int64_t max_pause_ms = 0, settle_ms = 0;
  while (std::cin >> pid >> hold_us >> max_pause_ms >> settle_ms) {
    const control::StopOptions options{.max_pause_ns = max_pause_ms * base::ns_per_ms,
                                       .max_settle_ns = settle_ms * base::ns_per_ms};
    std::cout << stop_once(*root, pid, hold_us, options) << std::endl;
  }
  return 0;
}
