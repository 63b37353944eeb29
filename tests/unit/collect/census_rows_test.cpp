#include "tidemark/collect/census_rows.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "support.hpp"

using namespace tidemark;
using collect::CensusRows;

namespace {

model::CensusType type(std::string name, std::uint64_t count, model::Bytes bytes) {
  return {.type = std::move(name),
          .module = {},
          .address = {},
          .count = count,
          .bytes = bytes,
          .held_bytes = bytes + 8 * count};
}

model::Census census(std::vector<model::CensusType> types) {
  model::Census made;
  made.types = std::move(types);
  made.focuses.resize(1);
  return made;
}

struct Row {
  std::uint64_t count = 0;
  model::Bytes bytes = 0;
  bool operator==(const Row&) const = default;
};

/// No name may come twice.
std::map<std::string, Row> rows_of(const model::Census& selected) {
  std::map<std::string, Row> rows;
  for (const auto& one : selected.types) CHECK(rows.emplace(one.type, Row{one.count, one.bytes}).second);
  return rows;
}

Row sum_of(const std::vector<model::CensusType>& types) {
  Row sum;
  for (const auto& one : types) {
    sum.count += one.count;
    sum.bytes += one.bytes;
  }
  return sum;
}

}  // namespace

TEST_CASE("the top types have rows, the others are one; rows of a name are summed") {
  CensusRows rows;
  const auto selected = rows.select(
      census({type("b", 2, 200), type("a", 1, 150), type("a", 3, 150), type("c", 9, 90), type("d", 5, 50)}), 2);
  CHECK(selected.focuses.empty());
  REQUIRE(selected.types.size() == 3);
  CHECK(selected.types[0].type == "a");  // the most bytes first, as a sum
  CHECK(selected.types[0].held_bytes == 332);
  CHECK(selected.types[2].type == "(other types)");
  CHECK(rows_of(selected) ==
        std::map<std::string, Row>{{"a", {4, 300}}, {"b", {2, 200}}, {"(other types)", {14, 140}}});
}

TEST_CASE("what was recorded before and has moved has a row again, below the top and when it has gone") {
  CensusRows rows;
  (void)rows.select(census({type("a", 1, 900), type("b", 1, 800), type("c", 1, 100)}), 2);
  const auto second =
      rows.select(census({type("a", 1, 900), type("n", 1, 850), type("b", 1, 799), type("c", 2, 200)}), 2);
  CHECK(rows_of(second) ==
        std::map<std::string, Row>{{"a", {1, 900}}, {"n", {1, 850}}, {"b", {1, 799}}, {"(other types)", {2, 200}}});
  // b has not moved; n and a have gone.
  const auto third = rows.select(census({type("x", 1, 950), type("y", 1, 940), type("b", 1, 799)}), 2);
  CHECK(rows_of(third) ==
        std::map<std::string, Row>{
            {"x", {1, 950}}, {"y", {1, 940}}, {"a", {0, 0}}, {"n", {0, 0}}, {"(other types)", {1, 799}}});
  // That they are gone is said once; one that comes back has moved.
  const auto fourth = rows.select(census({type("x", 1, 950), type("y", 1, 940), type("a", 1, 5)}), 2);
  CHECK(rows_of(fourth) ==
        std::map<std::string, Row>{
            {"x", {1, 950}}, {"y", {1, 940}}, {"a", {1, 5}}, {"b", {0, 0}}, {"(other types)", {0, 0}}});
}

TEST_CASE("a type of the target that is called as the rest is part of it") {
  CensusRows rows;
  const auto selected = rows.select(census({type("(other types)", 7, 700), type("a", 1, 90), type("b", 1, 9)}), 1);
  CHECK(rows_of(selected) == std::map<std::string, Row>{{"a", {1, 90}}, {"(other types)", {8, 709}}});
}

TEST_CASE("rows add up to the census and stay bounded, whatever types come and go") {
  CensusRows rows;
  for (std::uint64_t round = 0; round < 40; ++round) {
    std::vector<model::CensusType> types;
    for (std::uint64_t i = 0; i < 300; ++i) {
      types.push_back(type("t" + std::to_string(round * 150 + i), 1 + i % 7, 1000 * round + i));
    }
    const Row whole = sum_of(types);
    const auto selected = rows.select(census(std::move(types)), 100);
    (void)rows_of(selected);
    CHECK(sum_of(selected.types) == whole);
    CHECK(selected.types.size() <= 100 + collect::most_followed_types + 1);
  }
}

