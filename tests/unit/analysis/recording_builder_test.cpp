#include "tidemark/analysis/recording_builder.hpp"

#include <doctest/doctest.h>

#include "analysis/series_support.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
using namespace tidemark::analysis::test;
using model::RecordedFormat;

namespace {

std::vector<double> in_mb(const Series& series) {
  std::vector<double> values;
  for (const double bytes : series.values) values.push_back(printed_mb(bytes));
  return values;
}

std::vector<double> times(const Series& series) {
  std::vector<double> values;
  for (const auto at : series.elapsed_ns) values.push_back(seconds(at));
  return values;
}

using Values = std::vector<double>;

}  // namespace

TEST_CASE("rows of one elapsed time are a tick; sums are of the tree and of each name") {
  Feed feed;
  feed.process(0, "uvicorn");
  feed.process(1, "rq");
  feed.process(2, "rq");
  feed.row(0, 0, 100, 5);
  feed.row(0, 1, 10, 50);
  feed.row(0, 2, 20, 60);
  feed.row(1, 0, 101, 6);
  feed.row(1, 1, 11, 51);
  const Recording recording = feed.only();
  CHECK(in_mb(recording.tree.rss) == Values{130, 112});
  CHECK(recording.tree.cpu.values == Values{115, 57});
  REQUIRE(recording.names.size() == 2);
  CHECK(recording.names[0].name == "uvicorn");
  CHECK_FALSE(recording.names[0].sum);
  CHECK(in_mb(recording.memory_of(recording.names[0]).rss) == Values{100, 101});
  CHECK(recording.names[1].processes == std::vector<std::uint32_t>{1, 2});
  CHECK(in_mb(recording.memory_of(recording.names[1]).rss) == Values{30, 11});
  CHECK(in_mb(recording.processes[2].memory.rss) == Values{20});
  CHECK(recording.ticks.ticks == 2);
}

TEST_CASE("a second process of a name keeps what the first alone had, also when both meet within a tick") {
  Feed feed;
  feed.process(0, "rq");
  feed.process(1, "rq");
  feed.row(0, 0, 10, 1);
  feed.row(1, 0, 11, 2);
  feed.row(2, 0, 12, 3);
  feed.row(2, 1, 5, 4);
  feed.row(3, 1, 6, 5);
  const Recording recording = feed.only();
  REQUIRE(recording.names.size() == 1);
  const MemorySeries& sum = recording.memory_of(recording.names[0]);
  CHECK(in_mb(sum.rss) == Values{10, 11, 17, 6});
  CHECK(times(sum.rss) == Values{0, 1, 2, 3});
  CHECK(sum.cpu.values == Values{1, 2, 7, 5});
}

TEST_CASE("a tick in which a process has no RSS is left out of the sums it belongs to, and counted") {
  Feed feed;
  feed.process(0, "uvicorn");
  feed.process(1, "rq");
  feed.process(2, "rq");
  for (const double at : {0.0, 1.0, 2.0}) {
    feed.row(at, 0, 100);
    feed.row(at, 1, 10);
    feed.row(at, 2, at == 1 ? std::nullopt : std::optional<double>(20), at == 2 ? std::nullopt : std::optional(1.0));
  }
  const Recording recording = feed.only();
  CHECK(times(recording.tree.rss) == Values{0, 2});
  CHECK(times(recording.tree.cpu) == Values{0, 1});
  CHECK(times(recording.memory_of(recording.names[0]).rss) == Values{0, 1, 2});
  CHECK(times(recording.memory_of(recording.names[1]).rss) == Values{0, 2});
  CHECK(recording.ticks.incomplete == 1);
  CHECK(recording.ticks.ticks == 3);
}

TEST_CASE("foreign: a round ends when a process comes again or the time jumps") {
  Feed feed(RecordedFormat::foreign_csv);
  feed.process(0, "uvicorn");
  feed.process(1, "rq");
  feed.process(2, "beat");
  feed.row(0.00, 0, 100);
  feed.row(0.12, 1, 10);
  feed.row(1.20, 0, 101);  // came again
  feed.row(1.32, 1, 11);
  feed.row(2.40, 0, 102);
  feed.row(3.60, 1, 12);  // not again, but a whole interval later
  feed.row(3.72, 2, 1);
  const Recording recording = feed.only();
  CHECK(in_mb(recording.tree.rss) == Values{110, 112, 102, 13});
  CHECK(times(recording.tree.rss) == Values{0, 1.2, 2.4, 3.6});
  CHECK(seconds(recording.ticks.interval_ns) == doctest::Approx(1.2));
  CHECK(recording.ticks.lost == 0);
}

TEST_CASE("foreign: elapsed times that start anew go on by the wall clock, and the break is no loss") {
  Feed feed(RecordedFormat::foreign_csv);
  feed.process(0, "rq");
  const auto row = [&feed](double at, double wall) {
    model::RecordedRow one;
    one.elapsed_ns = ns(at);
    one.wall_ns = ns(wall);
    one.rss = 1;
    feed.add(one);
  };
  for (const double at : {0.0, 1.0, 2.0, 3.0}) row(at, 1000 + at);
  for (const double at : {0.0, 1.0, 2.0}) row(at, 1600 + at);
  const Recording recording = feed.only();
  CHECK(times(recording.tree.rss) == Values{0, 1, 2, 3, 600, 601, 602});
  CHECK(recording.ticks.lost == 0);
  CHECK(recording.started_wall_ns == ns(1000));
}

