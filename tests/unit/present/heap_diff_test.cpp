// Differences of ledgers as text and JSON.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "golden_file.hpp"
#include "heap_examples.hpp"
#include "support.hpp"
#include "text_checks.hpp"
#include "tidemark/present/heap.hpp"

using namespace tidemark;
using namespace tidemark::present;
using namespace tidemark::present::test;
namespace examples = tidemark::heap_examples;

namespace {

HeapDiffView view_of(const model::HeapReading& before, const model::HeapReading& after) {
  HeapDiffView view;
  view.compared = analysis::compare_heaps(before.processes, after.processes);
  return view;
}

}  // namespace

TEST_CASE("golden: growth in a minute, and a saved ledger against now") {
  const auto before = examples::racing();
  const auto after = examples::grown();
  auto view = view_of(before, after);
  view.apart_ns = 60'000'000'000;
  check_golden("heap_growth.txt", heap_diff_text(view, {}));
  check_golden("heap_growth.json", heap_diff_json(view));

  auto other = examples::grown();
  other.processes[0].identity = {.pid = 99, .start_ticks = 7};
  auto saved = view_of(before, other);
  saved.before_file = "monday\x1b.json";
  saved.before_wall_ns = before.wall_ns;
  check_golden("heap_diff.txt", heap_diff_text(saved, {}));
}

TEST_CASE("the difference of a ledger with itself is nothing, and adds up") {
  const auto reading = examples::exact();
  const auto view = view_of(reading, reading);
  const auto text = heap_diff_text(view, {});
  CHECK(has(text, "others (26)"));
  CHECK(has(text, "+0.0"));
  CHECK_FALSE(has(text, "DOES NOT ADD UP"));
  const auto json = nlohmann::json::parse(heap_diff_json(view));
  CHECK(json["processes"][0]["adds_up"] == true);
  for (const auto& row : json["processes"][0]["rows"]) CHECK(row["change_bytes"] == 0);
}

TEST_CASE("JSON: the rows' changes are the sum, whatever grew") {
  const auto before = examples::racing();
  const auto after = examples::grown();
  const auto json = nlohmann::json::parse(heap_diff_json(view_of(before, after)))["processes"][0];
  std::int64_t sum = 0;
  std::int64_t last = INT64_MAX;
  for (const auto& row : json["rows"]) {
    sum += row["change_bytes"].get<std::int64_t>();
    CHECK(std::abs(row["change_bytes"].get<std::int64_t>()) <= last);
    last = std::abs(row["change_bytes"].get<std::int64_t>());
  }
  CHECK(sum == json["row_change_bytes"]);
  CHECK(sum + json["moved_change_bytes"].get<std::int64_t>() == json["rss_change_bytes"]);
  CHECK(json["rows"][0]["detail"] == "dict");
}

TEST_CASE("what does not add up is said in a difference too") {
  const auto before = examples::racing();
  auto after = examples::grown();
  after.processes[0].ledger.rss_bytes += 4096;
  const auto view = view_of(before, after);
  CHECK(has(heap_diff_text(view, {}), "DOES NOT ADD UP"));
  CHECK(nlohmann::json::parse(heap_diff_json(view))["processes"][0]["adds_up"] == false);
}

TEST_CASE("hostile names and wide figures fit") {
  const auto before = examples::hostile();
  auto after = examples::hostile();
  after.processes[0].ledger.rows[0].bytes += 77 * examples::mb;
  after.processes[0].ledger.rows[12].bytes -= 12345 * examples::mb;
  examples::settle(after.processes[0].ledger);
  for (const std::size_t width : {60U, 80U}) {
    const auto text = heap_diff_text(view_of(before, after), {.width = width});
    CHECK(widest_line(text) <= width);
    CHECK_FALSE(has(text, "\x1b"));
  }
}