TEST_CASE("censuses come in turns, at least so far apart") {
  collect::test::Forked target;
  int readings = 0;
  collect::CollectOptions options{.python = false, .smaps = {.enabled = false}};
  options.census_interval_ns = 30 * base::ns_per_second;
  options.census_top = 1;
  options.read_census = [&](const collect::Machine&, proc::ProcessFiles& files,
                            const model::ProcessIdentity& identity) {
    CHECK((files.pid() == target.pid() && identity.pid == target.pid()));
    ++readings;
    return base::Result<model::Census>(census({type("a", 1, 900), type("b", 2, 100), type("c", 3, 50)}));
  };
  auto opened = collect::Collector::open(options, collect::test::system_clock, {target.pid()});
  auto& collector = *std::get<std::unique_ptr<collect::Collector>>(opened);
  std::vector<const model::RationRate*> rates;
  collect::Batch batch;
  const auto census_at = [&](std::int64_t second) {
    batch = collector.collect(second, second * base::ns_per_second, "");
    CHECK(batch.tick.samples[0].gaps.empty());
    rates = collect::test::all<model::RationRate>(batch);
    return batch.tick.samples[0].census;
  };
  CHECK_FALSE(census_at(0));  // nothing has passed that could pay for it
  const auto first = census_at(60);
  REQUIRE(first);
  CHECK(rows_of(*first) == std::map<std::string, Row>{{"a", {1, 900}}, {"(other types)", {5, 150}}});
  REQUIRE(rates.size() == 1);
  CHECK(rates[0]->source == model::Source::objects);
  CHECK_FALSE(census_at(89));
  CHECK(census_at(90));
  CHECK(readings == 2);
  CHECK(census_at(120));
}

TEST_CASE("one census that took more than its share puts the next off") {
  collect::test::Forked target;
  int readings = 0;
  collect::CollectOptions options{.python = false, .smaps = {.enabled = false}};
  options.census_interval_ns = base::ns_per_second;
  options.read_census = [&](const collect::Machine&, proc::ProcessFiles&, const model::ProcessIdentity&) {
    ++readings;
    ::usleep(600'000);
    return base::Result<model::Census>(census({type("a", 1, 900)}));
  };
  auto opened = collect::Collector::open(options, collect::test::system_clock, {target.pid()});
  auto& collector = *std::get<std::unique_ptr<collect::Collector>>(opened);
  for (std::int64_t second = 0; second <= 20; ++second) {
    (void)collector.collect(second, second * base::ns_per_second, "");
  }
  CHECK(readings <= 3);  // of 0.6 s each, 2 s may be spent in 20
  CHECK(readings >= 2);
}

TEST_CASE("a census that cannot be read is a gap, said once; without Python the event alone says why there is none") {
  collect::test::Forked target;
  int readings = 0;
  collect::CollectOptions options{.python = false, .smaps = {.enabled = false}};
  options.census_interval_ns = base::ns_per_second;
  options.read_census = [&](const collect::Machine&, proc::ProcessFiles&, const model::ProcessIdentity&) {
    ++readings;
    return base::Result<model::Census>(
        base::fail({.code = base::ErrorCode::malformed, .doing = "count its objects", .detail = "no arena"}));
  };
  for (const bool python : {false, true}) {
    CAPTURE(python);
    readings = 0;
    options.python = python;
    auto opened = collect::Collector::open(options, collect::test::system_clock, {target.pid()});
    auto& collector = *std::get<std::unique_ptr<collect::Collector>>(opened);
    std::vector<model::SourceError> said;
    std::vector<model::Gap> gaps;
    for (std::int64_t tick = 0; tick < 8; ++tick) {
      if (python) ::usleep(100'000);  // it is given half a second to become a Python
      const auto batch = collector.collect(tick, tick * 60 * base::ns_per_second, "");
      for (const auto* error : collect::test::all<model::SourceError>(batch)) {
        if (error->gap.source == model::Source::objects) said.push_back(*error);
      }
      for (const auto& gap : batch.tick.samples[0].gaps) {
        if (gap.source == model::Source::objects) gaps.push_back(gap);
      }
    }
    REQUIRE(said.size() == 1);
    CHECK_FALSE(said[0].text.empty());
    CHECK(said[0].gap.reason == (python ? model::Reason::not_python : model::Reason::malformed));
    CHECK(gaps.size() == (python ? 0U : 7U));
    CHECK(readings == (python ? 0 : 7));
  }
}
