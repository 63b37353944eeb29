#include "detail/poll_waiter.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tidemark/base/clock.hpp"

namespace tidemark::cli {

using collect::Wake;

base::Result<std::unique_ptr<PollWaiter>> PollWaiter::open(const std::vector<int>& signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : signals) ::sigaddset(&set, number);
  sigset_t before;
  if (::sigprocmask(SIG_BLOCK, &set, &before) != 0) return base::fail(base::os_error("block signals", errno));
  base::Fd signal_descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signal_descriptor.is_open()) return base::fail(base::os_error("open a signal descriptor", errno));
  base::Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer.is_open()) return base::fail(base::os_error("open a timer", errno));
  return std::unique_ptr<PollWaiter>(new PollWaiter(std::move(timer), std::move(signal_descriptor), before));
}

PollWaiter::~PollWaiter() {
  handler_ = nullptr;
  (void)take_signals();  // what came too late to be heard is not our death now
  ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
}

void PollWaiter::arm(std::int64_t monotonic_ns) {
  itimerspec when{};
  // 0 would disarm the timer; a moment of the past fires at once.
  const std::int64_t at = std::max<std::int64_t>(1, monotonic_ns);
  when.it_value.tv_sec = at / base::ns_per_second;
  when.it_value.tv_nsec = at % base::ns_per_second;
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

bool PollWaiter::take_signals() {
  bool mark = false;
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    const Signal signal{.number = static_cast<int>(info.ssi_signo), .from_terminal = info.ssi_code == SI_KERNEL};
    if (handler_ && handler_(signal)) mark = true;
  }
  return mark;
}

Wake PollWaiter::wait_until(std::int64_t monotonic_ns) {
  const base::SystemClock clock;
  const std::int64_t nap_end_ns = clock.monotonic_ns() + longest_nap_ns;
  arm(std::min(monotonic_ns, nap_end_ns));
  std::vector<pollfd> watched{{timer_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}, {marks_, POLLIN, 0}};
  for (const auto& pidfd : pidfds_) watched.push_back({pidfd.get(), POLLIN, 0});
  if (::poll(watched.data(), watched.size(), -1) < 0) return Wake::checked;  // EINTR: whoever it was, look around

  if (watched[1].revents != 0) return take_signals() ? Wake::mark : Wake::checked;
  if (watched[2].revents != 0) return Wake::mark;
  bool ended = false;
  for (std::size_t i = pidfds_.size(); i-- > 0;) {
    if (watched[3 + i].revents == 0) continue;
    pidfds_.erase(pidfds_.begin() + static_cast<std::ptrdiff_t>(i));
    ended = true;
  }
  if (ended || clock.monotonic_ns() < monotonic_ns) return Wake::checked;
  return Wake::due;
}

}  // namespace tidemark::cli
