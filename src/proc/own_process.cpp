#include "tidemark/proc/own_process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>

#include <ctime>
#include <string>

#include "detail/text.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/proc/status.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr const char* oom_path = "/proc/self/oom_score_adj";
constexpr const char* read_oom_step = "read our oom_score_adj";
constexpr const char* set_oom_step = "set our oom_score_adj";

}  // namespace

Hurry::Hurry() {
  const sched_param lowest{.sched_priority = 1};
  hurries_ =
      ::sched_getscheduler(0) == SCHED_OTHER && ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) == 0;
}

Hurry::~Hurry() {
  const sched_param none{.sched_priority = 0};
  if (hurries_) ::sched_setscheduler(0, SCHED_OTHER, &none);
}

OwnUsage own_usage() {
  constexpr std::size_t max_status_bytes = 1 << 20;
  constexpr std::uint64_t kilobyte = 1024;
  OwnUsage usage;
  timespec cpu{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  usage.cpu_ns = static_cast<std::int64_t>(cpu.tv_sec) * base::ns_per_second + cpu.tv_nsec;

  const auto text = base::read_file(AT_FDCWD, "/proc/self/status", max_status_bytes, "read our own status");
  const auto status = text ? parse_status(*text) : fail(text.error());
  if (status && status->vm_rss && status->vm_hwm) {
    usage.rss = status->vm_rss;
    usage.peak_rss = *status->vm_hwm;
    return usage;
  }
  rusage resources{};
  ::getrusage(RUSAGE_SELF, &resources);
  usage.peak_rss = static_cast<std::uint64_t>(resources.ru_maxrss) * kilobyte;
  return usage;
}

Result<int> own_oom_score_adj() {
  constexpr std::size_t max_bytes = 64;
  auto text = base::read_file(AT_FDCWD, oom_path, max_bytes, read_oom_step);
  if (!text) return fail(std::move(text).error());
  std::string_view rest = *text, line;
  int value = 0;
  if (detail::next_line(rest, line) && detail::parse_number(line, value)) return value;
  base::Error error = detail::malformed(read_oom_step, "no number", *text);
  error.path = oom_path;
  return fail(std::move(error));
}

Result<void> set_own_oom_score_adj(int value) {
  constexpr int lowest = -1000, highest = 1000;  // OOM_SCORE_ADJ_MIN and _MAX
  if (value < lowest || value > highest) {
    return fail(base::Error{.code = base::ErrorCode::usage, .doing = set_oom_step, .detail = std::to_string(value)});
  }
  auto file = base::open_at(AT_FDCWD, oom_path, O_WRONLY, set_oom_step);
  if (!file) return fail(std::move(file).error());
  std::size_t written = 0;
  auto done = base::write_all(file->get(), std::to_string(value), set_oom_step, written);
  if (done) return {};
  base::Error error = std::move(done).error();
  error.path = oom_path;
  return fail(std::move(error));
}

}  // namespace tidemark::proc
