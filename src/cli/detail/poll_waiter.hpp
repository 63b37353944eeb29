// Purpose: waits for the next of: a tick's time, a signal, a mark, the end of a target. The only place that sleeps.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "tidemark/base/fd.hpp"
#include "tidemark/collect/tick_loop.hpp"

namespace tidemark::cli {

struct Signal {
  int number = 0;
  bool from_terminal = false;  ///< the kernel sent it (Ctrl-C): the whole process group has it
};

class PollWaiter final : public collect::Waiter {
 public:
  /// Blocks `signals` for this process and takes them from a descriptor, until destroyed.
  [[nodiscard]] static base::Result<std::unique_ptr<PollWaiter>> open(const std::vector<int>& signals);
  ~PollWaiter() override;

  /// Wakes with `Wake::checked` after every signal (which `on_signal` has seen by then) and at least every
  /// `longest_nap_ns`, so that the caller can look around.
  [[nodiscard]] collect::Wake wait_until(std::int64_t monotonic_ns) override;

  /// Wakes with `Wake::mark` while this is readable.
  void watch_marks(int descriptor) { marks_ = descriptor; }
  /// Wakes once with `Wake::checked` when the process has ended.
  void watch_end(base::Fd pidfd) { pidfds_.push_back(std::move(pidfd)); }
  /// Returns true when the signal asks for a mark.
  void on_signal(std::function<bool(const Signal&)> handler) { handler_ = std::move(handler); }

 private:
  PollWaiter(base::Fd timer, base::Fd signals, const sigset_t& mask_before)
      : timer_(std::move(timer)), signals_(std::move(signals)), mask_before_(mask_before) {}

  void arm(std::int64_t monotonic_ns);
  [[nodiscard]] bool take_signals();

  static constexpr std::int64_t longest_nap_ns = 1'000'000'000;

  base::Fd timer_, signals_;
  sigset_t mask_before_;
  int marks_ = -1;
  std::vector<base::Fd> pidfds_;
  std::function<bool(const Signal&)> handler_;
};

}  // namespace tidemark::cli
