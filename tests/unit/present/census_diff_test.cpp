// Differences of censuses as text and JSON.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "census_examples.hpp"
#include "golden_file.hpp"
#include "support.hpp"
#include "text_checks.hpp"
#include "tidemark/present/census.hpp"

using namespace tidemark;
using namespace tidemark::present;
using namespace tidemark::present::test;
namespace examples = tidemark::census_examples;

namespace {

CensusDiffView view_of(const model::CensusReading& before, const model::CensusReading& after) {
  CensusDiffView view;
  view.compared = analysis::compare_censuses(before.processes, after.processes);
  return view;
}

}  // namespace

TEST_CASE("golden: growth in a minute, and a saved census against now") {
  const auto before = examples::racing();
  const auto after = examples::grown();
  auto view = view_of(before, after);
  view.apart_ns = 60'000'000'000;
  check_golden("census_growth.txt", census_diff_text(view, {}));
  check_golden("census_growth.json", census_diff_json(view));

  auto other = examples::exact();
  other.processes[0].identity = {.pid = 99, .start_ticks = 7};
  const auto cut = examples::cut();
  auto saved = view_of(cut, other);
  saved.before_file = "monday\x1b.json";
  saved.before_wall_ns = before.wall_ns;
  check_golden("census_diff.txt", census_diff_text(saved, {}));
}

TEST_CASE("the difference of a census with itself is nothing, and says so") {
  const auto reading = examples::exact();
  const auto view = view_of(reading, reading);
  const auto text = flat(census_diff_text(view, {}));
  CHECK(has(text, "871,000 to 871,000 objects, 118.1 MB to 118.1 MB, +0 B; held +0 B."));
  CHECK(has(text, "Nothing changed: each type has as many objects and bytes as before."));
  CHECK_FALSE(has(text, "Racing"));
  CHECK_FALSE(has(text, "builtins.dict"));
  const auto json = nlohmann::json::parse(census_diff_json(view))["processes"][0];
  CHECK(json["types"].empty());
  CHECK(json["types_unchanged"] == 7);  // names
  CHECK(json["total"]["change_count"] == 0);
}

TEST_CASE("what only shrank is listed, the most first, and nothing grew") {
  const auto after = examples::racing();
  const auto before = examples::grown();
  auto view = view_of(before, after);
  for (auto& type : view.compared.processes[0].diff.types) {
    if (type.change.has_grown()) type.change.after = type.change.before;
  }
  const auto text = flat(census_diff_text(view, {}));
  CHECK(has(text, "Nothing grew: no type has more bytes or objects than before."));
  CHECK(text.find("builtins.dict") < text.find("app.cache.Entry (gone)"));
  CHECK(text.find("app.cache.Entry (gone)") < text.find("builtins.str"));
}

