// The collector on real processes that this test forks.
#include "tidemark/collect/collector.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::collect::test;
using collect::Collector;

namespace {

std::unique_ptr<Collector> open_collector(std::vector<base::Pid> targets, collect::CollectOptions options = {}) {
  options.python = false;
  auto opened = Collector::open(options, system_clock, targets);
  REQUIRE(std::holds_alternative<std::unique_ptr<Collector>>(opened));
  return std::move(std::get<std::unique_ptr<Collector>>(opened));
}

std::vector<base::Pid> pids(const collect::Batch& batch) {
  std::vector<base::Pid> found;
  for (const auto& sample : batch.tick.samples) found.push_back(sample.process->identity.pid);
  return found;
}

}  // namespace

TEST_CASE("a pid that does not exist is a target failure that names it") {
  pid_t gone = 0;
  {
    Forked brief;
    gone = brief.pid();
  }
  const auto opened = Collector::open({}, system_clock, {gone});
  REQUIRE(std::holds_alternative<collect::TargetFailure>(opened));
  CHECK(std::get<collect::TargetFailure>(opened).pid == gone);
  CHECK(std::get<collect::TargetFailure>(opened).error.code == base::ErrorCode::gone);

  Forked here;
  const auto skipping =
      Collector::open({.python = false, .skip_gone = true, .smaps = {}}, system_clock, {gone, here.pid()});
  CHECK(std::holds_alternative<std::unique_ptr<Collector>>(skipping));

  const auto empty = Collector::open({.python = false, .may_be_gone = true, .smaps = {}}, system_clock, {gone});
  REQUIRE(std::holds_alternative<std::unique_ptr<Collector>>(empty));
  const auto& collector = std::get<std::unique_ptr<Collector>>(empty);
  CHECK(collector->collect(1, 10, "").tick.samples.empty());
  CHECK(collector->totals().processes == 0);
  CHECK(collector->totals().short_lived == 1);
}

TEST_CASE("the tree: children of children, those that come later, the same pid named twice") {
  Forked* inner = nullptr;
  std::array<int, 2> told{};
  REQUIRE(::pipe(told.data()) == 0);
  Forked outer([&] {
    inner = new Forked;
    const pid_t pid = inner->pid();
    [[maybe_unused]] const ssize_t put = ::write(told[1], &pid, sizeof pid);
  });
  pid_t inner_pid = 0;
  REQUIRE(::read(told[0], &inner_pid, sizeof inner_pid) == static_cast<ssize_t>(sizeof inner_pid));

  auto collector = open_collector({outer.pid(), outer.pid()});
  auto first = collector->collect(1, 10, "warm-up");
  CHECK(pids(first) == std::vector<base::Pid>{outer.pid(), inner_pid});
  CHECK(all<model::ProcessStart>(first).size() == 2);
  CHECK(first.tick.phase == "warm-up");
  CHECK(first.tick.samples[0].proc.cpu_percent.has_value());
  CHECK(first.tick.samples[1].proc.ppid == outer.pid());
  CHECK(first.tick.system_available.value_or(0) > 0);

  const auto alone = open_collector({outer.pid()}, {.children = false, .smaps = {}});
  CHECK(pids(alone->collect(1, 10, "")) == std::vector<base::Pid>{outer.pid()});

  SUBCASE("one that is reparented stays, and ends with its last values") {
    outer.end();  // PR_SET_PDEATHSIG ends the inner one with it; until then it was reparented
    collect::Batch last;
    do {
      last = collector->collect(2, 20, "");
    } while (!collector->everything_gone());
    std::vector<base::Pid> ended;
    for (const auto* exit : all<model::ProcessExit>(last)) ended.push_back(exit->last->process->identity.pid);
    CHECK(std::count(ended.begin(), ended.end(), inner_pid) == 1);
    CHECK(all<model::ProcessExit>(last).back()->last->proc.rss.value_or(0) > 0);
    CHECK(collector->totals().processes == 2);
  }
}

