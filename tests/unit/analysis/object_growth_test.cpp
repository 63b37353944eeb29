#include "tidemark/analysis/object_growth.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tidemark/analysis/recording_builder.hpp"
#include "tidemark/analysis/report.hpp"
#include "tidemark/base/clock.hpp"

using namespace tidemark;
using namespace tidemark::analysis;

namespace {

struct Types {
  std::vector<std::string> names;
  std::vector<model::RecordedType> rows;

  Types& add(std::string name, std::uint64_t count, model::Bytes bytes) {
    names.push_back(std::move(name));
    rows.push_back({.type = {}, .count = count, .bytes = bytes, .held_bytes = 2 * bytes});
    for (std::size_t i = 0; i < names.size(); ++i) rows[i].type = names[i];
    return *this;
  }
};

/// One census a minute.
void give(RecordingBuilder& builder, std::int64_t minute, const Types& types, base::Pid pid = 7,
          std::int64_t started_wall_ns = 0) {
  builder.on_census({.wall_ns = 0,
                     .elapsed_ns = minute * 60 * base::ns_per_second,
                     .process_name = "web",
                     .pid = pid,
                     .started_wall_ns = started_wall_ns,
                     .types = types.rows});
}

std::vector<ObjectGrowth> growth_in(RecordingBuilder& builder) {
  const auto recordings = builder.take();
  REQUIRE(recordings.size() == 1);
  return make_report(recordings[0], {}).objects;
}

const TypeGrowth& find(const ObjectGrowth& growth, const std::string& type) {
  for (const auto& one : growth.types) {
    if (one.type == type) return one;
  }
  FAIL("no type ", type);
  return growth.types.front();
}

}  // namespace

TEST_CASE("without censuses there is nothing, with one no growth") {
  RecordingBuilder builder;
  CHECK(growth_in(builder).empty());
  RecordingBuilder one;
  give(one, 0, Types().add("a", 1, 100).add("(other types)", 5, 50));
  const auto growth = growth_in(one);
  REQUIRE(growth.size() == 1);
  CHECK(growth[0].censuses == 1);
  CHECK(growth[0].last.bytes == 150);
  CHECK(growth[0].types.empty());
  CHECK(growth[0].grown_bytes == 0);
}

TEST_CASE("growth from the first census to the last, with shares of what grew, the most bytes first") {
  RecordingBuilder builder;
  give(builder, 0, Types().add("dict", 10, 1000).add("list", 20, 800).add("str", 30, 600).add("(other types)", 9, 90));
  // list has no row: it has not moved, and is in the rest. New came from the rest.
  give(builder, 1,
       Types().add("dict", 14, 1600).add("New", 5, 1500).add("str", 20, 500).add("(other types)", 33, 800 + 190));
  const auto growth = growth_in(builder);
  REQUIRE(growth.size() == 1);
  CHECK(growth[0].first.bytes == 2490);
  CHECK(growth[0].last.bytes == 4590);
  CHECK(growth[0].last.objects == 72);
  REQUIRE(growth[0].types.size() == 2);
  const auto& newest = growth[0].types[0];
  CHECK(newest.type == "New");
  CHECK(newest.is_new);
  CHECK(newest.growth.bytes == 1500);
  CHECK(newest.growth.objects == 5);
  CHECK(newest.growth.held_bytes == 3000);
  CHECK(growth[0].types[1].type == "dict");
  CHECK(growth[0].types[1].growth.bytes == 600);
  CHECK(growth[0].types[1].growth.objects == 4);
  CHECK_FALSE(growth[0].types[1].slope);  // two censuses have none
  CHECK(growth[0].types[1].rises());
  // What grew: New, dict, and the types of the rest by 100. What shrank is no part of it.
  CHECK(growth[0].grown_bytes == 2200);
  CHECK(growth[0].grown_types == 2);
  CHECK(newest.share_percent == doctest::Approx(100.0 * 1500 / 2200));
}

TEST_CASE("a type that only came up from the rest is no growth until it has twice what it could have had") {
  RecordingBuilder builder;
  give(builder, 0, Types().add("a", 10, 1000).add("b", 10, 500).add("(other types)", 9, 900));
  give(builder, 1,
       Types().add("a", 10, 1000).add("b", 10, 500).add("c", 10, 999).add("d", 10, 1000).add("(other types)", 0, 0));
  const auto growth = growth_in(builder);
  REQUIRE(growth[0].types.size() == 1);
  CHECK(growth[0].types[0].type == "d");
}

TEST_CASE("a type whose last row is more than the rest can hold is not what it was") {
  RecordingBuilder builder;
  give(builder, 0, Types().add("a", 10, 1000).add("b", 10, 500).add("(other types)", 9, 900));
  give(builder, 1, Types().add("a", 10, 1000).add("b", 90, 9000).add("(other types)", 9, 900));
  give(builder, 2, Types().add("a", 11, 1100).add("(other types)", 9, 8999));
  const auto growth = growth_in(builder);
  REQUIRE(growth[0].types.size() == 1);
  CHECK(growth[0].types[0].type == "a");
}

