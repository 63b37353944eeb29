// A thread that a call is made in comes to itself, at whatever point the tracer dies.
#include "detail/injection.hpp"

#include <fcntl.h>
#include <sys/signalfd.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "detail/code_search.hpp"
#include "detail/freeze_plan.hpp"
#include "detail/old_clones.hpp"
#include "detail/thread_calls.hpp"
#include "lively_target.hpp"
#include "support.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;

namespace {

/// Where the tracer dies.
enum class Death { after_begin, in_call, after_call, after_end };

/// Runs in a process of its own, for its exit to be the death. 0: it went as far as it should.
int trace_until(Death death, base::Pid target, const detail::InjectionSites& sites, int task_directory) {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  const int signals = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  const std::int64_t patience_ns = base::ns_per_second;
  if (detail::seize(target) != 0 || !detail::interrupt(target)) return 1;
  const auto look = detail::await(target, task_directory, signals, detail::now_ns() + patience_ns);
  if (look.kind != detail::Look::Kind::event_stop) return 2;
  const bool no_patience = death == Death::in_call;
  detail::InjectionMemory memory;
  detail::Injection injection(target, sites, task_directory, signals, no_patience ? 0 : detail::now_ns() + patience_ns,
                              memory);
  if (!injection.begin()) return 3;
  if (death == Death::after_begin) return 0;
  const auto result = injection.call(injection.clone_call());
  if (no_patience) return 0;  // mostly without a result
  if (!result || *result <= 0 || injection.clone_pid() <= 0) return 7;
  if (death == Death::after_call) return 0;
  return injection.end() ? 0 : 8;
}

struct Opened {
  explicit Opened(base::Pid pid) : files(must(proc::ProcessFiles::open(proc_root(), pid))) {}
  [[nodiscard]] detail::InjectionSites sites() {
    const auto found = must(detail::find_injection_sites({proc_root(), files}, must(files.maps())));
    REQUIRE(found.has_value());
    return *found;
  }

  proc::ProcessFiles files;
};

void die_at(Death death, const Target& target) {
  Opened opened(target.pid());
  const auto sites = opened.sites();
  const auto tasks = must(base::open_at(opened.files.dir_fd(), "task", O_RDONLY | O_DIRECTORY, "open"));
  const base::Pid tracer = ::fork();
  REQUIRE(tracer >= 0);
  if (tracer == 0) ::_exit(trace_until(death, target.pid(), sites, tasks.get()));
  int status = 0;
  REQUIRE(::waitpid(tracer, &status, 0) == tracer);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
}

void check_main_thread_unharmed(const Target& target, QueuedSignals& signals) {
  wait_until([&] { return is_untouched(target.states().front()); }, "it is not traced");
  wait_until([&] { return child_states(target).find_first_not_of('Z') == std::string::npos; }, "no clone runs");
  CHECK((target.states().front().blocked & usr1_bit) == usr1_bit);
  signals.send(target);
  signals.check_all_handled(target);
  CHECK(target.facts().early_returns == 0);
  CHECK(target.facts().out_of_order == 0);
}

std::size_t must_find_old_clones(const Target& target) {
  auto files = must(proc::ProcessFiles::open(proc_root(), target.pid()));
  return detail::find_old_clones(proc_root(), files).size();
}

}  // namespace

TEST_CASE("wherever the tracer dies, the thread goes on and the clone has ended itself") {
  for (const Kind& kind : kinds) {
    if (kind.body == live) continue;  // whose main thread is not alone
    for (const Death death : {Death::after_begin, Death::in_call, Death::after_call, Death::after_end}) {
      CAPTURE(std::string(kind.name));
      CAPTURE(static_cast<int>(death));
      const Target target(kind.body);
      QueuedSignals signals;
      for (int i = 0; i < 10; ++i) {
        signals.send(target);
        die_at(death, target);
        check_main_thread_unharmed(target, signals);
      }
      const std::string expected(death == Death::after_begin ? 0 : 10, 'Z');
      wait_until([&] { return child_states(target) == expected; }, "each clone has ended");
      CHECK(must_find_old_clones(target) == expected.size());
    }
  }
}

TEST_CASE("what has ended is one of our clones, or is not") {
  const auto ended = [](int exit_code, std::int32_t exit_signal = 0, std::uint64_t ticks = 0) {
    proc::StatFields stat;
    stat.state = 'Z';
    stat.exit_code = exit_code;
    stat.exit_signal = exit_signal;
    stat.utime_ticks = ticks;
    return stat;
  };
  const int orphan = detail::orphan_exit_status << 8;
  CHECK(detail::is_old_clone(ended(orphan), 0, 0));
  CHECK(detail::is_old_clone(ended(SIGKILL), 1000, 0));
  CHECK_FALSE(detail::is_old_clone(ended(SIGKILL), 0, 0));
  CHECK_FALSE(detail::is_old_clone(ended(SIGKILL), 1000, 1000));  // its parent has the mark
  CHECK_FALSE(detail::is_old_clone(ended(SIGTERM), 1000, 0));
  CHECK_FALSE(detail::is_old_clone(ended(0), 1000, 0));
  CHECK_FALSE(detail::is_old_clone(ended(orphan, SIGCHLD), 0, 0));
  CHECK_FALSE(detail::is_old_clone(ended(orphan, 0, 1), 0, 0));
  auto lives = ended(orphan);
  lives.state = 'S';
  CHECK_FALSE(detail::is_old_clone(lives, 1000, 0));
}

