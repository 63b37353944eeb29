// Targets under real seccomp filters.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <vector>

#include "lively_target.hpp"
#include "support.hpp"
#include "tidemark/control/frozen_target.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;
using base::ErrorCode;

namespace {

constexpr sock_filter statement(int code, std::uint32_t k) { return {static_cast<__u16>(code), 0, 0, k}; }

/// This call fails with EPERM, all others are made.
bool forbid(int number) {
  std::vector<sock_filter> steps{
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(number)},
      statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

template <int... numbers>
void beat_under_filters(Facts& facts) {
  if ((forbid(numbers) && ...)) beat(facts);
  ::_exit(3);
}

/// The main thread has no filter.
void one_thread_filtered(Facts& facts) {
  facts_of_target = &facts;
  pthread_t thread{};
  ::pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        if (forbid(SYS_wait4)) facts_of_target->go = true;
        while (true) ::pause();
      },
      nullptr);
  while (!facts.go) ::usleep(100);
  beat(facts);
}

void strict(Facts& facts) {
  ::syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, nullptr);
  facts.ready = true;
  while (true) ++facts.beats;
}

std::string refusal_of(const Target& target) {
  const auto frozen = FrozenTarget::freeze(proc_root(), target.pid());
  REQUIRE_FALSE(frozen);
  CHECK(frozen.error().code == ErrorCode::unsupported);
  target.wait_for_beats();
  for (const auto& state : target.states()) CHECK(is_untouched(state));
  CHECK(child_states(target).empty());
  return frozen.error().detail;
}

}  // namespace

TEST_CASE("a target whose filters allow the calls is frozen") {
  Target target(beat_under_filters<SYS_ptrace, SYS_mount, SYS_reboot>);
  for (int i = 0; i < 10; ++i) {
    auto frozen = must(FrozenTarget::freeze(proc_root(), target.pid()));
    CHECK(must(frozen.release()).reaped);
  }
  target.wait_for_beats();
  CHECK(child_states(target).empty());
}

TEST_CASE("a target with a filter that denies one of the calls is not touched") {
  const auto denies = [](const Target& target, const char* call) {
    return refusal_of(target).find(std::string("does not allow ") + call) != std::string::npos;
  };
  CHECK(denies(Target(beat_under_filters<SYS_mount, SYS_clone>), "clone"));
  CHECK(denies(Target(beat_under_filters<SYS_wait4, SYS_mount>), "wait4"));
  CHECK(denies(Target(beat_under_filters<SYS_rt_sigreturn>), "rt_sigreturn"));
  CHECK(denies(Target(beat_under_filters<SYS_exit_group>), "exit_group"));
  CHECK(denies(Target(one_thread_filtered), "wait4"));
}

TEST_CASE("a target in strict mode is refused") {
  CHECK(refusal_of(Target(strict)).find("strict") != std::string::npos);
}

TEST_CASE("filters that we may not read are not guessed at") {
  Target target(beat_under_filters<SYS_mount>);
  // Who has a filter himself may not read one (kernel/seccomp.c, get_nth_filter).
  const base::Pid filtered = ::fork();
  REQUIRE(filtered >= 0);
  if (filtered == 0) {
    if (!forbid(SYS_mount)) ::_exit(1);
    const auto frozen = FrozenTarget::freeze(proc_root(), target.pid());
    if (frozen) ::_exit(2);
    const bool clear = frozen.error().code == ErrorCode::unsupported &&
                       frozen.error().detail.find("cannot be read") != std::string::npos &&
                       frozen.error().os_errno == EACCES;
    ::_exit(clear ? 0 : 3);
  }
  int status = 0;
  REQUIRE(::waitpid(filtered, &status, 0) == filtered);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  target.wait_for_beats();
}
