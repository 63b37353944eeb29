// Purpose: what a process may do, and what bounds it: ids, capabilities, no_new_privs, seccomp, out of
// /proc/PID/status; and the machine's rule for ptrace (Yama).
// Invariant: a line that is not there is nullopt, never 0: "no capabilities" and "not told" differ.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidemark/base/result.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::proc {

/// Numbers of include/uapi/linux/capability.h.
enum class Capability : unsigned {
  net_admin = 12,
  sys_ptrace = 19,
  sys_admin = 21,
  perfmon = 38,             ///< kernel 5.8, before that part of sys_admin
  bpf = 39,                 ///< kernel 5.8
  checkpoint_restore = 40,  ///< kernel 5.9
};

/// A set of capabilities as status prints it.
class CapabilitySet {
 public:
  explicit CapabilitySet(std::uint64_t bits = 0) : bits_(bits) {}

  [[nodiscard]] bool has(Capability capability) const { return (bits_ >> static_cast<unsigned>(capability) & 1U) != 0; }
  [[nodiscard]] bool holds_all_of(CapabilitySet other) const { return (other.bits_ & ~bits_) == 0; }
  [[nodiscard]] std::uint64_t bits() const { return bits_; }

  bool operator==(const CapabilitySet&) const = default;

 private:
  std::uint64_t bits_;
};

/// real, effective, saved, filesystem.
struct Ids {
  std::array<std::uint32_t, 4> all{};

  [[nodiscard]] std::uint32_t real() const { return all[0]; }
  [[nodiscard]] std::uint32_t effective() const { return all[1]; }
  /// What the kernel compares with an observer's id (kernel/ptrace.c, __ptrace_may_access): real, effective and saved.
  [[nodiscard]] bool are_all(std::uint32_t id) const { return all[0] == id && all[1] == id && all[2] == id; }

  bool operator==(const Ids&) const = default;
};

struct Privileges {
  Ids uids, gids;
  std::optional<CapabilitySet> permitted, effective;
  std::optional<bool> no_new_privs;           ///< kernel 4.10
  std::optional<std::uint32_t> seccomp_mode;  ///< 0 none, 1 strict, 2 filter
};

/// The text of /proc/PID/status. Malformed without Uid and Gid.
[[nodiscard]] base::Result<Privileges> parse_privileges(std::string_view status_text);
/// `process` is a pid or "self".
[[nodiscard]] base::Result<Privileges> read_privileges(const ProcRoot& root, const std::string& process);

/// /proc/sys/kernel/yama/ptrace_scope: 0 classic, 1 descendants only, 2 CAP_SYS_PTRACE only, 3 nobody. Errors:
/// `not_found` where there is no Yama or no /proc/sys.
[[nodiscard]] base::Result<std::uint32_t> yama_ptrace_scope(const ProcRoot& root);

}  // namespace tidemark::proc