TEST_CASE("many that grew and many that shrank are cut and summed; the sums are those of all") {
  auto before = examples::exact();
  before.processes[0].census.types.clear();
  auto after = before;
  for (std::uint64_t at = 1; at <= 100; ++at) {
    const auto number = std::to_string(at);
    const auto add = [&](model::CensusReading& to, const std::string& name, std::uint64_t count) {
      to.processes[0].census.types.push_back(examples::type(name + number, "m", at, count, count * 100, count * 112));
    };
    add(before, "m.up", 1'000);
    add(after, "m.up", 1'000 + at);
    add(before, "m.down", 1'000);
    add(after, "m.down", 1'000 - at);
  }
  auto view = view_of(before, after);
  view.top = 3;
  const auto text = flat(census_diff_text(view, {}));
  CHECK(has(text, "m.up100 1,000 1,100 +100 +9.8 KB 2.0 m.up99 1,000 1,099 +99 +9.7 KB 2.0 m.up98"));
  CHECK_FALSE(has(text, "m.up97"));
  CHECK(has(text, "… 97 more types that grew 97,000 101,753 +4,753 +464.2 KB 94.1 m.down100 1,000 900 -100 -9.8 KB"));
  CHECK(has(text, "m.down96"));
  CHECK_FALSE(has(text, "m.down95"));
  CHECK(has(text, "… 95 more types that shrank 95,000 90,440 -4,560 -445.3 KB all types 200,000 200,000"));
  view.top = 0;
  const auto all = census_diff_text(view, {});
  CHECK(has(all, "m.up1 "));
  CHECK(has(all, "m.down1 "));
  CHECK_FALSE(has(all, "more type"));
}

TEST_CASE("objects kept on purpose, and classes made again and again, are told apart") {
  const auto before = examples::racing();
  auto after = examples::grown();
  const auto text = flat(census_diff_text(view_of(before, after), {}));
  CHECK(has(text, "1,500 more objects are immortal, never freed: builtins.str +1,500."));
  CHECK(has(text, "2,000 more str are interned."));
  CHECK(has(text, "More types of one name, as when a class is made again and again: app.models.Order 2 to 3."));
  after.processes[0].census.types = before.processes[0].census.types;
  after.processes[0].census.types[4].immortal += 1;
  const auto one = flat(census_diff_text(view_of(before, after), {}));
  CHECK(has(one, "1 more object is immortal, never freed: builtins.tuple +1."));
  CHECK_FALSE(has(one, "interned"));
  CHECK_FALSE(has(one, "one name"));
}

TEST_CASE("a difference says how little of it means something") {
  auto before = examples::racing();
  auto after = examples::grown();
  const auto text = flat(census_diff_text(view_of(before, after), {}));
  CHECK(has(text,
            "Racing: then 99.5 % of the blocks in use were looked at (some 4,052 missed), now 98.9 % (some 9,152 "
            "missed). A change smaller than what was missed means nothing."));
  CHECK_FALSE(has(text, "--budget"));
  before.processes[0].census.coverage = {.blocks = 10};
  after.processes[0].census.coverage = {.blocks = 10};
  CHECK(has(flat(census_diff_text(view_of(before, after), {})),
            "Racing: what came or went while it was read can look like a change."));
  after.processes[0].census.coverage.is_out_of_budget = true;
  after.processes[0].census.coverage.left_out_bytes = 640;
  const auto cut = flat(census_diff_text(view_of(before, after), {}));
  CHECK(has(cut, "then all of the blocks in use were looked at, now 50.0 % (some 10 missed)."));
  CHECK(has(cut, "The walk was out of time now:"));
}

TEST_CASE("JSON: the changes of the types are that of all, what grew most first") {
  const auto before = examples::racing();
  const auto after = examples::grown();
  const auto json = nlohmann::json::parse(census_diff_json(view_of(before, after)))["processes"][0];
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  double share = 0;
  std::int64_t last = INT64_MAX;
  for (const auto& type : json["types"]) {
    bytes += type["change_bytes"].get<std::int64_t>();
    count += type["change_count"].get<std::int64_t>();
    CHECK(type["change_bytes"] == type["after_bytes"].get<std::int64_t>() - type["before_bytes"].get<std::int64_t>());
    CHECK(type["change_bytes"].get<std::int64_t>() <= last);
    last = type["change_bytes"].get<std::int64_t>();
    if (type["share_of_growth"].is_number()) share += type["share_of_growth"].get<double>();
  }
  CHECK(bytes == json["total"]["change_bytes"]);
  CHECK(count == json["total"]["change_count"]);
  CHECK(share == doctest::Approx(1));
  CHECK(json["types"][1]["new"] == true);
  CHECK(json["coverage_after"]["torn_blocks"] == 8'000);
  CHECK(json["coverage_before"]["consistency"] == "racing");
}

TEST_CASE("processes without a counterpart are named") {
  const auto before = examples::tree();
  auto after = examples::tree();
  after.processes.erase(after.processes.begin() + 2);
  after.processes[1].identity = {.pid = 5000, .start_ticks = 1};
  after.processes[1].name = "cel\x1b[2Jery";
  const auto view = view_of(before, after);
  const auto text = flat(census_diff_text(view, {}));
  CHECK(has(text, "gunicorn (pid 4712, child of 4711) was there before and is not among those read now."));
  CHECK(has(text, "cel\\x1b[2Jery (pid 5000, child of 4711) has nothing before that it could be compared with."));
  const auto json = nlohmann::json::parse(census_diff_json(view));
  CHECK(json["only_before"].size() == 2);
  CHECK(json["only_after"][0]["pid"] == 5000);
}

TEST_CASE("hostile names and wide figures fit") {
  auto before = examples::hostile();
  auto after = examples::hostile();
  auto& types = after.processes[0].census.types;
  types[0].bytes += 77 * examples::mb;
  types[0].count = std::uint64_t{1} << 62U;
  types[1].bytes -= model::Bytes{11} << 40U;
  types[1].immortal = types[1].count;
  types.push_back(types[0]);
  for (const std::size_t width : {60U, 80U}) {
    const auto text = census_diff_text(view_of(before, after), {.width = width});
    CHECK(widest_line(text) <= width);
    CHECK_FALSE(has(text, "\x1b"));
    CHECK_FALSE(has(census_diff_json(view_of(before, after)), "\x1b"));
  }
}
