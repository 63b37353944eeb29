// A parent that waits in vfork is in uninterruptible sleep: it stops only when its child has gone on.
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "detail/tracer_process.hpp"
#include "support.hpp"
#include "tidemark/control/frozen_target.hpp"

using namespace tidemark;
using namespace tidemark::control;
using namespace tidemark::control::test;
using base::ErrorCode;

namespace {

Facts* facts_of_thread = nullptr;

/// A thread beats; the main thread vforks a child that waits for the test.
void wait_in_vfork(Facts& facts) {
  facts_of_thread = &facts;
  pthread_t thread{};
  ::pthread_create(
      &thread, nullptr, [](void*) -> void* { beat(*facts_of_thread); }, nullptr);
  const base::Pid child = ::vfork();
  if (child == 0) {
    while (!facts.go.load()) ::usleep(1000);
    ::_exit(0);
  }
  while (true) ::pause();
}

char main_state(const Target& target) {
  const auto files = must(proc::ProcessFiles::open(proc_root(), target.pid()));
  return must(proc::read_trace_state(files, target.pid())).state;
}

}  // namespace

TEST_CASE("a thread in uninterruptible sleep is seen first; the target is not touched") {
  Target target(wait_in_vfork);
  wait_until([&] { return main_state(target) == 'D'; }, "the parent waits in vfork");
  const auto refused = StoppedTarget::stop(proc_root(), target.pid(), {.max_settle_ns = 20 * base::ns_per_ms});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::busy);
  CHECK(refused.error().detail == "thread " + std::to_string(target.pid()) + " is in uninterruptible sleep (vfork)");
  const auto not_frozen = FrozenTarget::freeze(proc_root(), target.pid(), {.max_settle_ns = 20 * base::ns_per_ms});
  REQUIRE_FALSE(not_frozen);
  CHECK(not_frozen.error().code == ErrorCode::busy);
  CHECK(not_frozen.error().detail == refused.error().detail);
  target.wait_for_beats();
  target.facts().go = true;
  auto stopped = must(StoppedTarget::stop(proc_root(), target.pid(), {.max_settle_ns = 20 * base::ns_per_second}));
  CHECK(must(stopped.resume()).threads == 2);
}

TEST_CASE("one that is not seen first is let go by the end of the tracer") {
  Target target(wait_in_vfork);
  wait_until([&] { return main_state(target) == 'D'; }, "the parent waits in vfork");
  auto files = must(proc::ProcessFiles::open(proc_root(), target.pid()));
  const auto tasks = must(base::open_at(files.dir_fd(), "task", O_RDONLY | O_DIRECTORY, "open"));
  auto tracer = must(detail::TracerProcess::start(target.pid(), tasks, {.max_settle_ns = 20 * base::ns_per_ms}));
  const auto said = tracer.hear();
  REQUIRE(said.has_value());
  CHECK(said->kind == detail::MessageKind::failed);
  CHECK(said->failure == detail::TracerFailure::not_stopped);
  CHECK(said->tid == target.pid());
  tracer.end();
  target.wait_for_beats();
  for (const auto& thread : target.states()) CHECK(is_untouched(thread));
  target.facts().go = true;
  wait_until([&] { return main_state(target) == 'S'; }, "vfork returns");
}