TEST_CASE("a call that was interrupted is made again from the frame") {
  user_regs_struct registers{};
  registers.orig_rax = SYS_futex;
  registers.rip = 0x1000;
  for (const std::int64_t anew : {-512, -513, -514}) {
    registers.rax = static_cast<std::uint64_t>(anew);
    const auto after = detail::with_call_restarted(registers);
    CHECK(after.rip == 0xffe);
    CHECK(after.rax == SYS_futex);
  }
  registers.rax = static_cast<std::uint64_t>(-516);
  CHECK(detail::with_call_restarted(registers).rax == SYS_restart_syscall);
  for (const std::int64_t result : {-4, 0, 5}) {
    registers.rax = static_cast<std::uint64_t>(result);
    CHECK(detail::with_call_restarted(registers).rip == 0x1000);
  }
  registers.rax = static_cast<std::uint64_t>(-512);
  registers.orig_rax = ~std::uint64_t{0};  // in no call
  CHECK(detail::with_call_restarted(registers).rip == 0x1000);
}

TEST_CASE("the frame lies between the red zone and the stack pointer of the call") {
  detail::ThreadState thread;
  thread.xstate.fill(std::byte{0});
  thread.xstate_bytes = 2696;
  thread.registers.rsp = 0x7fff'0000'1238;
  auto frame = std::make_unique<detail::InjectionFrame>();
  REQUIRE(frame->build(thread, {.call_and_return = 0x1000, .signal_return = 0x2000}));
  CHECK(frame->address() + frame->bytes().size() <= thread.registers.rsp - 128);
  CHECK(frame->address() % 16 == 0);
  CHECK(frame->child_stack() > frame->address());
  std::uint64_t word = 0;
  std::memcpy(&word, frame->bytes().data(), sizeof word);
  CHECK(word == 0x2000);
  std::memcpy(&word, frame->bytes().data() + (frame->child_stack() - frame->address()), sizeof word);
  CHECK(word == 0x2000);
  thread.xstate_bytes = 512;  // no header
  CHECK_FALSE(frame->build(thread, {.call_and_return = 0x1000, .signal_return = 0x2000}));
  thread.xstate_bytes = 2696;
  thread.xstate[512 + 7] = std::byte{0x40};  // a component that no processor has
  CHECK_FALSE(frame->build(thread, {.call_and_return = 0x1000, .signal_return = 0x2000}));
  thread.xstate[512 + 7] = std::byte{0};
  thread.registers.rsp = 100;
  CHECK_FALSE(frame->build(thread, {.call_and_return = 0x1000, .signal_return = 0x2000}));
}

TEST_CASE("code is found by its bytes") {
  std::vector<std::byte> code(4096, std::byte{0x90});
  const auto put = [&](std::size_t at, const auto& piece) {
    std::memcpy(code.data() + at, piece.data(), piece.size());
  };
  detail::InjectionSites sites;
  detail::search_code(code, 0x10'0000, sites);
  CHECK(sites.call_and_return == 0);
  CHECK(sites.signal_return == 0);
  put(100, detail::short_signal_return_code);
  put(4093, detail::call_and_return_code);
  detail::search_code(code, 0x10'0000, sites);
  CHECK(sites.call_and_return == 0x10'0000 + 4093);
  CHECK(sites.signal_return == 0x10'0000 + 100);
  CHECK(sites.after_signal_return == 0x10'0000 + 107);
}

TEST_CASE("a stack of one's own") {
  const detail::FreezePlan plan{
      .sites = {}, .stacks = {{.start = 0x1000, .end = 0x9000}, {.start = 0x10000, .end = 0x20000, .is_main = true}}};
  CHECK(plan.is_own_stack(0x8000, 0x8f00, 0x2000));
  CHECK_FALSE(plan.is_own_stack(0x8000, 0x9f00, 0x2000));  // its control block is elsewhere
  CHECK_FALSE(plan.is_own_stack(0x8000, 0x7000, 0x2000));
  CHECK_FALSE(plan.is_own_stack(0x2000, 0x8f00, 0x2000));  // no room
  CHECK_FALSE(plan.is_own_stack(0x9000, 0x9f00, 0x2000));
  CHECK_FALSE(plan.is_own_stack(0x500, 0x8f00, 0x10));
  CHECK(plan.is_own_stack(0x10800, 0, 0x2000));  // the kernel makes it longer
}
