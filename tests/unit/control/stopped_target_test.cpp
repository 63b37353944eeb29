#include "tidemark/control/stopped_target.hpp"

#include <sys/ptrace.h>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;
using base::ErrorCode;

namespace {

std::uint64_t read_number(const memory::MemorySource& memory, const std::atomic<std::uint64_t>& number) {
  return must(memory.read_value<std::uint64_t>({reinterpret_cast<std::uint64_t>(&number)}));
}

}  // namespace

TEST_CASE("a stopped target stands still, and goes on") {
  Target target(beat);
  auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
  const auto states = target.states();
  REQUIRE(states.size() == 1);
  CHECK(states[0].state == 't');
  CHECK(states[0].tracer_pid == stopped.tracer_pid());
  const std::uint64_t beats = target.facts().beats;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t before = read_number(stopped.memory(), target.facts().before);
    const std::uint64_t after = read_number(stopped.memory(), target.facts().after);
    CHECK((before == after || before == after + 1));
    CHECK(read_number(stopped.memory(), target.facts().beats) == beats);
  }
  const auto report = must(stopped.resume());
  CHECK(report.released_by == ReleasedBy::request);
  CHECK_FALSE(report.reading_is_void());
  CHECK(report.threads == 1);
  CHECK(report.pause_ns > 0);
  CHECK(report.interrupted.empty());
  CHECK(report.restarted_epoll_waits == 0);
  target.wait_for_beats();
  CHECK(is_untouched(target.states().at(0)));
}

TEST_CASE("we keep our signal mask, our SIGCHLD and our descriptors, and leave no child behind") {
  Target target(beat);
  static std::atomic<int> heard;
  heard = 0;
  struct sigaction count {
  }, before{};
  count.sa_handler = [](int) { ++heard; };
  ::sigaction(SIGCHLD, &count, &before);
  sigset_t usr2, old, after;
  ::sigemptyset(&usr2);
  ::sigaddset(&usr2, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &usr2, &old);
  const int first_free = ::dup(0);
  ::close(first_free);
  for (int i = 0; i < 20; ++i) {
    auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
    if (i % 2 == 0) CHECK(must(stopped.resume()).released_by == ReleasedBy::request);
  }
  ::sigprocmask(SIG_SETMASK, &old, &after);
  ::sigaction(SIGCHLD, &before, nullptr);
  CHECK(::sigismember(&after, SIGUSR2) == 1);
  CHECK(::sigismember(&after, SIGUSR1) == ::sigismember(&old, SIGUSR1));
  CHECK(heard == 0);
  const int still_free = ::dup(0);
  ::close(still_free);
  CHECK(still_free == first_free);
  siginfo_t said{};
  CHECK(::waitid(P_ALL, 0, &said, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0);
  CHECK(said.si_pid == 0);
  target.wait_for_beats();
}

TEST_CASE("a second resume is refused; destruction resumes") {
  Target target(beat);
  {
    auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
    auto moved = std::move(stopped);
    CHECK(must(moved.resume()).released_by == ReleasedBy::request);
    const auto again = moved.resume();
    REQUIRE_FALSE(again);
    CHECK(again.error().code == ErrorCode::usage);
  }
  { auto dropped = must(StoppedTarget::stop(proc_root(), target.pid())); }
  target.wait_for_beats();
  CHECK(is_untouched(target.states().at(0)));
}

TEST_CASE("the longest pause ends a stop that nobody ends") {
  Target target(beat);
  target.wait_for_beats();
  target.facts().largest_gap_ns = 0;
  constexpr std::int64_t max_pause_ns = 50 * base::ns_per_ms;
  auto stopped = must(StoppedTarget::stop(proc_root(), target.pid(), {.max_pause_ns = max_pause_ns}));
  target.wait_for_beats();  // we are the slow reader
  const auto report = must(stopped.resume());
  CHECK(report.released_by == ReleasedBy::max_pause);
  CHECK(report.reading_is_void());
  CHECK(report.pause_ns >= max_pause_ns);
  CHECK(target.facts().largest_gap_ns >= max_pause_ns - base::ns_per_ms);  // its clock was read before the stop
  MESSAGE("max_pause 50 ms: pause ", as_ms(report.pause_ns), " ms, the target's largest gap ",
          as_ms(target.facts().largest_gap_ns), " ms");
}

TEST_CASE("a tracer that is killed, or stopped for ever, lets the target go") {
  for (const int signal : {SIGKILL, SIGSTOP}) {
    CAPTURE(signal);
    Target target(beat);
    auto stopped = must(StoppedTarget::stop(proc_root(), target.pid(), {.max_pause_ns = 20 * base::ns_per_ms}));
    REQUIRE(::kill(stopped.tracer_pid(), signal) == 0);
    target.wait_for_beats();
    const auto report = must(stopped.resume());
    CHECK(report.released_by == ReleasedBy::tracer_death);
    CHECK(report.reading_is_void());
    CHECK(report.pause_ns > 0);
    CHECK(is_untouched(target.states().at(0)));
  }
}

TEST_CASE("^Z and ^C of our process group do not reach the tracer") {
  Target target(beat);
  auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
  CHECK(::getpgid(stopped.tracer_pid()) != ::getpgid(0));
  CHECK(::getsid(stopped.tracer_pid()) != ::getsid(0));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP}) ::kill(stopped.tracer_pid(), signal);
  CHECK(must(stopped.resume()).released_by == ReleasedBy::request);
}

