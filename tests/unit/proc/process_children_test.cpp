#include <algorithm>
#include <future>
#include <memory>
#include <thread>

#include "support.hpp"
#include "tidemark/proc/process_files.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;
using test::must;
using test::Tree;
using test::WaitingChild;

namespace {

using Pids = std::vector<base::Pid>;

Pids children_of(ProcessFiles& process) {
  Pids children;
  const auto listed = process.children(children);
  if (!listed) FAIL(base::describe(listed.error()));
  std::sort(children.begin(), children.end());
  return children;
}

Pids sorted(Pids pids) {
  std::sort(pids.begin(), pids.end());
  return pids;
}

/// A process of two threads in a directory of ours.
struct FakeFamily {
  FakeFamily() {
    tree.write("6516/stat", fixture("stat"));
    tree.write("6516/status", fixture("status"));
    tree.write("6516/task/6516/children", "");
  }
  [[nodiscard]] ProcessFiles open() const { return must(ProcessFiles::open(must(ProcRoot::open(tree.path())), 6516)); }

  Tree tree;
};

}  // namespace

TEST_CASE("children: they come and go") {
  auto self = must(ProcessFiles::open(must(ProcRoot::open()), ::getpid()));
  CHECK(children_of(self).empty());
  const WaitingChild first;
  CHECK(children_of(self) == Pids{first.pid()});
  {
    const WaitingChild second;
    CHECK(children_of(self) == sorted({first.pid(), second.pid()}));
  }
  CHECK(children_of(self) == Pids{first.pid()});
}

TEST_CASE("children: those of another thread are found, also after the thread has ended") {
  auto self = must(ProcessFiles::open(must(ProcRoot::open()), ::getpid()));
  std::promise<pid_t> born;
  std::promise<void> may_end;
  std::unique_ptr<WaitingChild> child;
  std::thread parent([&] {
    child = std::make_unique<WaitingChild>();
    born.set_value(child->pid());
    may_end.get_future().wait();
  });
  const pid_t pid = born.get_future().get();
  const WaitingChild own;
  CHECK(must(self.thread_ids()).size() == 2);
  for (int again = 0; again < 2; ++again) CHECK(children_of(self) == sorted({pid, own.pid()}));
  may_end.set_value();
  parent.join();
  CHECK(children_of(self) == sorted({pid, own.pid()}));
  child.reset();
  CHECK(children_of(self) == Pids{own.pid()});
}

TEST_CASE("children: a list longer than one reading is put together at the seams") {
  const FakeFamily family;
  std::string text;
  Pids expected;
  for (base::Pid pid = 9'000; pid < 12'000; ++pid) {
    text += std::to_string(pid) + " ";
    expected.push_back(pid);
  }
  family.tree.write("6516/task/6516/children", text);
  auto process = family.open();
  CHECK(children_of(process) == expected);
}

TEST_CASE("children: threads that appear, end, and come again under the same number") {
  const FakeFamily family;
  auto process = family.open();
  family.tree.write("6516/task/6516/children", "10 ");
  family.tree.write("6516/task/6600/children", "11 ");
  CHECK(children_of(process) == Pids{10, 11});
  family.tree.write("6516/task/6600/children", "11 12 ");
  CHECK(children_of(process) == Pids{10, 11, 12});

  // Another directory takes the place: a kept descriptor would go on telling the old list.
  family.tree.write("new/children", "13 ");
  const std::filesystem::path tasks = std::filesystem::path(family.tree.path()) / "6516/task";
  std::filesystem::rename(tasks / "6600", std::filesystem::path(family.tree.path()) / "old");
  std::filesystem::rename(std::filesystem::path(family.tree.path()) / "new", tasks / "6600");
  CHECK(children_of(process) == Pids{10, 13});

  family.tree.remove("6516/task/6600");
  CHECK(children_of(process) == Pids{10});
  family.tree.make_directory("6516/task/6601");  // listed, and ended before its file was opened
  CHECK(children_of(process) == Pids{10});
}

TEST_CASE("children: nonsense is malformed and names its file") {
  const FakeFamily family;
  auto process = family.open();
  for (const char* text : {"x ", "12", "0 ", "-4 ", "2147483648 ", "99999999999999999999999 ", "1,2 "}) {
    CAPTURE(text);
    family.tree.write("6516/task/6516/children", text);
    Pids children;
    const auto listed = process.children(children);
    REQUIRE_FALSE(listed);
    CHECK(listed.error().code == base::ErrorCode::malformed);
    CHECK(listed.error().path == family.tree.path() + "/6516/task/6516/children");
  }
}

TEST_CASE("inner ids: in one namespace they are the ids we see") {
  auto self = must(ProcessFiles::open(must(ProcRoot::open()), ::getpid()));
  CHECK(must(self.status()).inner_pid == must(inner_pid(self)));
  CHECK(must(inner_thread_ids(self)) == Pids{::gettid()});
}

TEST_CASE("inner ids: in a namespace of its own they are the last of NSpid") {
  const FakeFamily family;
  const auto with_inner = [](int inner) {
    std::string text = fixture("status");
    return text.replace(text.find("NSpid:\t6516"), 11, "NSpid:\t6516\t" + std::to_string(inner));
  };
  family.tree.write("6516/status", with_inner(1));
  family.tree.write("6516/task/6516/status", with_inner(1));
  family.tree.write("6516/task/6600/status", with_inner(7));
  family.tree.make_directory("6516/task/6601");  // ended meanwhile
  auto process = family.open();
  CHECK(must(inner_pid(process)) == 1);
  CHECK(sorted(must(inner_thread_ids(process))) == Pids{1, 7});
}

TEST_CASE("inner ids: a kernel without NSpid is unsupported") {
  const FakeFamily family;
  std::string text = fixture("status");
  family.tree.write("6516/status", text.erase(text.find("NSpid:"), 12));
  auto process = family.open();
  const auto ids = inner_thread_ids(process);
  REQUIRE_FALSE(ids);
  CHECK(ids.error().code == base::ErrorCode::unsupported);
}
