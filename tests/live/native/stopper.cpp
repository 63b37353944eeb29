// stopper: stops or freezes targets when it is told to. A driver for tests.
//
// Each line of stdin, "stop|freeze PID HOLD_US MAX_PAUSE_MS SETTLE_MS", stops PID, waits, lets it go, and is answered
// with one JSON line: {"pause_ns", "threads", "released_by", "restarted_epoll_waits", "interrupted": {name: count}}, or
// {"error": "gone|permission|busy|other", "detail"}. A freeze is released by "request", and says "reaped",
// "reap_pause_ns", "minor_faults" and "old_zombies_reaped", too.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "tidemark/control/frozen_target.hpp"
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

/// What both reports have, as members of an object.
template <class Report>
std::string members(const Report& report) {
  std::string interrupted;
  for (const auto& call : report.interrupted) {
    interrupted += fmt::format(R"({}"{}": {})", interrupted.empty() ? "" : ", ", call.name, call.count);
  }
  return fmt::format(R"("pause_ns": {}, "threads": {}, "restarted_epoll_waits": {}, "interrupted": {{{}}})",
                     report.pause_ns, report.threads, report.restarted_epoll_waits, interrupted);
}

std::string report_line(const control::StopReport& report) {
  return fmt::format(R"({{{}, "released_by": "{}"}})", members(report), released_by_text(report.released_by));
}

std::string report_line(const control::FreezeReport& report) {
  return fmt::format(
      R"({{{}, "released_by": "request", "reaped": {}, "reap_pause_ns": {}, "minor_faults": {}, "old_zombies_reaped": {}}})",
      members(report), report.reaped, report.reap_pause_ns, report.minor_faults, report.old_zombies_reaped);
}

std::string freeze_once(const proc::ProcRoot& root, base::Pid pid, unsigned hold_us,
                        const control::FreezeOptions& options) {
  auto frozen = control::FrozenTarget::freeze(root, pid, options);
  if (!frozen) return error_line(frozen.error());
  if (hold_us > 0) ::usleep(hold_us);
  const auto report = frozen->release();
  return report ? report_line(*report) : error_line(report.error());
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
  std::string verb;
  base::Pid pid = 0;
  unsigned hold_us = 0;
  std::int64_t max_pause_ms = 0, settle_ms = 0;
  while (std::cin >> verb >> pid >> hold_us >> max_pause_ms >> settle_ms) {
    const std::int64_t max_pause_ns = max_pause_ms * base::ns_per_ms, max_settle_ns = settle_ms * base::ns_per_ms;
    std::cout << (verb == "freeze" ? freeze_once(*root, pid, hold_us, {max_pause_ns, max_settle_ns})
                                   : stop_once(*root, pid, hold_us, {max_pause_ns, max_settle_ns}))
              << std::endl;
  }
  return 0;
}
