#include "detail/tracer.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "detail/clone_keeper.hpp"
#include "detail/clone_maker.hpp"
#include "detail/reaper.hpp"
#include "detail/thread_stopper.hpp"

namespace tidemark::control::detail {
namespace {

class Tracer {
 public:
  explicit Tracer(const TracerJob& job) : job_(job), stopper_(job, dead_man_) {}

  [[noreturn]] void run() {
    if (const int trouble = prepare(); trouble != 0) {
      give_up({.failure = TracerFailure::own_trouble, .os_errno = trouble});
    }
    hurry();
    if (job_.plan != nullptr) freeze();
    if (const auto trouble = stopper_.stop_all(child_signals_); trouble.happened()) give_up(trouble);
    say({.kind = MessageKind::stopped});
    release(hold_until(stopper_.release_at_ns()));
  }

 private:
  /// 0 or an errno.
  int prepare() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != job_.parent) ::_exit(0);
    ::setsid();  // ^Z, ^C and a hangup are for the program, not for us
    ::prctl(PR_SET_NAME, "tidemark-tracer");
    close_all_but(job_.socket, job_.task_directory);
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;  // ours may be ignored, or have SA_NOCLDSTOP: then nobody tells us of stops
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (::sigaction(SIGCHLD, &plain, nullptr) != 0) return errno;
    child_signals_ = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (child_signals_ < 0) return errno;
    // Seizing blocks while the target calls execve, which may wait for threads that we should reap: then we must die.
    if (!dead_man_.make() || !dead_man_.set(now_ns() + job_.max_settle_ns + dead_man_grace_ns)) return errno;
    return 0;
  }

  /// The target stands while we wait for a CPU: ahead of the others where we may (CAP_SYS_NICE).
  static void hurry() {
    const sched_param lowest{.sched_priority = 1};
    ::sched_setscheduler(0, SCHED_FIFO, &lowest);
  }

  ReleasedBy hold_until(std::int64_t release_at) const {
    std::uint64_t standing = stopper_.standing();
    while (now_ns() < release_at) {
      const auto readable = wait_readable(job_.socket, child_signals_, release_at);
      if (readable.first) {  // a request, or the end of ours
        Request request{};
        if (::recv(job_.socket, &request, sizeof request, MSG_DONTWAIT) >= 0 || errno != EAGAIN) {
          return ReleasedBy::request;
        }
      }
      if (readable.second) {
        drain(child_signals_);
        standing -= std::min(standing, reap_all_ended());
        if (standing == 0) return ReleasedBy::target_exit;
      }
    }
    return ReleasedBy::max_pause;
  }

  [[noreturn]] void freeze() {
    CloneMaker maker(job_, child_signals_);
    CloneKeeper keeper(job_, dead_man_, child_signals_);
    maker.rehearse();
    if (const auto trouble = stopper_.stop_all(child_signals_); trouble.happened()) give_up(trouble);
    if (const auto trouble = maker.make(stopper_.threads(), stopper_.release_at_ns()); trouble.happened()) {
      give_up(trouble);
    }
    stopper_.forget_calls_cut_by_signals();
    Message first{.kind = MessageKind::frozen, .clone = maker.clone()};
    first.threads = stopper_.standing();
    [[maybe_unused]] const bool any = stopper_.release_all();  // none: it was killed; the clone stands all the same
    first.pause_end_ns = now_ns();
    if (!keeper.secure(maker.clone())) give_up({.failure = TracerFailure::clone_failed, .os_errno = ESRCH});
    say(first);
    keeper.hold();
    keeper.kill();
    Reaper reaper(job_, dead_man_, child_signals_);
    const Message last = reaper.reap(maker);
    send(last);
    ::_exit(0);
  }

  [[noreturn]] void release(ReleasedBy by) {
    Message last{.kind = MessageKind::released, .released_by = by};
    if (!stopper_.release_all()) last.released_by = ReleasedBy::target_exit;
    last.pause_end_ns = now_ns();
    say(last);
    ::_exit(0);
  }

  [[noreturn]] void give_up(const StopTrouble& trouble) {
    say({.kind = MessageKind::failed,
         .failure = trouble.failure,
         .os_errno = trouble.os_errno,
         .tid = trouble.tid,
         .call_number = trouble.call_number});
    ::_exit(1);  // lets all threads go, also those that cannot be detached because they have not stopped
  }

  void say(Message message) const {
    message.pause_start_ns = stopper_.pause_start_ns();
    if (message.threads == 0) message.threads = stopper_.standing();
    message.restarted_epoll_waits = stopper_.restarted_epoll_waits();
    message.cut_calls = stopper_.cut_calls();
    send(message);
  }

  void send(const Message& message) const {
    [[maybe_unused]] const ssize_t told = ::send(job_.socket, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  const TracerJob& job_;
  DeadMan dead_man_;
  ThreadStopper stopper_;
  int child_signals_ = -1;
};

}  // namespace

void run_tracer(const TracerJob& job) { Tracer(job).run(); }

}  // namespace tidemark::control::detail
