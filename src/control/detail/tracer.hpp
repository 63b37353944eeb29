// Purpose: the disposable process that stops a target, and the messages between it and us.
// Invariants: after its start the tracer makes async-signal-safe calls only and allocates nothing (it is the child of
// what may be a multi-threaded process). Whatever it waits for, a timer of the kernel's ends it (SIGKILL, which also
// reaches a tracer that is stopped, or frozen in a version 2 cgroup), and its end lets the target go.
//
// Conversation, over a SOCK_SEQPACKET pair: the tracer sends `stopped` or `failed`; after `stopped` it waits for a
// request, the end of ours, or max_pause, lets the target go and sends `released`. Requests are a byte so that more can
// be asked of a standing target (a snapshot) later.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tidemark/base/address.hpp"
#include "tidemark/control/stopped_target.hpp"

namespace tidemark::control::detail {

enum class MessageKind : std::uint32_t { stopped, failed, released };

enum class TracerFailure : std::uint32_t {
  none,
  refused,      ///< a thread may not be seized; tid, os_errno
  not_stopped,  ///< a thread did not stop in time; tid
  too_many,     ///< more than max_stopped_threads
  gone,         ///< no thread was left to stop
  own_trouble,  ///< a call about ourselves failed; os_errno
};

struct Message {
  MessageKind kind = MessageKind::failed;
  TracerFailure failure = TracerFailure::none;
  ReleasedBy released_by = ReleasedBy::request;
  int os_errno = 0;
  base::Tid tid = 0;
  std::int64_t pause_start_ns = 0;  ///< CLOCK_MONOTONIC before the first interrupt
  std::int64_t pause_end_ns = 0;    ///< after the last release
  std::uint64_t threads = 0;        ///< that stand
  std::uint64_t restarted_epoll_waits = 0;
  std::uint64_t cut_calls = 0;  ///< entries of TracerJob::cut_calls
};

enum class Request : unsigned char { resume = 1 };

/// A thread whose call returned EINTR.
struct CutCall {
  base::Tid tid = 0;
  std::int32_t number = 0;  ///< of the system call, asm/unistd_64.h
};

struct TracerJob {
  base::Pid parent = 0;  ///< ourselves
  base::Pid target = 0;
  int socket = -1;
  int task_directory = -1;  ///< /proc/PID/task
  std::int64_t max_settle_ns = 0;
  std::int64_t max_pause_ns = 0;
  CutCall* cut_calls = nullptr;  ///< shared memory, max_stopped_threads entries
};

/// How long after its time the kernel's timer ends a tracer. A tracer that only waits for a CPU is not helped by it.
inline constexpr std::int64_t dead_man_grace_ns = 400 * base::ns_per_ms;

/// The whole life of the tracer, in the child, with all signals blocked.
[[noreturn]] void run_tracer(const TracerJob& job);

}  // namespace tidemark::control::detail
