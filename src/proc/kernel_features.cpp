#include "tidemark/proc/kernel_features.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>

#include "tidemark/proc/clocks.hpp"

namespace tidemark::proc {
namespace {

std::optional<base::Error> try_pidfd() {
  auto opened = open_pidfd(::getpid());
  if (opened) return std::nullopt;
  return std::move(opened).error();
}

std::optional<base::Error> try_process_vm_readv() {
  char from = 'x';
  char into = 0;
  const iovec local{&into, 1};
  const iovec remote{&from, 1};
  if (::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0) == 1) return std::nullopt;
  auto error = base::os_error("read our own memory", errno);
  if (error.os_errno == ENOSYS) error.code = base::ErrorCode::unsupported;
  return error;
}

std::optional<base::Error> try_file(const ProcRoot& root, const std::string& file) {
  auto opened = base::open_at(root.fd(), file, O_RDONLY, "open");
  if (opened) return std::nullopt;
  return std::move(opened).error();
}

}  // namespace

std::vector<KernelFeature> probe_kernel_features(const ProcRoot& root) {
  // thread-self: the names of threads under a /proc of another pid namespace are not our gettid().
  return {{"pidfd_open", try_pidfd()},
          {"process_vm_readv", try_process_vm_readv()},
          {"children", try_file(root, "thread-self/children")},
          {"smaps_rollup", try_file(root, "self/smaps_rollup")},
          {"pagemap", try_file(root, "self/pagemap")}};
}

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

}  // namespace tidemark::proc