TEST_CASE("a zombie has ended: an exit event with the last values, no row") {
  Forked target;
  auto collector = open_collector({target.pid()});
  const auto before = collector->collect(1, 10, "");
  REQUIRE(before.tick.samples.size() == 1);
  target.kill_only();
  wait_until_zombie(target.pid());
  const auto after = collector->collect(2, 20, "");
  CHECK(after.tick.samples.empty());
  REQUIRE(all<model::ProcessExit>(after).size() == 1);
  CHECK(all<model::ProcessExit>(after)[0]->last->proc.rss == before.tick.samples[0].proc.rss);
  CHECK(all<model::ProcessExit>(after)[0]->last_seen_elapsed_ns == 10);
  CHECK(collector->everything_gone());
  CHECK(all<model::ProcessExit>(collector->collect(3, 30, "")).empty());  // said once
}

TEST_CASE("an exit that no tick will see is in the last events, with the wait status of a COMMAND") {
  Forked target;
  auto collector = open_collector({target.pid()});
  (void)collector->collect(1, 10, "");
  target.kill_only();
  wait_until_zombie(target.pid());
  collector->set_wait_status(target.pid(), SIGKILL);
  collector->look_for_exits();
  CHECK(collector->everything_gone());
  const auto events = collector->last_events(2, 20);
  REQUIRE(events.size() == 1);
  CHECK(std::get<model::ProcessExit>(events[0].what).wait_status == SIGKILL);
}

TEST_CASE("the exit of a COMMAND waits until it is reaped") {
  Forked target;
  auto collector = open_collector({target.pid()});
  collector->expect_wait_status(target.pid());
  (void)collector->collect(1, 10, "");
  target.kill_only();
  wait_until_zombie(target.pid());
  const auto seen_first = collector->collect(2, 20, "");
  CHECK(seen_first.tick.samples.empty());
  CHECK(all<model::ProcessExit>(seen_first).empty());
  collector->set_wait_status(target.pid(), SIGKILL);
  const auto events = collector->last_events(3, 30);
  REQUIRE(events.size() == 1);
  CHECK(std::get<model::ProcessExit>(events[0].what).wait_status == SIGKILL);
}

TEST_CASE("somebody lives until the last one has ended, and nobody's exit is lost by asking") {
  Forked first, second;
  auto collector = open_collector({first.pid(), second.pid()});
  (void)collector->collect(1, 10, "");
  first.kill_only();
  wait_until_zombie(first.pid());
  collector->look_for_exits();
  CHECK_FALSE(collector->everything_gone());
  second.kill_only();
  wait_until_zombie(second.pid());
  collector->look_for_exits();
  CHECK(collector->everything_gone());
  CHECK(collector->last_events(2, 20).size() == 2);
}

TEST_CASE("what lived only between two ticks is counted, a worker that was seen is not") {
  auto collector = open_collector({::getpid()});
  (void)collector->collect(1, 10, "");
  for (int i = 0; i < 7; ++i) Forked brief;
  Forked worker;
  const auto batch = collector->collect(2, 20, "");
  CHECK(pids(batch) == std::vector<base::Pid>{::getpid(), worker.pid()});
  worker.end();
  (void)collector->collect(3, 30, "");
  const auto totals = collector->totals();
  if (totals.short_lived_note.empty()) {
    CHECK(totals.short_lived == 7);
  } else {
    CHECK(totals.short_lived <= 7);  // a lower bound, and called one
  }
}

TEST_CASE("PSS waits for its share of the time, and comes") {
  Forked target;
  auto collector = open_collector({target.pid()});
  constexpr std::int64_t minute = 60 * base::ns_per_second;
  CHECK_FALSE(collector->collect(1, 0, "").tick.samples[0].proc.pss);  // nothing has passed that could pay for it
  const auto latest = collector->collect(2, minute, "");
  REQUIRE(latest.tick.samples[0].proc.pss);
  CHECK(*latest.tick.samples[0].proc.pss > 0);
  CHECK(latest.tick.samples[0].gaps.empty());
  REQUIRE(all<model::RationRate>(latest).size() == 1);
  CHECK(all<model::RationRate>(latest)[0]->spent_percent < 1.0);

  auto off = open_collector({target.pid()}, {.smaps = {.enabled = false, .interval_ns = {}}});
  (void)off->collect(1, 0, "");
  CHECK_FALSE(off->collect(2, minute, "").tick.samples[0].proc.pss);
}

