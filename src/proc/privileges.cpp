#include "tidemark/proc/privileges.hpp"

#include "detail/kernel_file.hpp"
#include "detail/text.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view step = "read the privileges of a process";
constexpr std::string_view yama_step = "read the ptrace rule of Yama";
constexpr std::size_t longest_scope_bytes = 64;

bool take_ids(std::string_view value, std::optional<Ids>& out) {
  Ids ids;
  for (auto& id : ids.all) {
    if (!detail::take_number(value, id)) return false;
  }
  out = ids;
  return detail::next_word(value).empty();
}

bool take_capabilities(std::string_view value, std::optional<CapabilitySet>& out) {
  constexpr int hexadecimal = 16;
  std::uint64_t bits = 0;
  if (!detail::parse_number(detail::next_word(value), bits, hexadecimal)) return false;
  out = CapabilitySet(bits);
  return true;
}

bool take_flag(std::string_view value, std::optional<bool>& out) {
  unsigned number = 0;
  if (!detail::take_number(value, number) || number > 1) return false;
  out = number == 1;
  return true;
}

struct Seen {
  std::optional<Ids> uids, gids;
};

bool take_line(std::string_view key, std::string_view value, Privileges& out, Seen& seen) {
  if (key == "Uid") return take_ids(value, seen.uids);
  if (key == "Gid") return take_ids(value, seen.gids);
  if (key == "CapPrm") return take_capabilities(value, out.permitted);
  if (key == "CapEff") return take_capabilities(value, out.effective);
  if (key == "NoNewPrivs") return take_flag(value, out.no_new_privs);
  if (key == "Seccomp") return detail::take_number(value, out.seccomp_mode.emplace());
  return true;
}

}  // namespace

Result<Privileges> parse_privileges(std::string_view status_text) {
  Privileges out;
  Seen seen;
  std::string_view rest = status_text, line, key, value;
  while (detail::next_line(rest, line)) {
    if (!detail::split_key(line, key, value)) return fail(detail::malformed(step, "no colon", line));
    if (!take_line(key, value, out, seen)) return fail(detail::malformed(step, "not the value expected", line));
  }
  if (!rest.empty()) return fail(detail::malformed(step, "cut line", rest));
  if (!seen.uids || !seen.gids) return fail(detail::malformed(step, "a required line is missing", status_text));
  out.uids = *seen.uids;
  out.gids = *seen.gids;
  return out;
}

Result<Privileges> read_privileges(const ProcRoot& root, const std::string& process) {
  auto text = base::read_file(root.fd(), process + "/status", detail::max_text_bytes, std::string(step));
  if (!text) return fail(std::move(text).error());
  return parse_privileges(*text);
}

Result<std::uint32_t> yama_ptrace_scope(const ProcRoot& root) {
  auto text = base::read_file(root.fd(), "sys/kernel/yama/ptrace_scope", longest_scope_bytes, std::string(yama_step));
  if (!text) return fail(std::move(text).error());
  std::string_view rest = *text, line;
  std::uint32_t scope = 0;
  if (detail::next_line(rest, line) && detail::parse_number(line, scope)) return scope;
  return fail(detail::malformed(yama_step, "no number", *text));
}

}  // namespace tidemark::proc
