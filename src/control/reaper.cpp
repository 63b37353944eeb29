#include "detail/reaper.hpp"

namespace tidemark::control::detail {
namespace {

/// Threads that are stopped for it before the zombie is left to the next run.
constexpr int max_tries = 8;

}  // namespace

Message Reaper::reap(CloneMaker& maker) {
  // Seizing blocks while the target calls execve: then we must die.
  const bool armed = dead_man_.set(now_ns() + job_.max_settle_ns + dead_man_grace_ns);
  if (armed) try_threads(maker);
  Message out{.kind = MessageKind::released, .reaped = reaped_.clone, .old_zombies_reaped = reaped_.old_zombies};
  stopper_.forget_calls_cut_by_signals();
  [[maybe_unused]] const bool any = stopper_.release_all();
  out.pause_start_ns = stopper_.pause_start_ns();
  out.pause_end_ns = out.pause_start_ns == 0 ? 0 : now_ns();
  out.restarted_epoll_waits = stopper_.restarted_epoll_waits();
  out.cut_calls = stopper_.cut_calls();
  return out;
}

/// The one that made the clone first: it sat in a call that a stop does no harm to, and may do so again.
void Reaper::try_threads(CloneMaker& maker) {
  const base::Tid first = maker.maker();
  if (try_thread(first, maker)) return;
  for (const bool in_calls : {true, false}) {
    NumberListing listing(job_.task_directory);
    for (base::Tid tid = listing.next(); tid > 0; tid = listing.next()) {
      const bool sleeps = state_of(job_.task_directory, tid) == 'S';
      if (tid != first && sleeps == in_calls && try_thread(tid, maker)) return;
    }
  }
}

bool Reaper::try_thread(base::Tid tid, CloneMaker& maker) {
  const char state = state_of(job_.task_directory, tid);
  if (state != 'S' && state != 'R' && state != 'T')
    return false;  // one that sleeps uninterruptibly would have to be waited for
  if (tries_++ == max_tries) return true;
  const StopTrouble trouble = stopper_.stop_one(tid, child_signals_);
  if (trouble.failure == TracerFailure::not_stopped || trouble.failure == TracerFailure::own_trouble) return true;
  if (trouble.happened()) return false;
  const auto reaped = maker.reap(stopper_.threads(), stopper_.release_at_ns());
  if (!reaped) return true;
  reaped_ = *reaped;
  return reaped_.clone;
}

}  // namespace tidemark::control::detail
