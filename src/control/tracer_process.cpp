#include "detail/tracer_process.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace tidemark::control::detail {

using base::fail;
using base::Result;

namespace {

constexpr const char* start_step = "start the tracer";

/// Like fork(2), but the end of the child sends no signal, and only a wait with __WALL sees it (clone(2), exit signal
/// 0). No handler of pthread_atfork runs: the child makes async-signal-safe calls only.
base::Pid fork_quietly() { return static_cast<base::Pid>(::syscall(SYS_clone, 0UL, 0UL, nullptr, nullptr, 0UL)); }

}  // namespace

Result<Shared> Shared::make() {
  void* const at = ::mmap(nullptr, sizeof(SharedLists), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return fail(base::os_error(start_step, errno));
  return Shared(static_cast<SharedLists*>(at));
}

Shared::Shared(Shared&& other) noexcept : lists_(std::exchange(other.lists_, nullptr)) {}

Shared::~Shared() {
  if (lists_ != nullptr) ::munmap(lists_, sizeof(SharedLists));
}

Result<TracerProcess> TracerProcess::start(base::Pid target, const base::Fd& task_directory, const StopOptions& options,
                                           const FreezePlan* plan) {
  auto shared = Shared::make();
  if (!shared) return fail(std::move(shared).error());
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(base::os_error(start_step, errno));
  }
  base::Fd ours(ends[0]), theirs(ends[1]);
  const TracerJob job{.parent = ::getpid(),
                      .target = target,
                      .socket = theirs.get(),
                      .task_directory = task_directory.get(),
                      .max_settle_ns = options.max_settle_ns,
                      .max_pause_ns = options.max_pause_ns,
                      .shared = shared->data(),
                      .plan = plan};
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours runs in the child
  const base::Pid pid = fork_quietly();
  const int os_errno = errno;
  if (pid == 0) {
    ours.reset();  // else our own end would keep the conversation open when we have gone
    run_tracer(job);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return fail(base::os_error(start_step, os_errno));
  return TracerProcess(pid, std::move(ours), std::move(*shared));
}

TracerProcess::TracerProcess(TracerProcess&& other) noexcept
    : pid_(other.pid_),
      ended_(std::exchange(other.ended_, true)),
      socket_(std::move(other.socket_)),
      shared_(std::move(other.shared_)) {}

std::optional<Message> TracerProcess::hear() const {
  while (true) {
    Message message{};
    const ssize_t got = ::recv(socket_.get(), &message, sizeof message, 0);
    if (got == static_cast<ssize_t>(sizeof message)) return message;
    // ECONNRESET: it went without reading our request; what it said before comes next (net/unix/af_unix.c).
    if (got < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
    return std::nullopt;
  }
}

void TracerProcess::ask(Request request) const {
  [[maybe_unused]] const ssize_t asked = ::send(socket_.get(), &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void TracerProcess::end() {
  if (std::exchange(ended_, true)) return;
  socket_.reset();
  while (::waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

std::span<const CutCall> TracerProcess::cut_calls(std::uint64_t count) const {
  return std::span(shared_.data()->cut_calls).first(std::min<std::size_t>(count, max_stopped_threads));
}

void TracerProcess::name_old_zombies(std::span<const base::Pid> zombies) const {
  auto& list = shared_.data()->old_zombies;
  list.fill(0);
  std::ranges::copy(zombies.first(std::min(zombies.size(), list.size())), list.begin());
}

}  // namespace tidemark::control::detail
