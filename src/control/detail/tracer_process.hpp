// Purpose: our side of the tracer: starting it, hearing it, and its end.
// Invariant: a TracerProcess has a child that it alone waits for; its destructor lets the target go and waits.
#pragma once

#include <optional>
#include <span>

#include "tidemark/base/address.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"
#include "tracer.hpp"

namespace tidemark::control::detail {

/// Memory that we and the tracer share.
class Shared {
 public:
  [[nodiscard]] static base::Result<Shared> make();
  Shared(Shared&& other) noexcept;
  Shared& operator=(Shared&&) = delete;
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared();

  [[nodiscard]] SharedLists* data() const { return lists_; }

 private:
  explicit Shared(SharedLists* lists) : lists_(lists) {}

  SharedLists* lists_ = nullptr;
};

class TracerProcess {
 public:
  /// The child begins to stop the target at once, and to freeze it when there is a plan. `task_directory` is
  /// /proc/PID/task.
  [[nodiscard]] static base::Result<TracerProcess> start(base::Pid target, const base::Fd& task_directory,
                                                         const StopOptions& options, const FreezePlan* plan = nullptr);

  TracerProcess(TracerProcess&& other) noexcept;
  TracerProcess& operator=(TracerProcess&&) = delete;
  TracerProcess(const TracerProcess&) = delete;
  TracerProcess& operator=(const TracerProcess&) = delete;
  ~TracerProcess() { end(); }

  /// Blocks until the tracer says something; nullopt when it has died instead. Bounded: see dead_man_grace_ns.
  [[nodiscard]] std::optional<Message> hear() const;
  void ask(Request request) const;
  /// Hangs up, which lets a standing target go, and waits for the end of the tracer. May be called again.
  void end();

  /// The first `count` calls that the tracer saw cut.
  [[nodiscard]] std::span<const CutCall> cut_calls(std::uint64_t count) const;
  /// The clones of earlier runs that are to be waited for; before `release_clone` is asked. At most max_old_zombies.
  void name_old_zombies(std::span<const base::Pid> zombies) const;
  [[nodiscard]] base::Pid pid() const { return pid_; }

 private:
  TracerProcess(base::Pid pid, base::Fd socket, Shared shared)
      : pid_(pid), socket_(std::move(socket)), shared_(std::move(shared)) {}

  base::Pid pid_ = 0;
  bool ended_ = false;
  base::Fd socket_;
  Shared shared_;
};

}  // namespace tidemark::control::detail
