#include "tidemark/model/census.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "census_examples.hpp"

using namespace tidemark::model;
namespace examples = tidemark::census_examples;

TEST_CASE("places of the collector: every one has a word of its own that finds it again") {
  std::set<std::string_view> words;
  for (std::size_t at = 0; at < gc_place_count; ++at) {
    const auto place = static_cast<GcPlace>(at);
    CHECK(words.insert(word_of(place)).second);
    CHECK(find_gc_place(word_of(place)) == place);
  }
  CHECK(word_of(GcPlace::generation2) == "generation 2");
  CHECK_FALSE(find_gc_place(""));
  CHECK_FALSE(find_gc_place("generation 3"));
}

TEST_CASE("coverage: the share of the blocks in use that were looked at") {
  CHECK(CensusCoverage{}.share() == 1);  // nothing there, nothing missed
  CHECK(CensusCoverage{.blocks = 10}.share() == 1);
  CHECK(CensusCoverage{.blocks = 98, .torn_pools = 1, .torn_blocks = 2}.share() == doctest::Approx(0.98));
  CHECK(CensusCoverage{.torn_blocks = 2}.share() == 0);
  const CensusCoverage whole{.blocks = 100};
  for (auto lose : {&CensusCoverage::torn_bytes, &CensusCoverage::lost_bytes, &CensusCoverage::left_out_bytes}) {
    auto part = whole;
    part.*lose = 6400;
    CHECK(part.share() == doctest::Approx(0.5));  // as many blocks in those bytes as in others of Python
  }
}

TEST_CASE("sums by name: types of one name become one row, all else is added") {
  auto types = examples::exact().processes[0].census.types;
  types[6].immortal = 3;
  types[6].interned = 2;
  types[6].has_own_sizeof = true;
  const auto sums = summed_by_name(types);
  REQUIRE(sums.size() == 7);
  CHECK(std::is_sorted(sums.begin(), sums.end(),
                       [](const auto& left, const auto& right) { return left.bytes > right.bytes; }));
  const auto order =
      std::find_if(sums.begin(), sums.end(), [](const auto& one) { return one.type == "app.models.Order"; });
  REQUIRE(order != sums.end());
  CHECK(order->count == 90'800);
  CHECK(order->bytes == 5 * examples::mb + 50'000);
  CHECK(order->held_bytes == 6 * examples::mb + 51'200);
  CHECK(order->immortal == 3);
  CHECK(order->interned == 2);
  CHECK(order->has_own_sizeof);
  CHECK(sums[0] == types[0]);  // alone of its name: as it was
}

TEST_CASE("sums by module: a row for each, most bytes first") {
  const auto types = examples::exact().processes[0].census.types;
  const auto sums = summed_by_module(types);
  REQUIRE(sums.size() == 4);
  CHECK(sums[0].type == "builtins");
  CHECK(sums[0].module == "builtins");
  CHECK(sums[0].count == 780'000);
  CHECK(sums[0].immortal == 12'352);
  CHECK(sums[0].address.is_null());
  CHECK(sums[1].type == "numpy");
  CHECK(sums[2].type == "app.models");
  CHECK(sums[2].count == 90'800);
  CHECK(sums[3].type == "azure.core.pipeline._base");
  CHECK(summed_by_module({}).empty());
}

TEST_CASE("sums do not depend on where the rows stand; equal ones keep their order") {
  const std::vector<CensusType> types{
      examples::type("a.A", "a", 1, 1, 10, 16), examples::type("b.B", "b", 2, 1, 30, 32),
      examples::type("a.A", "a", 3, 2, 25, 32), examples::type("c.C", "c", 4, 9, 30, 32)};
  const auto sums = summed_by_name(types);
  REQUIRE(sums.size() == 3);
  CHECK(sums[0].type == "a.A");
  CHECK(sums[0].bytes == 35);
  CHECK(sums[1].type == "b.B");
  CHECK(sums[2].type == "c.C");
}
