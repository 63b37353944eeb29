#include "tidemark/collect/fork_counter.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

using namespace tidemark;
using collect::ProcessEvent;

namespace {

ProcessEvent forked(base::Pid parent, base::Pid child) { return {ProcessEvent::Kind::forked, child, parent}; }
ProcessEvent exited(base::Pid process) { return {ProcessEvent::Kind::exited, process, 0}; }

}  // namespace

TEST_CASE("only processes of the tree that no tick saw are counted") {
  collect::ShortLivedBooks books;
  const auto is_tracked = [](base::Pid pid) { return pid == 100; };
  books.apply(forked(100, 101), is_tracked);  // lives on and is seen
  books.seen(101);
  books.apply(exited(101), is_tracked);
  books.apply(forked(100, 102), is_tracked);  // comes and goes
  books.apply(exited(102), is_tracked);
  books.apply(forked(100, 103), is_tracked);  // comes, forks a grandchild, both go
  books.apply(forked(103, 104), is_tracked);
  books.apply(exited(103), is_tracked);
  books.apply(exited(104), is_tracked);
  books.apply(forked(7, 8), is_tracked);  // somebody else's
  books.apply(exited(8), is_tracked);
  books.apply(exited(100), is_tracked);
  CHECK(books.count() == 3);
}

TEST_CASE("cut or foreign datagrams are no events") {
  std::vector<std::byte> bytes(200, std::byte{0xFF});
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CHECK(collect::decode_process_event(std::span(bytes).first(size)).kind == ProcessEvent::Kind::other);
  }
}

TEST_CASE("the kernel's own events: 23 children of this process that came and went") {
  auto counter = collect::ForkCounter::open();
  if (!counter.is_listening()) {
    MESSAGE("not root in the first pid namespace: ", counter.note());
    counter.glimpsed();
    CHECK(counter.count() == 1);
    CHECK(counter.note().starts_with("a lower bound"));
    return;
  }
  const base::Pid self = ::getpid();
  for (int i = 0; i < 23; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
  }
  counter.drain([self](base::Pid pid) { return pid == self; });
  CHECK(counter.count() == 23);
  CHECK(counter.note().empty());
}