TEST_CASE("with maps the kinds add up to the row's PSS") {
  Forked target;
  auto collector = open_collector({target.pid()}, {.maps = true, .smaps = {}});
  (void)collector->collect(1, 0, "");
  const auto batch = collector->collect(2, 60 * base::ns_per_second, "");
  REQUIRE(all<model::MapsReading>(batch).size() == 1);
  model::Bytes pss = 0;
  for (const auto& kind : all<model::MapsReading>(batch)[0]->kinds) pss += kind.pss;
  CHECK(pss == batch.tick.samples[0].proc.pss);
}

TEST_CASE("a COMMAND that ended at once: it and its children before are short-lived") {
  auto forks = collect::ForkCounter::open();
  const bool listens = forks.is_listening();
  pid_t command = ::fork();
  REQUIRE(command >= 0);
  if (command == 0) {
    for (int i = 0; i < 3; ++i) {
      const pid_t child = ::fork();
      if (child == 0) ::_exit(0);
      ::waitpid(child, nullptr, 0);
    }
    ::_exit(0);
  }
  wait_until_zombie(command);
  const collect::CollectOptions options{.python = false, .may_be_gone = true, .smaps = {.enabled = false}};
  auto opened = Collector::open(options, system_clock, {command}, std::move(forks));
  REQUIRE(std::holds_alternative<std::unique_ptr<Collector>>(opened));
  auto& collector = *std::get<std::unique_ptr<Collector>>(opened);
  (void)collector.collect(1, 10, "");
  CHECK(collector.totals().short_lived == (listens ? 4 : 1));
  ::waitpid(command, nullptr, 0);
}

TEST_CASE("ledgers of heaps come in turns, at least so far apart, without the lists that grow") {
  Forked target;
  int readings = 0;
  collect::CollectOptions options{.python = false, .smaps = {.enabled = false}};
  options.heap_interval_ns = 30 * base::ns_per_second;
  options.read_heap = [&](const collect::Machine&, proc::ProcessFiles& files, const model::ProcessIdentity& identity) {
    CHECK(files.pid() == target.pid());
    CHECK(identity.pid == target.pid());
    ++readings;
    model::HeapLedger ledger;
    ledger.rss_bytes = 4096;
    ledger.types.resize(3);
    ledger.files.resize(3);
    ledger.arenas.resize(3);
    return base::Result<model::HeapLedger>(std::move(ledger));
  };
  auto collector = open_collector({target.pid()}, options);
  const auto heap_at = [&](std::int64_t second) {
    const auto batch = collector->collect(second, second * base::ns_per_second, "");
    CHECK(batch.tick.samples[0].gaps.empty());
    return batch.tick.samples[0].heap;
  };
  CHECK_FALSE(heap_at(0));  // nothing has passed that could pay for it
  const auto first = heap_at(60);
  REQUIRE(first);
  CHECK(first->rss_bytes == 4096);
  CHECK((first->types.empty() && first->files.empty() && first->arenas.empty()));
  CHECK_FALSE(heap_at(61));
  CHECK_FALSE(heap_at(89));
  CHECK(heap_at(90));
  CHECK(readings == 2);
}

TEST_CASE("a ledger that cannot be read is a gap, said once; the recording goes on") {
  Forked target;
  int readings = 0;
  collect::CollectOptions options{.python = false, .smaps = {.enabled = false}};
  options.heap_interval_ns = base::ns_per_second;
  options.read_heap = [&](const collect::Machine&, proc::ProcessFiles&, const model::ProcessIdentity&) {
    ++readings;
    return base::Result<model::HeapLedger>(
        base::fail({.code = base::ErrorCode::malformed, .doing = "read the ledger", .detail = "no top chunk"}));
  };
  auto collector = open_collector({target.pid()}, options);
  (void)collector->collect(1, 0, "");
  const auto first = collector->collect(2, 60 * base::ns_per_second, "");
  REQUIRE(first.tick.samples.size() == 1);
  CHECK_FALSE(first.tick.samples[0].heap);
  CHECK(first.tick.samples[0].gaps == std::vector<model::Gap>{{model::Source::heap, model::Reason::malformed}});
  CHECK(all<model::SourceError>(first).size() == 1);
  const auto second = collector->collect(3, 120 * base::ns_per_second, "");
  CHECK(second.tick.samples[0].gaps.size() == 1);
  CHECK(all<model::SourceError>(second).empty());
  CHECK(readings == 2);
}
