#include "detail/thread_stopper.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace tidemark::control::detail {

using State = TracedThread::State;

StopTrouble ThreadStopper::stop_all(int child_signals) {
  if (!threads_.map()) return {.failure = TracerFailure::own_trouble, .os_errno = ENOMEM};
  while (true) {
    if (auto trouble = seize_new(); trouble.happened()) return trouble;
    if (!saw_stranger_) break;
    if (!interrupt_new()) return {.failure = TracerFailure::own_trouble, .os_errno = errno};
    if (auto trouble = wait_for_stops(child_signals); trouble.happened()) return trouble;
  }
  if (standing() == 0) return {.failure = TracerFailure::gone};
  return {};
}

StopTrouble ThreadStopper::stop_one(base::Tid tid, int child_signals) {
  if (threads_.size() == 0 && !threads_.map()) return {.failure = TracerFailure::own_trouble, .os_errno = ENOMEM};
  if (auto trouble = seize_one(tid); trouble.happened()) return trouble;
  if (!interrupt_new()) return {.failure = TracerFailure::own_trouble, .os_errno = errno};
  return wait_for_stops(child_signals);
}

StopTrouble ThreadStopper::seize_new() {
  saw_stranger_ = false;
  const std::size_t known = threads_.size();
  NumberListing listing(job_.task_directory);
  while (true) {
    errno = 0;
    const base::Tid tid = listing.next();
    if (tid == 0 || (tid < 0 && errno == ENOENT)) return {};  // ENOENT: the process has been waited for
    if (tid < 0) return {.failure = TracerFailure::own_trouble, .os_errno = errno};
    if (threads_.contains(tid, known)) continue;
    if (auto trouble = seize_one(tid); trouble.happened()) return trouble;
  }
}

StopTrouble ThreadStopper::seize_one(base::Tid tid) {
  int os_errno = 0;
  const Seizure seizure = try_to_seize(tid, os_errno);
  if (seizure == Seizure::refused) return {.failure = TracerFailure::refused, .os_errno = os_errno, .tid = tid};
  // A leader that has ended stays in the listing. Another stranger may have made a thread before its end, and its end
  // cuts the kernel's walk along the threads short (fs/proc/base.c, next_tid).
  if (seizure == Seizure::ours || tid != job_.target) saw_stranger_ = true;
  if (seizure == Seizure::ours && !threads_.add(tid)) return {.failure = TracerFailure::too_many, .tid = tid};
  return {};
}

/// EPERM has many meanings. A thread that called execve takes over the leader's number (ptrace(2), "execve(2) under
/// ptrace"): what was dead a moment ago may be alive, and ours.
ThreadStopper::Seizure ThreadStopper::try_to_seize(base::Tid tid, int& os_errno) const {
  constexpr int tries = 3;
  for (int i = 0; i < tries; ++i) {
    os_errno = seize(tid);
    if (os_errno == 0) return Seizure::ours;
    if (os_errno == ESRCH) return Seizure::dead;
    if (os_errno == EPERM && interrupt(tid)) return Seizure::ours;  // only its tracer may
    if (is_dead(tid)) return Seizure::dead;
  }
  return Seizure::refused;
}

bool ThreadStopper::is_dead(base::Tid tid) const {
  const char state = state_of(job_.task_directory, tid);
  return state == 'Z' || state == 'X';
}

bool ThreadStopper::interrupt_new() {
  if (pause_start_ns_ == 0) {
    pause_start_ns_ = now_ns();
    if (!dead_man_.set(release_at_ns() + dead_man_grace_ns)) return false;
  }
  for (TracedThread& thread : threads_.all()) {
    if (thread.state != State::seized) continue;
    interrupt(thread.tid);
    thread.state = State::asked;
  }
  return true;
}

StopTrouble ThreadStopper::wait_for_stops(int child_signals) {
  constexpr std::int64_t look_again_ns = 2 * base::ns_per_ms;
  bool look_for_zombies = false;
  while (true) {
    drain(child_signals);  // before looking: what comes after the look wakes us
    const base::Tid missing = look_at_all(look_for_zombies);
    if (missing == 0) return {};
    const std::int64_t now = now_ns();
    if (now >= release_at_ns()) return {.failure = TracerFailure::not_stopped, .tid = missing};
    if (now >= settle_by_ns()) {
      if (const base::Tid stuck = uninterruptible_one(); stuck != 0) {
        return {.failure = TracerFailure::not_stopped, .tid = stuck};
      }
    }
    const auto heard = wait_readable(child_signals, -1, std::min(release_at_ns(), now + look_again_ns));
    look_for_zombies = !heard.first;  // a leader that ends before its threads is not told of
  }
}

base::Tid ThreadStopper::uninterruptible_one() {
  for (const TracedThread& thread : threads_.all()) {
    if (thread.state == State::asked && state_of(job_.task_directory, thread.tid) == 'D') return thread.tid;
  }
  return 0;
}

/// The first thread that does not stand yet, or 0.
base::Tid ThreadStopper::look_at_all(bool look_for_zombies) {
  base::Tid missing = 0;
  for (TracedThread& thread : threads_.all()) {
    if (thread.state != State::asked) continue;
    take_in(thread, look_for_zombies);
    if (thread.state == State::asked && missing == 0) missing = thread.tid;
  }
  return missing;
}

void ThreadStopper::take_in(TracedThread& thread, bool look_for_zombies) {
  const Look look = look_at(thread.tid);
  switch (look.kind) {
    case Look::Kind::event_stop:
      thread.state = State::stopped;
      if (look.signal == SIGTRAP) settle(thread);  // else its call was cut by that signal, not by us
      return;
    case Look::Kind::ended:
      reap_ended(thread.tid);
      thread.state = State::ended;
      return;
    case Look::Kind::signal_stop:
      interrupt(thread.tid);  // any trap takes the place of an interrupt that was asked for (ptrace_stop)
      pass_on(thread.tid, look.signal);
      return;
    case Look::Kind::call_stop:
    case Look::Kind::unknown:
      pass_on(thread.tid, 0);
      return;
    case Look::Kind::nothing:
      if (look_for_zombies && is_dead(thread.tid)) thread.state = State::ended;
      return;
  }
}

/// What a stop does to a call that the kernel does not restart by itself.
void ThreadStopper::settle(TracedThread& thread) {
  const StoppedCall call = stopped_call(thread.tid);
  if (!call.returned_eintr) return;
  if (is_endless_epoll_wait(call) && restart_unless_handled(thread.tid)) {
    ++restarted_epoll_waits_;
    return;
  }
  job_.shared->cut_calls[cut_calls_++] = {.tid = thread.tid, .number = call.number};
}

void ThreadStopper::forget_calls_cut_by_signals() {
  CutCall* const first = job_.shared->cut_calls.data();
  CutCall* const end = first + cut_calls_;
  CutCall* const kept = std::remove_if(
      first, end, [this](const CutCall& call) { return has_signal_on_its_way(job_.task_directory, call.tid); });
  cut_calls_ = static_cast<std::uint64_t>(kept - first);
}

bool ThreadStopper::release_all() {
  bool any = false;
  for (const TracedThread& thread : threads_.all()) {
    if (thread.state == State::stopped && detach(thread.tid)) any = true;
  }
  return any;
}

}  // namespace tidemark::control::detail
