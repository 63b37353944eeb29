// A target as it was at one instant, read while it runs on.
#include "tidemark/control/frozen_target.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "lively_target.hpp"
#include "support.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;
using base::ErrorCode;

namespace {

constexpr std::size_t many_words = 4 << 20;  // 32 MiB
std::uint64_t* words = nullptr;              // where a target's child finds them, too: made before the fork

/// Writes the number of the round to each word, again and again.
void overwrite(Facts& facts) {
  for (std::uint64_t round = 1;; ++round) {
    for (std::size_t i = 0; i < many_words; ++i) words[i] = round;
    facts.beats = round;
    facts.ready = true;
  }
}

/// Maps `words` for a target that is forked within the scope; ours are never touched.
struct Words {
  Words() {
    void* const at =
        ::mmap(nullptr, many_words * sizeof *words, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(at != MAP_FAILED);
    words = static_cast<std::uint64_t*>(at);
  }
  ~Words() { ::munmap(words, many_words * sizeof *words); }
};

std::vector<std::uint64_t> read_words(const memory::MemorySource& memory) {
  std::vector<std::uint64_t> out(many_words);
  must(memory.read(base::Address{reinterpret_cast<std::uint64_t>(words)}, std::as_writable_bytes(std::span(out))));
  return out;
}

/// Counts SIGCHLD, and waits for a child of any kind that it does not have.
void wait_for_children(Facts& facts) {
  facts_of_target = &facts;
  struct sigaction action {};
  action.sa_handler = [](int) { ++facts_of_target->signals; };
  ::sigaction(SIGCHLD, &action, nullptr);
  while (true) {
    if (::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD) ++facts.early_returns;
    ++facts.beats;
    facts.ready = true;
    ::usleep(100);
  }
}

void stand_many(Facts& facts) {
  constexpr int many = 200;
  for (int i = 0; i < many; ++i) {
    pthread_t thread{};
    ::pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          while (true) ::pause();
        },
        nullptr);
  }
  beat(facts);
}

}  // namespace

TEST_CASE("the clone has what the target had at one instant, and keeps it") {
  const Words mapped;
  Target target(overwrite);
  for (int i = 0; i < 5; ++i) {
    auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
    const auto first = read_words(frozen.memory());
    target.wait_for_beats(2);  // all of them overwritten
    const auto second = read_words(frozen.memory());
    CHECK(first == second);
    // One instant: the words before some place have a round's number, the others the one before.
    const auto border = std::ranges::find_if(first, [&](std::uint64_t word) { return word != first.front(); });
    CHECK(std::all_of(border, first.end(), [&](std::uint64_t word) { return word == first.front() - 1; }));
    const auto report = must(frozen.release());
    CHECK(report.reaped);
    CHECK(report.threads == 1);
    CHECK(report.minor_faults > 0);
    CHECK(report.pause_ns > 0);
    CHECK(report.reap_pause_ns > 0);
    CHECK(child_states(target).empty());
    const auto again = frozen.release();
    REQUIRE_FALSE(again);
    CHECK(again.error().code == ErrorCode::usage);
  }
}

TEST_CASE("the target's own waits see no child, no signal comes, no zombie stays") {
  Target target(wait_for_children);
  for (int i = 0; i < 30; ++i) {
    auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
    target.wait_for_beats();
    CHECK(child_states(target) == "t");
    if (i % 2 == 0) continue;  // released by the destructor
    CHECK(must(frozen.release()).reaped);
    CHECK(child_states(target).empty());
  }
  target.wait_for_beats();
  CHECK(child_states(target).empty());
  CHECK(target.facts().signals == 0);
  CHECK(target.facts().early_returns == 0);
  CHECK(children_but(target.pid()).empty());
}

TEST_CASE("a target whose children leave no zombies, and ours neither") {
  Target target([](Facts& facts) {
    ::signal(SIGCHLD, SIG_IGN);
    beat(facts);
  });
  for (int i = 0; i < 10; ++i) {
    auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
    CHECK(must(frozen.release()).reaped);
    CHECK(child_states(target).empty());
  }
}

TEST_CASE("a target's own child without an exit signal is left to it") {
  Target target([](Facts& facts) {
    const auto child = static_cast<base::Pid>(::syscall(SYS_clone, 0UL, 0UL, nullptr, nullptr, 0UL));
    if (child == 0) ::_exit(0);
    facts.ready = true;
    while (!facts.go) ::usleep(100);
    if (::waitpid(child, nullptr, __WALL) == child) beat(facts);
  });
  wait_until([&] { return child_states(target) == "Z"; }, "it is a zombie");
  auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
  const auto report = must(frozen.release());
  CHECK(report.reaped);
  CHECK(report.old_zombies_reaped == 0);
  CHECK(child_states(target) == "Z");
  target.facts().go = true;
  target.wait_for_beats();
}

TEST_CASE("a target whose main thread has ended") {
  Target target([](Facts& facts) {
    facts_of_target = &facts;
    pthread_t thread{};
    ::pthread_create(
        &thread, nullptr, [](void*) -> void* { beat(*facts_of_target); }, nullptr);
    ::syscall(SYS_exit, 0);
  });
  wait_until([&] { return target.states().front().has_ended(); }, "the main thread has ended");
  for (int i = 0; i < 5; ++i) {
    auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
    target.wait_for_beats();
    const auto report = must(frozen.release());
    CHECK(report.reaped);
    CHECK(report.threads == 1);
    CHECK(report.minor_faults > 0);
    CHECK(child_states(target).empty());
  }
}

