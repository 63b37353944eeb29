// Purpose: the disposable process that stops a target, and the messages between it and us.
// Invariants: after its start the tracer makes async-signal-safe calls only and allocates nothing (it is the child of
// what may be a multi-threaded process). Whatever it waits for, a timer of the kernel's ends it (SIGKILL, which also
// reaches a tracer that is stopped, or frozen in a version 2 cgroup), and its end lets the target go.
//
// Conversation, over a SOCK_SEQPACKET pair. To stop: the tracer sends `stopped` or `failed`; after `stopped` it waits
// for a request, the end of ours, or max_pause, lets the target go and sends `released`. To freeze (a job with a plan):
// it sends `frozen`, when the target runs again and the clone stands, or `failed`; after `frozen` it waits for a
// request or the end of ours, kills the clone, has it waited for in the target and sends `released`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tidemark/base/address.hpp"
#include "tidemark/control/stopped_target.hpp"

namespace tidemark::control::detail {

enum class MessageKind : std::uint32_t { stopped, failed, released, frozen };

enum class TracerFailure : std::uint32_t {
  none,
  refused,      ///< a thread may not be seized; tid, os_errno
  not_stopped,  ///< a thread did not stop in time; tid
  too_many,     ///< more than max_stopped_threads
  gone,         ///< no thread was left to stop
  own_trouble,  ///< a call about ourselves failed; os_errno
  // Of a freeze:
  no_thread,           ///< none that a call may be made in
  seccomp_denies,      ///< a filter of thread tid does not let call_number pass
  seccomp_unreadable,  ///< os_errno, tid
  clone_failed,        ///< in the target; os_errno
  not_back,            ///< thread tid did not come back from the call in time
};

struct Message {
  MessageKind kind = MessageKind::failed;
  TracerFailure failure = TracerFailure::none;
  ReleasedBy released_by = ReleasedBy::request;
  int os_errno = 0;
  base::Tid tid = 0;
  std::int32_t call_number = 0;
  std::int64_t pause_start_ns = 0;  ///< CLOCK_MONOTONIC before the first interrupt
  std::int64_t pause_end_ns = 0;    ///< after the last release
  std::uint64_t threads = 0;        ///< that stand
  std::uint64_t restarted_epoll_waits = 0;
  std::uint64_t cut_calls = 0;  ///< entries of TracerJob::cut_calls
  base::Pid clone = 0;          ///< when `frozen`
  bool reaped = false;          ///< the clone, when `released`
  std::uint64_t old_zombies_reaped = 0;
};

enum class Request : unsigned char { resume = 1, release_clone = 2 };

/// A thread whose call returned EINTR.
struct CutCall {
  base::Tid tid = 0;
  std::int32_t number = 0;  ///< of the system call, asm/unistd_64.h
};

/// Clones of earlier runs that are waited for in one freeze.
inline constexpr std::size_t max_old_zombies = 64;

/// Memory of both.
struct SharedLists {
  std::array<CutCall, max_stopped_threads> cut_calls;
  std::array<base::Pid, max_old_zombies> old_zombies;  ///< as the target numbers them; up to the first 0
};

struct FreezePlan;

struct TracerJob {
  base::Pid parent = 0;  ///< ourselves
  base::Pid target = 0;
  int socket = -1;
  int task_directory = -1;  ///< /proc/PID/task
  std::int64_t max_settle_ns = 0;
  std::int64_t max_pause_ns = 0;
  SharedLists* shared = nullptr;
  const FreezePlan* plan = nullptr;  ///< when it is to be frozen; the tracer's own copy
};

/// How long after its time the kernel's timer ends a tracer. A tracer that only waits for a CPU is not helped by it.
inline constexpr std::int64_t dead_man_grace_ns = 400 * base::ns_per_ms;

/// The whole life of the tracer, in the child, with all signals blocked.
[[noreturn]] void run_tracer(const TracerJob& job);

}  // namespace tidemark::control::detail
