#include "detail/clone_keeper.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include "detail/old_clones.hpp"
#include "detail/thread_calls.hpp"
#include "tidemark/base/fd.hpp"

namespace tidemark::control::detail {
namespace {

/// The end of a process with hundreds of gigabytes takes long.
constexpr std::int64_t longest_end_ns = 60 * base::ns_per_second;

}  // namespace

bool CloneKeeper::secure(base::Pid clone) {
  clone_ = clone;
  const std::int64_t give_up_at_ns = now_ns() + dead_man_grace_ns;
  while (true) {
    const Look look = await(clone, -1, child_signals_, give_up_at_ns);
    if (look.kind == Look::Kind::event_stop) break;
    if (look.kind == Look::Kind::nothing || look.kind == Look::Kind::ended) return false;
    pass_on(clone, 0);
  }
  mark();  // before: until it is tied to us it ends by itself and is known by its exit status
  return tie_to_us(clone);
}

/// Of /proc/CLONE, which lies beside the target's directory.
void CloneKeeper::mark() const {
  char path[64] = "../../";
  char* const number = path + std::strlen(path);
  char* const end = std::to_chars(number, path + sizeof path, clone_).ptr;
  std::memcpy(end, "/oom_score_adj", sizeof "/oom_score_adj");
  const base::Fd file(::openat(job_.task_directory, path, O_WRONLY | O_CLOEXEC));
  if (!file.is_open()) return;
  char text[16];
  const char* const text_end = std::to_chars(text, text + sizeof text, clone_oom_score_adj).ptr;
  [[maybe_unused]] const ssize_t written = ::write(file.get(), text, static_cast<std::size_t>(text_end - text));
}

void CloneKeeper::hold() const {
  constexpr std::int64_t turn_ns = base::ns_per_second, patience_ns = 4 * base::ns_per_second;
  while (true) {
    // Nothing of the target stands, but a tracer that hangs would keep its memory twice.
    if (!dead_man_.set(now_ns() + turn_ns + patience_ns)) return;
    if (!wait_readable(job_.socket, -1, now_ns() + turn_ns).first) continue;
    Request request{};
    if (::recv(job_.socket, &request, sizeof request, MSG_DONTWAIT) >= 0 || errno != EAGAIN) return;
  }
}

void CloneKeeper::kill() const {
  [[maybe_unused]] const bool set = dead_man_.set(now_ns() + longest_end_ns);
  ::kill(clone_, SIGKILL);
  while (!has_been_reaped(clone_)) {
  }
}

}  // namespace tidemark::control::detail
