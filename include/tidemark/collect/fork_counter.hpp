// Purpose: counts the processes of the tree that lived only between two ticks, which no reading of /proc can show.
// Source: the kernel's process event connector (linux/cn_proc.h, CONFIG_PROC_EVENTS): a netlink multicast of every fork
// and exit of the machine. It listens; nothing is attached to the target. It needs CAP_NET_ADMIN (before Linux 6.6) and
// pids of the initial pid namespace; without them only what was glimpsed by the tracker is counted, and the count is a
// lower bound. Invariant: bounded memory (`most_pending`); lost events turn the count into a lower bound, never into a
// guess.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>

#include "tidemark/base/fd.hpp"

namespace tidemark::collect {

/// One event, as far as it matters here.
struct ProcessEvent {
  enum class Kind { forked, exited, other } kind = Kind::other;
  base::Pid process = 0;  ///< the new or the ended process (threads are Kind::other)
  base::Pid parent = 0;   ///< of a forked one
};

/// Decodes one netlink datagram of the connector; pure. Malformed ones are Kind::other.
[[nodiscard]] ProcessEvent decode_process_event(std::span<const std::byte> datagram);

/// The books, without the socket.
class ShortLivedBooks {
 public:
  /// `is_tracked` tells whether a pid belongs to the recording now.
  void apply(const ProcessEvent& event, const std::function<bool(base::Pid)>& is_tracked);
  /// The tracker has taken it up: it is no longer unseen.
  void seen(base::Pid process) { pending_.erase(process); }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] bool overflowed() const { return overflowed_; }

 private:
  static constexpr std::size_t most_pending = 65'536;
  std::set<base::Pid> pending_;  ///< forked by the tree and not yet seen at a tick
  std::uint64_t count_ = 0;
  bool overflowed_ = false;
};

class ForkCounter {
 public:
  /// Listens when it may; a ForkCounter that may not still counts what the tracker glimpsed.
  [[nodiscard]] static ForkCounter open();

  /// Takes in the waiting events. Call at least once a second on a busy machine: the socket's buffer is finite.
  void drain(const std::function<bool(base::Pid)>& is_tracked);
  void seen(base::Pid process) { books_.seen(process); }
  /// The tracker saw a pid in a list of children that was gone or a zombie before it could be read.
  void glimpsed() { ++glimpsed_; }

  [[nodiscard]] bool is_listening() const { return socket_.is_open(); }
  [[nodiscard]] std::uint64_t count() const { return is_listening() ? books_.count() : glimpsed_; }
  /// Empty when the count is exact; else why it is a lower bound.
  [[nodiscard]] std::string note() const;

 private:
  base::Fd socket_;
  std::string refusal_;
  ShortLivedBooks books_;
  std::uint64_t glimpsed_ = 0;
  bool lost_events_ = false;
};

}  // namespace tidemark::collect
