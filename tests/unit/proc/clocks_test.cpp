#include "tidemark/proc/clocks.hpp"

#include <poll.h>

#include <ctime>

#include "support.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/proc/own_process.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::must;
using test::WaitingChild;

namespace {

std::int64_t own_cpu_ns() {
  timespec now{};
  REQUIRE(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  return now.tv_sec * base::ns_per_second + now.tv_nsec;
}

bool is_readable(const base::Fd& fd) {
  pollfd wait{.fd = fd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, 0) == 1;
}

}  // namespace

TEST_CASE("clocks: the CPU clock of a process is its own CPU clock") {
  const std::int64_t before = own_cpu_ns();
  const std::int64_t seen = must(process_cpu_ns(::getpid()));
  CHECK(before <= seen);
  CHECK(seen <= own_cpu_ns());
}

TEST_CASE("clocks: a child's time is not ours; a zombie's is still there; then it is gone") {
  WaitingChild child;
  CHECK(must(process_cpu_ns(child.pid())) >= 0);
  child.become_zombie();
  CHECK(must(process_cpu_ns(child.pid())) > 0);
  child.end();
  const auto gone = process_cpu_ns(child.pid());
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == base::ErrorCode::gone);
  CHECK(gone.error().doing.find(std::to_string(child.pid())) != std::string::npos);
}

TEST_CASE("clocks: a pidfd is readable when the process has ended, not before") {
  WaitingChild child;
  const auto pidfd = must(open_pidfd(child.pid()));
  CHECK_FALSE(is_readable(pidfd));
  child.become_zombie();
  CHECK(is_readable(pidfd));
  child.end();
  const auto gone = open_pidfd(child.pid());
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == base::ErrorCode::gone);
}

TEST_CASE("own process: what we cost") {
  const std::int64_t before = own_cpu_ns();
  const auto usage = own_usage();
  CHECK(usage.cpu_ns >= before);
  CHECK(usage.cpu_ns <= own_cpu_ns());
  REQUIRE(usage.rss.has_value());
  CHECK(*usage.rss <= usage.peak_rss);
  CHECK(*usage.rss > 0);
}

TEST_CASE("own process: the OOM score is set and read back") {
  // In a child: raising it cannot always be undone.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const bool set = set_own_oom_score_adj(1000).has_value();
    ::_exit(set && own_oom_score_adj().value_or(0) == 1000 ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  for (const int beyond : {-1001, 1001}) {
    const auto refused = set_own_oom_score_adj(beyond);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::ErrorCode::usage);
  }
}