TEST_CASE("a clone that the kernel refuses") {
  if (::geteuid() != 0) return;  // the target has to become somebody whose processes are counted
  Target target([](Facts& facts) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_NPROC, &none);
    constexpr uid_t nobody = 65'534;
    if (::setresuid(nobody, nobody, nobody) == 0) beat(facts);
  });
  for (int i = 0; i < 10; ++i) {
    const auto frozen = FrozenTarget::freeze(proc_root(), target.pid());
    REQUIRE_FALSE(frozen);
    CHECK(frozen.error().os_errno == EAGAIN);
    CHECK(frozen.error().detail == "clone in the target");
    target.wait_for_beats();
  }
  CHECK(child_states(target).empty());
  for (const auto& state : target.states()) CHECK(is_untouched(state));
}

TEST_CASE("a clone that is not made in time: the target goes on, and the next run clears up") {
  const Words mapped;
  Target target(overwrite);  // some thousand pages of page tables to copy
  int late = 0;
  for (int i = 0; i < 20; ++i) {
    const auto frozen = FrozenTarget::freeze(proc_root(), target.pid(), {.max_pause_ns = base::ns_per_ms});
    if (frozen) continue;
    CHECK(frozen.error().code == ErrorCode::busy);
    ++late;
    target.wait_for_beats(1);
  }
  const auto is_quiet = [&] { return child_states(target).find_first_not_of('Z') == std::string::npos; };
  wait_until(is_quiet, "late clones have ended themselves");
  auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
  CHECK(must(frozen.release()).reaped);
  CHECK(child_states(target).empty());
  MESSAGE(late, " of 20 clones were late");
}

TEST_CASE("a frozen target of many threads") {
  Target target(stand_many);
  auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
  target.wait_for_beats();
  const auto report = must(frozen.release());
  CHECK(report.threads == 201);
  CHECK(report.interrupted.empty());
  CHECK(report.reaped);
  for (const auto& state : target.states()) CHECK(is_untouched(state));
  MESSAGE("201 threads: pause ", as_ms(report.pause_ns), " ms, to reap ", as_ms(report.reap_pause_ns), " ms");
}

TEST_CASE("queued signals that come during freezes are all handled") {
  Target target(live);
  QueuedSignals signals;
  for (int i = 0; i < 100; ++i) {
    for (int k = 0; k < 20; ++k) signals.send(target);
    auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
    for (int k = 0; k < 20; ++k) signals.send(target);
    CHECK(must(frozen.release()).reaped);
  }
  signals.check_all_handled(target);
  check_unharmed(target);
  CHECK(target.facts().early_returns == 0);
}

TEST_CASE("a target that is stopped by SIGSTOP is frozen, and stays stopped") {
  Target target(beat);
  ::kill(target.pid(), SIGSTOP);
  wait_until([&] { return target.states().front().state == 'T'; }, "it has stopped");
  auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
  wait_until([&] { return target.states().front().state == 'T'; }, "it stands again");
  CHECK(must(frozen.release()).reaped);
  wait_until([&] { return target.states().front().state == 'T'; }, "it still stands");
  CHECK(child_states(target).empty());
  ::kill(target.pid(), SIGCONT);
  target.wait_for_beats();
}

TEST_CASE("a target that ends while its clone is read") {
  Target target(beat);
  auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
  ::kill(target.pid(), SIGKILL);
  target.wait_for_end();
  std::byte byte{};
  const base::Address at{reinterpret_cast<std::uint64_t>(&words)};
  CHECK(frozen.memory().read(at, std::span(&byte, 1)));
  const base::Pid clone = frozen.clone_pid();
  CHECK(must(frozen.release()).reaped);
  wait_until([&] { return !proc::ProcessFiles::open(proc_root(), clone); }, "the clone has gone");
}

TEST_CASE("a clone that is killed by somebody else is still waited for") {
  Target target(beat);
  auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
  ::kill(frozen.clone_pid(), SIGKILL);
  std::byte byte{};
  const base::Address at{reinterpret_cast<std::uint64_t>(&words)};
  wait_until([&] { return !frozen.memory().read(at, std::span(&byte, 1)); }, "its memory is gone");
  CHECK(must(frozen.release()).reaped);
  CHECK(child_states(target).empty());
  target.wait_for_beats();
}

TEST_CASE("a frozen target is told from one that cannot be") {
  CHECK(FrozenTarget::freeze(proc_root(), ::getpid()).error().code == ErrorCode::usage);
  Target target(beat);
  CHECK(FrozenTarget::freeze(proc_root(), target.pid(), {.max_pause_ns = 1}).error().code == ErrorCode::usage);
  ::kill(target.pid(), SIGKILL);
  wait_until([&] { return target.states().empty() || target.states().front().state == 'Z'; }, "it has ended");
  CHECK(FrozenTarget::freeze(proc_root(), target.pid()).error().code == ErrorCode::gone);
}