TEST_CASE("another boot is another recording, with its own processes") {
  Feed feed;
  feed.header("one", 1);
  feed.process(0, "uvicorn");
  feed.process(1, "rq");
  feed.row(0, 0, 10, 0, "a");
  feed.row(0, 1, 20, 0, "a");
  feed.suspend(60);
  feed.header("two", 2);
  feed.process(2, "rq");
  feed.row(100, 2, 30, 0, "a");
  const auto recordings = feed.all();
  REQUIRE(recordings.size() == 2);
  CHECK(recordings[0].boot_id == "one");
  CHECK(recordings[0].processes.size() == 2);
  CHECK(seconds(recordings[0].suspended_ns) == 60);
  CHECK(recordings[1].boot_id == "two");
  REQUIRE(recordings[1].processes.size() == 1);
  CHECK(recordings[1].processes[0].info.name == "rq");
  CHECK(in_mb(recordings[1].tree.rss) == Values{30});
  CHECK(seconds(recordings[1].from_ns) == 100);
  CHECK(recordings[1].suspended_ns == 0);
  CHECK(recordings[1].phases.size() == 1);
}

TEST_CASE("without rows there is still one recording") {
  Feed feed;
  feed.header("one", 1);
  const auto recordings = feed.all();
  REQUIRE(recordings.size() == 1);
  CHECK(recordings[0].boot_id == "one");
  CHECK(recordings[0].tree.rss.empty());
}

TEST_CASE("phases: fields from the marks, a label again is another span, one ends where the next begins") {
  Feed feed;
  feed.process(0, "rq");
  feed.row(0, 0, 1);
  feed.mark(1.5, "load", {{"model", "small"}});
  feed.row(1.5, 0, 1, 0, "load");
  feed.row(2, 0, 1, 0, "load");
  feed.mark(2.5, "load", {{"model", "large"}});
  feed.row(2.5, 0, 1, 0, "load");
  feed.mark(3.5, "skipped");
  feed.mark(3.5, "run");
  feed.row(3.5, 0, 1, 0, "run");
  feed.row(4, 0, 1, 0, "run");
  feed.mark(4.5, "load");
  feed.row(4.5, 0, 1, 0, "load");
  feed.row(5, 0, 1, 0, "load");
  const Recording recording = feed.only();
  REQUIRE(recording.phases.size() == 4);
  const auto& [first, second, third, fourth] =
      std::tie(recording.phases[0], recording.phases[1], recording.phases[2], recording.phases[3]);
  CHECK(first.label == "load");
  CHECK(first.fields.at(0).second == "small");
  CHECK(seconds(first.from_ns) == 1.5);
  CHECK(seconds(first.to_ns) == 2.5);
  CHECK(second.fields.at(0).second == "large");
  CHECK(seconds(second.to_ns) == 3.5);
  CHECK(third.label == "run");
  CHECK(seconds(third.to_ns) == 4.5);
  CHECK(fourth.label == "load");
  CHECK(fourth.fields.empty());
  CHECK(seconds(fourth.to_ns) == 5);
}

TEST_CASE("foreign: a phase ends with its own last round") {
  Feed feed(RecordedFormat::foreign_csv);
  feed.process(0, "rq");
  feed.row(0, 0, 1, 0, "a");
  feed.row(1, 0, 1, 0, "a");
  feed.row(2, 0, 1, 0, "b");
  feed.row(3, 0, 1, 0, "b");
  const Recording recording = feed.only();
  REQUIRE(recording.phases.size() == 2);
  CHECK(seconds(recording.phases[0].to_ns) == 1);
  CHECK(seconds(recording.phases[1].from_ns) == 2);
  CHECK(seconds(recording.phases[1].to_ns) == 3);
}

TEST_CASE("the machine's memory comes from the largest share, and from none that is rounded to nothing") {
  Feed feed;
  feed.process(0, "rq");
  model::RecordedRow row;
  row.rss = 4000000;
  row.memory_percent = 0.04;
  feed.add(row);
  SUBCASE("too small a share") { CHECK_FALSE(feed.only().machine_memory); }
  SUBCASE("a large one") {
    row.elapsed_ns = ns(1);
    row.rss = 4'000'000'000;
    row.memory_percent = 25.0;
    feed.add(row);
    row.elapsed_ns = ns(2);
    row.rss = 1'000'000'000;
    row.memory_percent = 6.3;
    feed.add(row);
    CHECK(feed.only().machine_memory == 16'000'000'000);
  }
}

TEST_CASE("counters, VmHWM and the cgroup of the first target") {
  Feed feed;
  feed.process(0, "rq");
  feed.process(1, "rq");
  const auto row = [&feed](double at, std::uint32_t process, std::int64_t collected) {
    model::RecordedRow one;
    one.elapsed_ns = ns(at);
    one.process = process;
    one.rss = 5;
    one.hwm = 100 + static_cast<model::Bytes>(collected);
    one.gc_collected = collected;
    one.gc_collections = {collected * 3, collected * 2, collected};
    one.cgroup_working_set = 1000 + process;
    one.cgroup_limit = 5000;
    feed.add(one);
  };
  row(0, 0, 10);
  row(0, 1, 1);
  row(1, 0, 15);
  row(1, 1, 4);
  row(2, 0, 2);  // another interpreter (exec): 2 since its start
  row(2, 1, 4);
  const Recording recording = feed.only();
  CHECK(recording.processes[0].memory.gc_collected->risen() == 7);
  CHECK(recording.tree.gc_collected->risen() == 10);
  CHECK((*recording.names[0].sum->gc_collections)[2].risen() == 10);
  CHECK((*recording.names[0].sum->gc_collections)[0].risen() == 30);
  CHECK(recording.processes[0].memory.hwm == 115);
  CHECK_FALSE(recording.tree.hwm);
  CHECK(recording.cgroup_working_set.values == Values{1000, 1000, 1000});
  CHECK(recording.cgroup_limit == 5000);
}