TEST_CASE("with five censuses a slope tells what rises from what is up and down") {
  RecordingBuilder builder;
  for (std::int64_t minute = 0; minute < 40; ++minute) {
    Types types;
    types.add("leak", static_cast<std::uint64_t>(minute), 100'000 + 6000 * static_cast<model::Bytes>(minute));
    const bool is_high = minute % 2 == 1;
    types.add("cache", 5, is_high ? 900'000 : 200'000);
    if (minute == 0) types.add("still", 5, 5000);
    give(builder, minute, types.add("(other types)", 0, 0));
  }
  const auto growth = growth_in(builder);
  const auto& cache = find(growth[0], "cache");
  CHECK(growth[0].types[0].type == "cache");  // 700,000 bytes between the first and the last
  REQUIRE(cache.slope);
  CHECK_FALSE(cache.rises());
  const auto& leak = find(growth[0], "leak");
  REQUIRE(leak.slope);
  CHECK(leak.rises());
  CHECK(leak.slope->per_hour() == doctest::Approx(360'000).epsilon(0.01));
  CHECK(leak.growth.objects == 39);
  CHECK(growth[0].types.size() == 2);
}

TEST_CASE("processes are told apart, also two of one pid; those that grew most come first") {
  RecordingBuilder builder;
  for (std::int64_t minute = 0; minute < 2; ++minute) {
    const auto step = static_cast<model::Bytes>(minute);
    give(builder, minute, Types().add("a", 1, 100 + 10 * step), 7, 1000);
    give(builder, minute, Types().add("a", 1, 100 + 99 * step), 8, 1000);
  }
  for (std::int64_t minute = 2; minute < 4; ++minute) {
    give(builder, minute, Types().add("a", 1, 50 + 20 * static_cast<model::Bytes>(minute)), 7, 2000);
  }
  const auto growth = growth_in(builder);
  REQUIRE(growth.size() == 3);
  CHECK((growth[0].pid == 8 && growth[1].started_wall_ns == 2000 && growth[2].started_wall_ns == 1000));
}

TEST_CASE("however long the recording is, so much is kept and no more; the figures stay those of both ends") {
  RecordingBuilder builder;
  constexpr std::int64_t minutes = 20'001;
  for (std::int64_t minute = 0; minute < minutes; ++minute) {
    Types types;
    types.add("leak", static_cast<std::uint64_t>(minute + 1), 1000 * static_cast<model::Bytes>(minute + 1));
    if (minute == 777) types.add("late", 1, 7'000);
    give(builder, minute, types.add("(other types)", 90, 9000));
  }
  give(builder, 5, Types().add("leak", 1, 1));  // time does not go back
  const auto recordings = builder.take();
  REQUIRE(recordings[0].objects.size() == 1);
  const auto& track = recordings[0].objects[0];
  CHECK(track.censuses == minutes);
  CHECK((track.times.size() > most_census_points / 2 && track.times.size() <= most_census_points + 1));
  CHECK(track.times.back() == track.to_ns);
  REQUIRE(track.types.size() == 2);
  for (const auto& type : track.types) CHECK(type.begin + type.bytes.size() == track.times.size());
  // Each value is still that of its time.
  for (std::size_t i = 0; i < track.times.size(); ++i) {
    const auto minute = static_cast<double>(track.times[i]) / 60e9;
    CHECK(track.types[0].bytes[i] == 1000 * (minute + 1));
  }
  CHECK(track.types[1].bytes.front() == 7000);
  CHECK(static_cast<double>(track.times[track.types[1].begin]) / 60e9 >= 777);
  const auto growth = object_growth_of(recordings[0].objects);
  CHECK(growth[0].types[0].growth.bytes == 1000.0 * (minutes - 1));
  REQUIRE(growth[0].types[0].slope);
  CHECK(growth[0].types[0].slope->per_hour() == doctest::Approx(60'000).epsilon(0.01));
}

TEST_CASE("hostile recordings: types and processes without end are cut, huge figures are no trap") {
  RecordingBuilder builder;
  for (std::int64_t minute = 0; minute < 60; ++minute) {
    Types types;
    types.names.reserve(1000);
    for (int i = 0; i < 1000; ++i) types.names.push_back("t" + std::to_string(minute) + "-" + std::to_string(i));
    for (const auto& name : types.names) types.rows.push_back({.type = name, .count = ~0ULL, .bytes = ~0ULL});
    give(builder, minute, types, 7);
    for (base::Pid pid = 0; pid < 100; ++pid) {
      give(builder, minute, Types().add("a", 1, 1), 100 + static_cast<base::Pid>(minute) * 100 + pid);
    }
  }
  const auto recordings = builder.take();
  const auto& tracks = recordings[0].objects;
  CHECK(tracks.size() == most_tracked_processes);
  std::size_t types = 0;
  for (const auto& track : tracks) types += track.types.size();
  CHECK(types == most_tracked_types);
  for (const auto& growth : object_growth_of(tracks)) {
    for (const auto& type : growth.types) {
      CHECK(std::isfinite(type.share_percent));
      CHECK(type.share_percent <= 100);
    }
  }
}
