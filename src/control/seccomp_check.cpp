#include "detail/seccomp_check.hpp"

#include <array>
#include <cerrno>

#include "detail/seccomp_filter.hpp"
#include "detail/thread_calls.hpp"

namespace tidemark::control::detail {
namespace {

/// The kernel's limit for all filters of a thread together is 32768 instructions (MAX_INSNS_PER_PATH, each filter
/// counted with 4 more).
constexpr unsigned max_filters = 8192;
constexpr unsigned decimal = 10;

}  // namespace

StopTrouble check_seccomp(int task_directory, base::Tid tid, std::span<const seccomp_data> calls) {
  const StatusText status(task_directory, tid);
  if (!status.is_whole()) return {.failure = TracerFailure::seccomp_unreadable, .os_errno = EIO, .tid = tid};
  const std::uint64_t mode = status.number("Seccomp", decimal);
  if (mode == SECCOMP_MODE_DISABLED) return {};
  if (mode != SECCOMP_MODE_FILTER) {
    return {.failure = TracerFailure::seccomp_denies, .tid = tid, .call_number = calls.front().nr};
  }
  std::array<sock_filter, max_filter_instructions> program;
  for (unsigned index = 0; index < max_filters; ++index) {
    const int count = seccomp_filter(tid, index, program);
    if (count == -ENOENT && index > 0) return {};
    if (count < 0) return {.failure = TracerFailure::seccomp_unreadable, .os_errno = -count, .tid = tid};
    for (const seccomp_data& call : calls) {
      const auto answer = run_seccomp_filter(std::span(program).first(static_cast<std::size_t>(count)), call);
      if (answer && lets_call_pass(*answer)) continue;
      return {.failure = TracerFailure::seccomp_denies, .tid = tid, .call_number = call.nr};
    }
  }
  return {.failure = TracerFailure::seccomp_unreadable, .os_errno = E2BIG, .tid = tid};
}

}  // namespace tidemark::control::detail
