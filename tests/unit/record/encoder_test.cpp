#include "tidemark/record/encoder.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support.hpp"
#include "tidemark/record/columns.hpp"
#include "tidemark/record/csv_reader.hpp"
#include "tidemark/record/text.hpp"

using namespace tidemark;
using namespace tidemark::record;

namespace {

constexpr const char* golden_rows =
    "2026-11-21T05:53:00.123Z,12.500,uvicorn,4951,408.9,3590.2,12.3457,2026-11-21T05:51:30.123Z,1,R,17,4000.0,4001.0,"
    "3591.0,3000.0,3500.0,90.0,0.003906,0.0,3580.0,3570.0,1000001,2,31,32,33,34.0,35.0,36.0,37.0,38.0,8192.0,6,4960,1,"
    "696,7,3,101,102,103,1230,7,5,Leak.run,/srv/app/main.py,42,\"load, then idle\",0.034,,0.75,41.0,42.0\n"
    "2026-11-21T05:53:00.123Z,12.500,\"a,\"\"b\"\"\\x0a\\xff\\x5c\xc3\xa9\",5002,,,,2026-11-21T05:51:30.123Z,,,,,,"
    ",,,,,,,,,,,,,,,,,,8192.0,,,,,,,,,,,,,,,,\"load, then idle\",0.0,io:denied python:not_python,,,\n";

std::string event_line(auto what) {
  JsonlEncoder encoder(test::some_header());
  std::string out;
  encoder.append_event(
      out, model::Event{.wall_ns = test::some_wall_ns, .elapsed_ns = 1'250'000'000, .what = std::move(what)});
  REQUIRE(nlohmann::json::accept(out));
  return out;
}

const std::string stamp = R"("timestamp":"2026-11-21T05:53:00.123Z","elapsed_seconds":1.250)";
const std::string uvicorn = R"("process_name":"uvicorn","pid":4951,"process_started":"2026-11-21T05:51:30.123Z")";

}  // namespace

TEST_CASE("a tick as CSV, byte for byte") {
  CsvEncoder encoder;
  std::string out;
  encoder.append_tick(out, test::some_tick());
  CHECK(out == golden_rows);
  CHECK(encoder.header_line().starts_with("timestamp,elapsed_seconds,process_name,pid,"));
  CHECK(encoder.header_line().ends_with(",sample_cost_ms,gaps,pymalloc_arenas_mb,malloc_system_mb,malloc_free_mb\n"));
}

TEST_CASE("a tick without processes has no line; events have none in CSV") {
  CsvEncoder encoder;
  std::string out;
  encoder.append_tick(out, model::Tick{});
  encoder.append_event(out, model::Event{.what = model::Mark{.label = "x", .fields = {}}});
  CHECK(out.empty());
}

TEST_CASE("a JSONL sample holds exactly the cells of the CSV row") {
  const model::Tick tick = test::some_tick();
  CsvEncoder csv;
  JsonlEncoder jsonl(test::some_header());
  std::string rows;
  std::string samples;
  csv.append_tick(rows, tick);
  jsonl.append_tick(samples, tick);
  const auto row_lines = test::lines_of(rows);
  const auto sample_lines = test::lines_of(samples);
  REQUIRE(row_lines.size() == 2);
  REQUIRE(sample_lines.size() == 2);
  for (std::size_t i = 0; i < row_lines.size(); ++i) {
    const auto cells = parse_csv_line(row_lines[i]);
    REQUIRE(cells.has_value());
    REQUIRE(cells->size() == columns().size());
    const auto sample = nlohmann::ordered_json::parse(sample_lines[i]);
    REQUIRE(sample.size() == columns().size() + (i == 0 ? 2 : 1));  // `type`, and `heap` where one was read
    CHECK(sample["type"] == "sample");
    for (std::size_t column = 0; column < cells->size(); ++column) {
      const auto& value = sample[std::string(columns()[column].name)];
      CAPTURE(columns()[column].name);
      const std::string& cell = cells->at(column);
      if (value.is_null())
        CHECK(cell.empty());
      else if (value.is_string())
        CHECK(cell == value.get<std::string>());
      else
        CHECK(nlohmann::json::parse(cell) == value);
    }
  }
  CHECK(sample_lines[0].starts_with(
      R"({"type":"sample","timestamp":"2026-11-21T05:53:00.123Z","elapsed_seconds":12.500,)"
      R"("process_name":"uvicorn","pid":4951,"cpu_percent":408.9,"memory_rss_mb":3590.2,)"));
}

TEST_CASE("a JSONL sample has the ledger of its heap at the ticks that read one") {
  JsonlEncoder encoder(test::some_header());
  std::string out;
  encoder.append_tick(out, test::some_tick());
  const auto lines = test::lines_of(out);
  const auto heap = nlohmann::json::parse(lines[0])["heap"];
  CHECK(heap["rss_bytes"] == 8192);
  CHECK(heap["rows"][0] == nlohmann::json({{"owner", "kernel"},
                                           {"detail", ""},
                                           {"bytes", 8192},
                                           {"private_bytes", 0},
                                           {"swap_bytes", 0},
                                           {"count", 2}}));
  CHECK(heap["malloc"]["system_bytes"] == 41 << 20);
  CHECK_FALSE(nlohmann::json::parse(lines[1]).contains("heap"));
}

TEST_CASE("the JSONL header says what the recording is") {
  JsonlEncoder encoder(test::some_header());
  const auto header = nlohmann::ordered_json::parse(encoder.header_line());
  CHECK(encoder.header_line().starts_with(
      R"({"type":"header","timestamp":"2026-11-21T05:53:00.123Z","elapsed_seconds":0.000,"format_version":1,)"));
  CHECK(header["command_line"] == nlohmann::ordered_json({"tidemark", "record", "--name", "a \"b\""}));
  CHECK(header["targets"] == nlohmann::ordered_json({4951}));
  CHECK(header["interval_seconds"] == 0.25);
  std::size_t index = 0;
  for (const auto& [name, unit] : header["units"].items()) {
    CHECK(name == columns()[index].name);
    CHECK(unit == columns()[index].unit);
    ++index;
  }
  CHECK(index == columns().size());
}

TEST_CASE("each kind of event is one line") {
  const auto process = test::process(4951, "uvicorn");
  CHECK(event_line(model::Mark{.label = "warm\nup", .fields = {{"run", "3"}}}) ==
        R"({"type":"mark",)" + stamp +
            R"(,"phase":"warm\\x0aup","fields":{"run":"3"}})"
            "\n");
  CHECK(event_line(model::ProcessStart{process}) ==
        R"({"type":"process_start",)" + stamp + "," + uvicorn +
            R"(,"start_ticks":123456,"ppid":1,"command_line":"/usr/bin/python3 -m uvicorn app:app"})"
            "\n");
  CHECK(event_line(model::PythonFound{process, "3.11.2", "builtin", "/usr/bin/python3.11"}) ==
        R"({"type":"python",)" + stamp + "," + uvicorn +
            R"(,"version":"3.11.2","layout_origin":"builtin","module_path":"/usr/bin/python3.11"})"
            "\n");
  CHECK(
      event_line(model::SourceError{nullptr, {model::Source::cgroup, model::Reason::denied}, "EACCES"}) ==
      R"({"type":"error",)" + stamp +
          R"(,"process_name":null,"pid":null,"process_started":null,"source":"cgroup","reason":"denied","text":"EACCES"})"
          "\n");
  CHECK(event_line(model::RationRate{model::Source::smaps_rollup, 2.5, 0.9, 0.35}) ==
        R"({"type":"rate",)" + stamp +
            R"(,"source":"smaps_rollup","interval_seconds":2.5,"cost_ms":0.9,"spent_percent":0.35})"
            "\n");
  CHECK(event_line(model::Suspend{3'600'000'000'000}) == R"({"type":"suspend",)" + stamp +
                                                             R"(,"slept_seconds":3600.000})"
                                                             "\n");
}

TEST_CASE("process_exit carries the last values, and none of a tick that did not see it") {
  const auto last = std::make_shared<const model::ProcessSample>(test::full_sample());
  const auto line = nlohmann::json::parse(
      event_line(model::ProcessExit{.last = last, .last_seen_elapsed_ns = 1'000'000'000, .wait_status = 3 << 8}));
  CHECK(line["pid"] == 4951);
  CHECK(line["exit_status"] == 3);
  CHECK(line["signal"].is_null());
  CHECK(line["last_seen_elapsed_seconds"] == 1.0);
  CHECK(line["last"]["memory_rss_mb"] == 3590.2);
  CHECK(line["last"]["gc_collected"] == 1230);
  CHECK(!line["last"].contains("phase"));
  CHECK(!line["last"].contains("timestamp"));
  const auto killed = nlohmann::json::parse(event_line(model::ProcessExit{.last = last, .wait_status = 9}));
  CHECK(killed["signal"] == 9);
  CHECK(killed["exit_status"].is_null());
}

TEST_CASE("maps and the end of a recording have all their figures") {
  model::MapsReading reading{.process = test::process(4951, "uvicorn"), .kinds = {}};
  reading.kinds.push_back({.name = "[heap]", .maps = 1, .size = 1U << 20U, .rss = 4096});
  const auto maps = nlohmann::json::parse(event_line(reading));
  CHECK(maps["kinds"][0]["kind"] == "[heap]");
  CHECK(maps["kinds"][0]["size_mb"] == 1.0);
  CHECK(maps["kinds"][0]["rss_mb"] == 0.003906);
  CHECK(maps["kinds"][0].size() == 12);

  model::RecordingEnd end;
  end.why = "duration";
  end.ticks = 20;
  end.lost_ticks = 1;
  end.own_cpu_ns = 2'000'000;
  const auto line = nlohmann::json::parse(event_line(end));
  CHECK(line["why"] == "duration");
  CHECK(line["ticks"] == 20);
  CHECK(line["lost_ticks"] == 1);
  CHECK(line["short_lived"].is_null());
  CHECK(line["own_cpu_seconds"] == 0.002);
  CHECK(line["longest_pause_ms"] == 0.0);
}
