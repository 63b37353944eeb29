// Purpose: the namespaces of a process by /proc/PID/ns, to tell whether two processes share one.
// Invariant: a link that is refused or that the kernel lacks is nullopt; two unknown ones are not the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidemark/base/result.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::proc {

/// Inode numbers of the first namespaces, fixed since Linux 3.8 (include/linux/proc_ns.h).
inline constexpr std::uint64_t first_user_namespace = 0xEFFFFFFD;
inline constexpr std::uint64_t first_pid_namespace = 0xEFFFFFFC;

/// Inode numbers.
struct Namespaces {
  std::optional<std::uint64_t> user, pid, mount;
  bool refused = false;  ///< the kernel said no: it asks for ptrace read access
};

/// `process` is a pid or "self".
[[nodiscard]] Namespaces read_namespaces(const ProcRoot& root, const std::string& process);

/// The number in "user:[4026531837]"; nullopt for another kind or text.
[[nodiscard]] std::optional<std::uint64_t> parse_namespace(std::string_view kind, std::string_view link);

enum class Sameness { same, different, unknown };
[[nodiscard]] Sameness compare_namespace(std::optional<std::uint64_t> one, std::optional<std::uint64_t> other);

/// Whether this /proc names processes as our own calls do: its `self` is our pid. False when it was mounted for another
/// pid namespace; a -p PID then means another process, or none.
[[nodiscard]] bool names_our_pids(const ProcRoot& root);

}  // namespace tidemark::proc
