#include "tidemark/proc/thread_states.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;
using test::must;
using test::Tree;

namespace {

/// A thread of ours that waits, or spins, until it is told to end.
class OwnThread {
 public:
  explicit OwnThread(bool spins) : thread_([this, spins] { live(spins); }) {
    while (tid_ == 0) std::this_thread::yield();
  }
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;
  ~OwnThread() {
    ended_ = true;
    ended_.notify_all();
    thread_.join();
  }
  [[nodiscard]] base::Tid tid() const { return tid_; }

 private:
  void live(bool spins) {
    tid_ = ::gettid();
    if (spins) {
      while (!ended_) continue;
    } else {
      ended_.wait(false);
    }
  }

  std::atomic<base::Tid> tid_ = 0;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

char state_of(const std::vector<ThreadRun>& runs, base::Tid tid) {
  const auto found = std::ranges::find(runs, tid, &ThreadRun::outer);
  return found == runs.end() ? '-' : found->state;
}

/// Until the kernel has put it to sleep.
std::vector<ThreadRun> until_asleep(ThreadStates& states, ProcessFiles& process, base::Tid tid) {
  auto runs = must(states.read(process));
  while (state_of(runs, tid) == 'R') runs = must(states.read(process));
  return runs;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

std::string stat_with_state(char state) { return replaced(fixture("stat"), ") S ", std::string(") ") + state + " "); }

}  // namespace

TEST_CASE("thread states: our own threads, by what they do") {
  auto self = must(ProcessFiles::open(must(ProcRoot::open()), ::getpid()));
  ThreadStates states;
  const OwnThread waiting(false);
  const OwnThread spinning(true);
  for (int i = 0; i < 3; ++i) {  // with fresh and with kept descriptors
    const auto runs = until_asleep(states, self, waiting.tid());
    CHECK(runs.size() == 3);
    CHECK(state_of(runs, waiting.tid()) == 'S');
    CHECK(state_of(runs, spinning.tid()) == 'R');
    CHECK(state_of(runs, ::gettid()) == 'R');
    for (const auto& run : runs) CHECK(run.inner == run.outer);
  }
}

TEST_CASE("thread states: threads that have ended are forgotten") {
  auto self = must(ProcessFiles::open(must(ProcRoot::open()), ::getpid()));
  ThreadStates states;
  for (int i = 0; i < 50; ++i) {
    const OwnThread waiting(false);
    const auto runs = must(states.read(self));
    CHECK(runs.size() == 2);
    CHECK(state_of(runs, waiting.tid()) != '-');
  }
  // A thread that was joined may still be in task/ for a moment.
  while (must(states.read(self)).size() > 1) std::this_thread::yield();
  CHECK(must(states.read(self)) == std::vector<ThreadRun>{{.outer = ::gettid(), .inner = ::gettid(), .state = 'R'}});
}

TEST_CASE("thread states: more threads than descriptors are kept") {
  auto self = must(ProcessFiles::open(must(ProcRoot::open()), ::getpid()));
  ThreadStates states;
  std::vector<std::unique_ptr<OwnThread>> threads;
  for (std::size_t i = 0; i < max_kept_stats + 10; ++i) threads.push_back(std::make_unique<OwnThread>(false));
  for (int i = 0; i < 2; ++i) {
    const auto runs = must(states.read(self));
    for (const auto& thread : threads) CHECK(state_of(runs, thread->tid()) != '-');
  }
}

TEST_CASE("thread states: in a pid namespace of its own, by both numbers") {
  const Tree tree;
  const std::string status = replaced(fixture("status"), "NSpid:\t6516", "NSpid:\t6516\t1");
  tree.write("6516/stat", stat_with_state('S'));
  tree.write("6516/status", status);
  tree.write("6516/task/6516/stat", stat_with_state('R'));
  tree.write("6516/task/6516/status", status);
  tree.write("6516/task/6520/stat", stat_with_state('D'));
  tree.write("6516/task/6520/status", replaced(status, "6516\t1", "6520\t7"));
  tree.make_directory("6516/task/6521");  // has ended
  auto process = must(ProcessFiles::open(must(ProcRoot::open(tree.path())), 6516));
  ThreadStates states;
  auto runs = must(states.read(process));
  std::ranges::sort(runs, {}, &ThreadRun::outer);
  CHECK(runs ==
        std::vector<ThreadRun>{{.outer = 6516, .inner = 1, .state = 'R'}, {.outer = 6520, .inner = 7, .state = 'D'}});
}

TEST_CASE("thread states: without NSpid they are unsupported") {
  const Tree tree;
  tree.write("6516/stat", fixture("stat"));
  tree.write("6516/status", replaced(fixture("status"), "NSpid:\t6516\n", ""));
  auto process = must(ProcessFiles::open(must(ProcRoot::open(tree.path())), 6516));
  ThreadStates states;
  const auto runs = states.read(process);
  REQUIRE_FALSE(runs);
  CHECK(runs.error().code == base::ErrorCode::unsupported);
}
