#include "tidemark/proc/status.hpp"

#include "detail/text.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view step = "read the status of a process";

/// Which of the required lines were there.
enum Seen : unsigned {
  seen_state = 1U << 0,
  seen_pid = 1U << 1,
  seen_tgid = 1U << 2,
  seen_uid = 1U << 3,
  seen_gid = 1U << 4,
  seen_threads = 1U << 5,
  seen_all = (1U << 6) - 1
};

bool take_size(std::string_view value, std::optional<std::uint64_t>& bytes) {
  return detail::parse_kilobytes(value, bytes.emplace());
}

template <class T>
bool take_only(std::string_view value, T& number) {
  return detail::take_number(value, number) && detail::next_word(value).empty();
}

/// "Uid: real effective saved filesystem"
bool take_ids(std::string_view value, std::uint32_t& real, std::uint32_t& effective) {
  return detail::take_number(value, real) && detail::take_number(value, effective);
}

/// "NSpid: outer … inner"; at most 33 (MAX_PID_NS_LEVEL + 1), each a number.
bool take_namespaces(std::string_view value, StatusFields& out) {
  for (std::string_view word = detail::next_word(value); !word.empty(); word = detail::next_word(value)) {
    if (!detail::parse_number(word, out.inner_pid.emplace())) return false;
    ++out.pid_namespaces;
  }
  return out.inner_pid.has_value();
}

bool take_memory_line(std::string_view key, std::string_view value, StatusFields& out) {
  if (key == "VmPeak") return take_size(value, out.vm_peak);
  if (key == "VmSize") return take_size(value, out.vm_size);
  if (key == "VmHWM") return take_size(value, out.vm_hwm);
  if (key == "VmRSS") return take_size(value, out.vm_rss);
  if (key == "VmData") return take_size(value, out.vm_data);
  if (key == "VmSwap") return take_size(value, out.vm_swap);
  if (key == "VmPTE") return take_size(value, out.vm_pte);
  if (key == "RssAnon") return take_size(value, out.rss_anon);
  if (key == "RssFile") return take_size(value, out.rss_file);
  if (key == "RssShmem") return take_size(value, out.rss_shmem);
  return true;
}

/// False when the line should be a number and is not; lines that nobody asks for are not looked at.
bool take_line(std::string_view key, std::string_view value, StatusFields& out, unsigned& seen) {
  switch (key.empty() ? '\0' : key.front()) {
    case 'V':
    case 'R':
      return take_memory_line(key, value, out);
    case 'S':
      if (key == "State") return seen |= seen_state, detail::take_letter(value, out.state);
      if (key == "Seccomp") return take_only(value, out.seccomp_mode.emplace());
      return true;
    case 'P':
      if (key == "Pid") return seen |= seen_pid, take_only(value, out.pid);
      return true;
    case 'T':
      if (key == "Tgid") return seen |= seen_tgid, take_only(value, out.tgid);
      if (key == "Threads") return seen |= seen_threads, take_only(value, out.threads);
      return true;
    case 'U':
      if (key == "Uid") return seen |= seen_uid, take_ids(value, out.real_uid, out.effective_uid);
      return true;
    case 'G':
      if (key == "Gid") return seen |= seen_gid, take_ids(value, out.real_gid, out.effective_gid);
      return true;
    case 'N':
      if (key == "NSpid") return take_namespaces(value, out);
      return true;
    case 'v':
      if (key == "voluntary_ctxt_switches") return take_only(value, out.voluntary_switches.emplace());
      return true;
    case 'n':
      if (key == "nonvoluntary_ctxt_switches") return take_only(value, out.involuntary_switches.emplace());
      return true;
    default:
      return true;
  }
}

}  // namespace

Result<StatusFields> parse_status(std::string_view text) {
  return detail::parse_keyed_lines<StatusFields>(step, text, seen_all, take_line);
}

}  // namespace tidemark::proc
