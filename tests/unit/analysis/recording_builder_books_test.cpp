#include <doctest/doctest.h>

#include "analysis/series_support.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
using namespace tidemark::analysis::test;
using model::RecordedFormat;

TEST_CASE("ticks lost and late are read from the times when the recorder did not say") {
  Feed feed(RecordedFormat::csv);
  feed.process(0, "rq");
  for (const double at : {0.0, 1.0, 2.0, 5.0, 6.0, 7.2, 8.0, 9.0}) feed.row(at, 0, 1);
  const Recording recording = feed.only();
  CHECK(seconds(recording.ticks.interval_ns) == 1);
  CHECK(recording.ticks.lost == 2);
  CHECK(recording.ticks.late == 1);
  CHECK(recording.ticks.ticks == 8);
  CHECK_FALSE(recording.ticks.counted_by_recorder);
}

TEST_CASE("a mark's own tick spoils neither interval nor losses") {
  Feed feed(RecordedFormat::csv);
  feed.process(0, "rq");
  int phase = 0;
  for (int at = 0; at < 6; ++at) {
    const std::string now = "p" + std::to_string(phase);
    feed.row(at, 0, 1, 0, now);
    for (const double later : {0.2, 0.4, 0.6}) feed.row(at + later, 0, 1, 0, "p" + std::to_string(++phase));
  }
  const Recording recording = feed.only();
  CHECK(seconds(recording.ticks.interval_ns) == 1);
  CHECK(recording.ticks.lost == 0);
  CHECK(recording.ticks.late == 0);
  CHECK(recording.ticks.ticks == 24);
}

TEST_CASE("the recorder's own books are believed, those of several runs together") {
  Feed feed;
  feed.header("boot", 1, 0.5);
  feed.process(0, "rq");
  feed.row(0, 0, 1);
  feed.end(100, 3, 2);
  feed.header("boot", 2, 0.5);
  feed.row(5000, 0, 1);
  feed.end(10, 1, 0);
  const Recording recording = feed.only();
  CHECK(recording.ticks.counted_by_recorder);
  CHECK(recording.ticks.ticks == 110);
  CHECK(recording.ticks.late == 4);
  CHECK(recording.ticks.lost == 2);
  CHECK(seconds(recording.ticks.interval_ns) == 0.5);
  REQUIRE(recording.end);
  CHECK(recording.end->why == "duration");
}

TEST_CASE("a killed run: no end, the books from the times, and the break before the next run is no loss") {
  Feed feed;
  feed.header("boot", 1);
  feed.process(0, "rq");
  for (const double at : {0.0, 1.0, 4.0}) feed.row(at, 0, 1);
  feed.header("boot", 1);  // a rotated file of the same run
  for (const double at : {5.0, 7.0}) feed.row(at, 0, 1);
  feed.header("boot", 2);
  for (const double at : {900.0, 901.0}) feed.row(at, 0, 1);
  SUBCASE("the first was killed") {
    feed.end(2, 9, 9);
    const Recording recording = feed.only();
    CHECK(recording.end);
    CHECK_FALSE(recording.ticks.counted_by_recorder);
    CHECK(recording.ticks.lost == 3);
  }
  SUBCASE("both were") {
    const Recording recording = feed.only();
    CHECK_FALSE(recording.end);
    CHECK(recording.ticks.lost == 3);
    CHECK(recording.ticks.ticks == 7);
  }
}
