#include "tidemark/analysis/census_diff.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "census_examples.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
namespace examples = tidemark::census_examples;

namespace {

const CensusTypeChange& change_of(const CensusDiff& diff, std::string_view type) {
  const auto found =
      std::find_if(diff.types.begin(), diff.types.end(), [&](const auto& one) { return one.type == type; });
  REQUIRE(found != diff.types.end());
  return *found;
}

CensusDiff minute() {
  return difference_of(examples::racing().processes[0].census, examples::grown().processes[0].census);
}

}  // namespace

TEST_CASE("census difference: what grew most first, what shrank last, and the sum is that of all objects") {
  const auto diff = minute();
  REQUIRE(diff.types.size() == 8);
  CHECK(diff.types[0].type == "builtins.dict");
  CHECK(diff.types[0].change.bytes() == 20 * static_cast<std::int64_t>(examples::mb));
  CHECK(diff.types[0].change.held_bytes() == 30 * static_cast<std::int64_t>(examples::mb));
  CHECK(diff.types[0].change.count() == 100'000);
  CHECK(diff.types[1].type == "app.cache.Entry");
  CHECK(diff.types.back().type == "numpy.ndarray");
  CHECK(diff.types.back().change.bytes() == -6 * static_cast<std::int64_t>(examples::mb));

  std::int64_t count = 0;
  std::int64_t bytes = 0;
  std::int64_t held = 0;
  for (const auto& type : diff.types) {
    count += type.change.count();
    bytes += type.change.bytes();
    held += type.change.held_bytes();
  }
  const auto before = examples::racing().processes[0].census.summary;
  const auto after = examples::grown().processes[0].census.summary;
  CHECK(count == diff.total.count());
  CHECK(bytes == diff.total.bytes());
  CHECK(held == diff.total.held_bytes());
  CHECK(diff.total.before.count == before.total_objects);
  CHECK(diff.total.after.bytes == after.total_bytes);
  CHECK(diff.total.after.held_bytes == after.total_held_bytes);
}

TEST_CASE("census difference: types of one name are one, new and gone ones are marked") {
  const auto diff = minute();
  const auto& order = change_of(diff, "app.models.Order");
  CHECK(order.change.before.types == 2);
  CHECK(order.change.after.types == 3);
  CHECK(order.change.count() == 6);
  CHECK(order.change.bytes() == 356);
  CHECK_FALSE(order.is_new());
  CHECK(change_of(diff, "app.cache.Entry").is_new());
  CHECK_FALSE(change_of(diff, "app.cache.Entry").is_gone());
  CHECK(change_of(diff, "azure.core.pipeline._base.Pipeline").is_gone());
  CHECK_FALSE(change_of(diff, "azure.core.pipeline._base.Pipeline").change.has_grown());
}

TEST_CASE("census difference: a type that came again under another address is the same one") {
  const auto before = examples::exact().processes[0].census;
  auto after = before;
  for (auto& type : after.types) type.address = {type.address.value + 0x1000};
  for (const auto& type : difference_of(before, after).types) {
    CHECK(type.change.bytes() == 0);
    CHECK_FALSE(type.change.has_grown());
    CHECK_FALSE(type.change.has_shrunk());
    CHECK_FALSE(type.is_new());
    CHECK_FALSE(type.is_gone());
  }
}

TEST_CASE("census difference: immortal and interned objects are told apart") {
  const auto diff = minute();
  const auto& text = change_of(diff, "builtins.str").change;
  CHECK(text.immortal() == 1'500);
  CHECK(text.interned() == 2'000);
  CHECK(diff.total.immortal() == 1'500);
  CHECK(change_of(diff, "builtins.dict").change.immortal() == 0);
}

TEST_CASE("census difference: shares of the growth are of what grew, and make a whole") {
  const auto diff = minute();
  double sum = 0;
  for (const auto& type : diff.types) sum += diff.share_of_growth(type).value_or(0);
  CHECK(sum == doctest::Approx(1));
  CHECK(*diff.share_of_growth(diff.types[0]) ==
        doctest::Approx(20.0 * static_cast<double>(examples::mb) / static_cast<double>(diff.grown_bytes)));
  CHECK_FALSE(diff.share_of_growth(diff.types.back()));
  CHECK_FALSE(diff.share_of_growth(change_of(diff, "builtins.tuple")));
}

TEST_CASE("census difference: of one growth in bytes that in objects decides; the same two are the same") {
  auto before = examples::bare().processes[0].census;
  auto after = before;
  before.types = {examples::type("a.A", "a", 1, 5, 100, 100), examples::type("b.B", "b", 2, 5, 100, 100),
                  examples::type("c.C", "c", 3, 5, 100, 100)};
  after.types = {examples::type("a.A", "a", 1, 6, 100, 100), examples::type("b.B", "b", 2, 9, 100, 100),
                 examples::type("c.C", "c", 3, 4, 100, 100)};
  const auto diff = difference_of(before, after);
  CHECK(diff.types[0].type == "b.B");
  CHECK(diff.types[0].change.has_grown());
  CHECK(diff.types[1].type == "a.A");
  CHECK(diff.types[2].type == "c.C");
  CHECK(diff.types[2].change.has_shrunk());
  CHECK_FALSE(diff.share_of_growth(diff.types[0]));  // no bytes
}

TEST_CASE("census difference: what both walks have missed goes along") {
  const auto diff = minute();
  CHECK(diff.coverage_before == examples::racing().processes[0].census.coverage);
  CHECK(diff.coverage_after.torn_blocks == 8'000);
  CHECK(diff.consistency_before == "racing");
  CHECK(diff.consistency_after == "racing");
}

TEST_CASE("censuses match by identity, else by a name that is the only one on both sides") {
  auto before = examples::tree().processes;
  auto after = before;
  after[1].identity.start_ticks += 100;  // the pid came again, and its name is not the only one
  after[2].identity.pid = 5000;
  after[2].name = "beat";
  before[2].name = "beat";
  after[3].failure = "gone";
  const auto compared = compare_censuses(before, after);
  REQUIRE(compared.processes.size() == 2);
  CHECK_FALSE(compared.processes[0].pair.by_name);
  CHECK(compared.processes[0].diff.total.count() == 0);
  CHECK(compared.processes[1].pair.by_name);
  CHECK(compared.processes[1].pair.before == &before[2]);
  CHECK(compared.processes[1].pair.after == &after[2]);
  REQUIRE(compared.only_before.size() == 1);
  CHECK(compared.only_before[0] == &before[1]);
  REQUIRE(compared.only_after.size() == 1);
  CHECK(compared.only_after[0] == &after[1]);
}

TEST_CASE("hostile figures of a file overflow nothing") {
  auto before = examples::hostile().processes[0].census;
  auto after = before;
  before.types[0].bytes = 0;
  after.types[0].bytes = model::Bytes{1} << 46U;
  after.types[1].count = std::uint64_t{1} << 62U;
  const auto diff = difference_of(before, after);
  CHECK(diff.types[0].change.bytes() == std::int64_t{1} << 46U);
  CHECK(diff.total.count() == (std::int64_t{1} << 62U) - 12);
}