TEST_CASE("options out of bounds, and ourselves") {
  Target target(beat);
  for (const StopOptions& options : {StopOptions{.max_pause_ns = 0}, StopOptions{.max_pause_ns = max_max_pause_ns + 1},
                                     StopOptions{.max_settle_ns = 0}}) {
    const auto refused = StoppedTarget::stop(proc_root(), target.pid(), options);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::usage);
  }
  const auto ourselves = StoppedTarget::stop(proc_root(), ::getpid());
  REQUIRE_FALSE(ourselves);
  CHECK(ourselves.error().code == ErrorCode::usage);
}

TEST_CASE("nobody, a zombie and a kernel thread") {
  const auto nobody = StoppedTarget::stop(proc_root(), 0x7ffffff0);
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code == ErrorCode::gone);

  Target ended([](Facts& facts) { facts.ready = true; });
  siginfo_t said{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(ended.pid()), &said, WEXITED | WNOWAIT) == 0);
  const auto zombie = StoppedTarget::stop(proc_root(), ended.pid());
  REQUIRE_FALSE(zombie);
  CHECK(zombie.error().code == ErrorCode::gone);

  constexpr base::Pid kthreadd = 2;
  const auto files = proc::ProcessFiles::open(proc_root(), kthreadd);
  if (!files || files->comm().value_or("") != "kthreadd") return;  // in a container
  const auto kernel = StoppedTarget::stop(proc_root(), kthreadd);
  REQUIRE_FALSE(kernel);
  CHECK(kernel.error().code == ErrorCode::unsupported);
}

TEST_CASE("somebody else's target is left alone, and the error names him") {
  Target target(beat);
  auto stopped = must(StoppedTarget::stop(proc_root(), target.pid()));
  const auto second = StoppedTarget::stop(proc_root(), target.pid());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::busy);
  CHECK(second.error().detail == "traced by " + std::to_string(stopped.tracer_pid()) + " (tidemark-tracer)");
  CHECK(must(stopped.resume()).released_by == ReleasedBy::request);
}

TEST_CASE("another user's target is a matter of permission") {
  if (::geteuid() != 0) return;  // only root can become another
  Target target(beat);
  const base::Pid reader = ::fork();
  REQUIRE(reader >= 0);
  if (reader == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
    const auto refused = StoppedTarget::stop(proc_root(), target.pid());
    ::_exit(!refused && refused.error().code == ErrorCode::permission ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(reader, &status, 0) == reader);
  CHECK(status == 0);
  target.wait_for_beats();
}
