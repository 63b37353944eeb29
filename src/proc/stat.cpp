#include "tidemark/proc/stat.hpp"

#include <unistd.h>

#include <cstddef>

#include "detail/text.hpp"
#include "tidemark/base/clock.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view step = "read the state of a process";

/// proc_task_name() of fs/proc/array.c writes into 64 bytes.
constexpr std::size_t max_comm_bytes = 63;

/// Reads the numbers behind the state in order, each after one blank.
class FieldCursor {
 public:
  explicit FieldCursor(std::string_view rest) : rest_(rest) {}

  template <class T>
  void take(T& value) {
    whole_ = whole_ && detail::take_number(rest_, value);
  }
  /// Fields that are not kept: signed or unsigned, all are numbers.
  void skip(int count) {
    for (; count > 0; --count) whole_ = whole_ && !detail::next_word(rest_).empty();
  }
  [[nodiscard]] bool is_whole() const { return whole_; }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

/// Fields 4 to 52, numbered as in proc(5).
bool take_fields(std::string_view rest, StatFields& out) {
  FieldCursor fields(rest);
  fields.take(out.ppid);
  fields.take(out.pgrp);
  fields.take(out.session);
  fields.skip(3);  // 7-9: tty_nr, tpgid, flags
  fields.take(out.minor_faults);
  fields.take(out.children_minor_faults);
  fields.take(out.major_faults);
  fields.take(out.children_major_faults);
  fields.take(out.utime_ticks);
  fields.take(out.stime_ticks);
  fields.skip(4);  // 16-19: cutime, cstime, priority, nice
  fields.take(out.threads);
  fields.skip(1);  // 21: itrealvalue
  fields.take(out.start_ticks);
  fields.take(out.vsize_bytes);
  fields.take(out.rss_pages);
  fields.skip(1);  // 25: rsslim
  fields.take(out.start_code);
  fields.take(out.end_code);
  fields.take(out.start_stack);
  fields.skip(9);  // 29-37: kstkesp to cnswap
  fields.take(out.exit_signal);
  fields.skip(9);  // 39-47: processor to start_brk
  fields.take(out.arg_start);
  fields.take(out.arg_end);
  fields.take(out.env_start);
  fields.take(out.env_end);
  fields.take(out.exit_code);
  return fields.is_whole();
}

}  // namespace

Result<StatFields> parse_stat(std::string_view text) {
  if (text.empty() || text.back() != '\n') return fail(detail::malformed(step, "no end of line", text));
  text.remove_suffix(1);
  const std::size_t open = text.find(" (");
  const std::size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return fail(detail::malformed(step, "no name in parentheses", text));
  }
  StatFields out;
  const std::string_view comm = text.substr(open + 2, close - open - 2);
  if (!detail::parse_number(text.substr(0, open), out.pid) || comm.size() > max_comm_bytes) {
    return fail(detail::malformed(step, "no pid and name", text));
  }
  out.comm = comm;
  std::string_view rest = text.substr(close + 2);
  const std::string_view state = detail::next_word(rest);
  if (state.size() != 1) return fail(detail::malformed(step, "no state letter", text));
  out.state = state.front();
  if (!take_fields(rest, out)) return fail(detail::malformed(step, "a field is missing or no number", text));
  return out;
}

std::int64_t cpu_ns_of(const StatFields& stat, std::int64_t ticks_per_second) {
  const auto ticks = static_cast<std::uint64_t>(ticks_per_second);
  const auto ns = static_cast<std::uint64_t>(base::ns_per_second);
  return detail::saturating_sum(detail::scaled(stat.utime_ticks, ns, ticks),
                                detail::scaled(stat.stime_ticks, ns, ticks));
}

std::int64_t started_wall_ns(std::uint64_t start_ticks, std::uint64_t boot_time_seconds,
                             std::int64_t ticks_per_second) {
  const auto ns = static_cast<std::uint64_t>(base::ns_per_second);
  return detail::saturating_sum(detail::scaled(boot_time_seconds, ns, 1),
                                detail::scaled(start_ticks, ns, static_cast<std::uint64_t>(ticks_per_second)));
}

std::int64_t ticks_per_second() { return ::sysconf(_SC_CLK_TCK); }

}  // namespace tidemark::proc
