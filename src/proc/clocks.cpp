#include "tidemark/proc/clocks.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string>

#include "tidemark/base/clock.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

std::string step(const char* what, base::Pid pid) { return std::string(what) + std::to_string(pid); }

}  // namespace

Result<std::int64_t> process_cpu_ns(base::Pid pid) {
  constexpr const char* what = "read the CPU clock of process ";
  clockid_t clock{};
  const int refused = ::clock_getcpuclockid(pid, &clock);
  if (refused != 0) return fail(base::os_error(step(what, pid), refused));
  timespec now{};
  if (::clock_gettime(clock, &now) == 0) {
    return static_cast<std::int64_t>(now.tv_sec) * base::ns_per_second + now.tv_nsec;
  }
  // The process may end between the two calls; the kernel then calls its clock invalid.
  return fail(base::os_error(step(what, pid), errno == EINVAL ? ESRCH : errno));
}

Result<base::Fd> open_pidfd(base::Pid pid) {
  const long raw = ::syscall(SYS_pidfd_open, pid, 0U);  // glibc has no wrapper before 2.36; close-on-exec is always set
  if (raw < 0) return fail(base::os_error(step("open a pidfd of process ", pid), errno));
  return base::Fd(static_cast<int>(raw));
}

}  // namespace tidemark::proc
