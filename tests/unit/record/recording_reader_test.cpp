#include "tidemark/record/recording_reader.hpp"

#include <doctest/doctest.h>

#include "recording_reader_support.hpp"
#include "tidemark/record/recording_file.hpp"

using namespace tidemark;
using namespace tidemark::record;
using model::RecordedFormat;
using test::Notebook;

namespace {

constexpr std::int64_t second = base::ns_per_second;
constexpr model::Bytes mib_bytes = 1U << 20U;

/// Ticks with a phase, an empty sample, and sizes of whole pages and KiB.
std::vector<model::Tick> some_ticks(int count) {
  std::vector<model::Tick> ticks;
  for (int i = 0; i < count; ++i) {
    auto tick = test::some_tick();
    tick.wall_ns += i * second / 4;
    tick.elapsed_ns = i * second / 4 + 123'456;
    tick.phase = i < 2 ? "" : "load, \"then\"\nidle \xff\\";
    tick.samples[0].proc.rss = static_cast<model::Bytes>(i + 1) * 4096;
    tick.samples[0].proc.hwm = static_cast<model::Bytes>(i * 7 + 1) * 1024;
    ticks.push_back(std::move(tick));
  }
  return ticks;
}

void write_recording(const std::string& path, Format format, const std::vector<model::Tick>& ticks) {
  auto file = RecordingFile::open({.path = path, .format = format}, test::some_header());
  REQUIRE(file);
  for (const auto& tick : ticks) REQUIRE((*file)->write({}, &tick));
}

void check_equal(const model::RecordedRow& a, const model::RecordedRow& b) {
  CHECK(a.wall_ns == b.wall_ns);
  CHECK(a.elapsed_ns == b.elapsed_ns);
  CHECK(a.process == b.process);
  CHECK(a.cpu_percent == b.cpu_percent);
  CHECK(a.rss == b.rss);
  CHECK(a.hwm == b.hwm);
  CHECK(a.memory_percent == b.memory_percent);
  CHECK(a.cgroup_working_set == b.cgroup_working_set);
  CHECK(a.cgroup_limit == b.cgroup_limit);
  CHECK(a.gc_collections == b.gc_collections);
  CHECK(a.gc_collected == b.gc_collected);
}

}  // namespace

TEST_CASE("what was recorded is read back to the byte, from CSV and from JSONL") {
  const test::TempDirectory directory;
  const auto ticks = some_ticks(50);
  for (const Format format : {Format::csv, Format::jsonl}) {
    const std::string path = directory.file(format == Format::csv ? "x.csv" : "x.jsonl");
    write_recording(path, format, ticks);
    Notebook notebook;
    const auto losses = test::read_all(path, notebook);
    CHECK(losses.rows == 100);
    CHECK(losses.lost_rows == 0);
    CHECK(losses.bad_cells == 0);
    CHECK(losses.torn_tails == 0);
    CHECK(notebook.formats ==
          std::vector<RecordedFormat>{format == Format::csv ? RecordedFormat::csv : RecordedFormat::jsonl});
    REQUIRE(notebook.rows.size() == 100);
    REQUIRE(notebook.processes.size() == 2);
    CHECK(notebook.processes[0].identity.pid == 4951);
    CHECK(notebook.processes[0].name == "uvicorn");
    CHECK(notebook.processes[0].started_wall_ns == (test::some_wall_ns - 90 * second) / 1'000'000 * 1'000'000);
    CHECK(notebook.processes[1].name == "a,\"b\"\n\xff\\\xc3\xa9");
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const auto& row = notebook.rows[2 * i].row;
      CHECK(row.wall_ns == ticks[i].wall_ns / 1'000'000 * 1'000'000);
      CHECK(row.elapsed_ns == ticks[i].elapsed_ns / 1000 * 1000);
      CHECK(row.process == 0);
      CHECK(notebook.rows[2 * i].phase == ticks[i].phase);
      CHECK(row.rss == ticks[i].samples[0].proc.rss);
      CHECK(row.hwm == ticks[i].samples[0].proc.hwm);
      CHECK(row.cpu_percent == 408.9);
      CHECK(row.memory_percent == 12.3457);
      CHECK(row.cgroup_working_set == 37 * mib_bytes);
      CHECK(row.cgroup_limit == 38 * mib_bytes);
      CHECK(row.gc_collections == std::array<std::optional<std::int64_t>, 3>{101, 102, 103});
      CHECK(row.gc_collected == 1230);
      const auto& empty = notebook.rows[2 * i + 1].row;
      CHECK(empty.process == 1);
      CHECK(!empty.rss);
      CHECK(!empty.cpu_percent);
      CHECK(!empty.cgroup_limit);
      CHECK(!empty.gc_collections[0]);
      CHECK(!empty.gc_collected);
    }
  }
}

TEST_CASE("CSV and JSONL of the same ticks give the same rows") {
  const test::TempDirectory directory;
  const auto ticks = some_ticks(30);
  write_recording(directory.file("a.csv"), Format::csv, ticks);
  write_recording(directory.file("b.jsonl"), Format::jsonl, ticks);
  Notebook csv, jsonl;
  test::read_all(directory.file("a.csv"), csv);
  test::read_all(directory.file("b.jsonl"), jsonl);
  REQUIRE(csv.rows.size() == jsonl.rows.size());
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    check_equal(csv.rows[i].row, jsonl.rows[i].row);
    CHECK(csv.rows[i].phase == jsonl.rows[i].phase);
  }
}

TEST_CASE("JSONL gives the header and the events that a report needs, and passes over what it does not know") {
  const test::TempDirectory directory;
  const std::string path = directory.file("x.jsonl");
  JsonlEncoder encoder(test::some_header());
  std::string text = encoder.header_line();
  const auto tick = test::some_tick();
  const auto add = [&](auto what) {
    encoder.append_event(text, {.wall_ns = tick.wall_ns, .elapsed_ns = 5 * second, .what = std::move(what)});
  };
  add(model::ProcessStart{tick.samples[0].process});
  add(model::Mark{.label = "job \n1", .fields = {{"z", "1"}, {"a", "\xff"}}});
  add(model::Suspend{.slept_ns = 90 * second});
  add(model::MapsReading{.process = tick.samples[0].process, .kinds = {}});
  text += R"({"type":"of a later version","timestamp":"x","elapsed_seconds":1.0,"rows":[{"pid":1}]})"
          "\n";
  encoder.append_tick(text, tick);
  model::RecordingEnd end;
  end.why = "signal";
  end.ticks = 10;
  end.late_ticks = 2;
  end.lost_ticks = 3;
  end.short_lived_note = "a lower bound";
  end.own_cpu_ns = 1'500'000'000;
  end.own_peak_rss = 8 * mib_bytes;
  end.longest_pause_ns = 2'500'000;
  add(end);
  test::write_text(path, text);
  Notebook notebook;
  const auto losses = test::read_all(path, notebook);
  CHECK(losses.rows == 2);
  CHECK(losses.lost_rows == 0);
  REQUIRE(notebook.headers.size() == 1);
  const auto wanted = test::some_header();
  CHECK(notebook.headers[0].tool == wanted.tool);
  CHECK(notebook.headers[0].host == wanted.host);
  CHECK(notebook.headers[0].boot_id == wanted.boot_id);
  CHECK(notebook.headers[0].kernel == wanted.kernel);
  CHECK(notebook.headers[0].command_line == wanted.command_line);
  CHECK(notebook.headers[0].targets == wanted.targets);
  CHECK(notebook.headers[0].interval_seconds == wanted.interval_seconds);
  CHECK(notebook.headers[0].started_wall_ns == wanted.started_wall_ns / 1'000'000 * 1'000'000);
  REQUIRE(notebook.processes.size() == 2);
  CHECK(notebook.processes[0].identity.start_ticks == 123456);
  CHECK(notebook.processes[0].command_line == "/usr/bin/python3 -m uvicorn app:app");
  CHECK(notebook.processes[0].parent_at_first_sight == 1);
  CHECK(notebook.processes[1].identity.start_ticks == 0);
  REQUIRE(notebook.marks.size() == 1);
  CHECK(notebook.marks[0].first == 5 * second);
  CHECK(notebook.marks[0].second.label == "job \n1");
  CHECK(notebook.marks[0].second.fields == std::vector<std::pair<std::string, std::string>>{{"z", "1"}, {"a", "\xff"}});
  REQUIRE(notebook.suspends.size() == 1);
  CHECK(notebook.suspends[0].second.slept_ns == 90 * second);
  REQUIRE(notebook.ends.size() == 1);
  const auto& read = notebook.ends[0].second;
  CHECK(read.why == "signal");
  CHECK(read.ticks == 10);
  CHECK(read.late_ticks == 2);
  CHECK(read.lost_ticks == 3);
  CHECK(!read.short_lived);
  CHECK(read.short_lived_note == "a lower bound");
  CHECK(read.own_cpu_ns == end.own_cpu_ns);
  CHECK(read.own_peak_rss == end.own_peak_rss);
  CHECK(read.longest_pause_ns == end.longest_pause_ns);
}

TEST_CASE("the same pid with another start time or name is another process, whatever the order of the rows") {
  const test::TempDirectory directory;
  const std::string header = test::psutil_header.substr(0, test::psutil_header.size() - 1) + ",process_started\n";
  const std::string early = "2026-11-21T05:51:00.000Z", late = "2026-11-21T05:52:00.000Z";
  test::write_text(directory.file("x.csv"), header + "t,0,a,1,,,," + early + "\nt,0,b,2,,,," + early + "\nt,1,b,2,,,," +
                                                early + "\nt,1,a,1,,,," + late + "\nt,2,a,1,,,," + early +
                                                "\nt,2,c,1,,,," + early + "\nt,3,a,11,,,," + early + "\n");
  Notebook notebook;
  test::read_all(directory.file("x.csv"), notebook);
  std::vector<std::uint32_t> numbers;
  for (const auto& kept : notebook.rows) numbers.push_back(kept.row.process);
  CHECK(numbers == std::vector<std::uint32_t>{0, 1, 1, 2, 0, 3, 4});
  CHECK(notebook.processes[4].identity.pid == 11);
}

TEST_CASE("a pid that comes again at the place where it was in the tick before is another process") {
  const test::TempDirectory directory;
  const std::string header = test::psutil_header.substr(0, test::psutil_header.size() - 1) + ",process_started\n";
  test::write_text(directory.file("x.csv"), header + "t,0,a,1,,,,2026-11-21T05:51:00.000Z\n" +
                                                "t,1,a,1,,,,2026-11-21T05:52:00.000Z\n" +
                                                "t,2,b,1,,,,2026-11-21T05:52:00.000Z\n");
  Notebook notebook;
  test::read_all(directory.file("x.csv"), notebook);
  REQUIRE(notebook.rows.size() == 3);
  CHECK(notebook.rows[1].row.process == 1);
  CHECK(notebook.rows[2].row.process == 2);
}

TEST_CASE("psutil-style CSV: columns in any order, quotes, CRLF, a byte order mark, floats for integers") {
  const test::TempDirectory directory;
  test::write_text(
      directory.file("x.csv"),
      "\xef\xbb\xbfpid,process_name,note,timestamp,elapsed_seconds,cpu_percent,memory_percent,memory_rss_mb\r\n"
      "4951.0,\"a, \"\"b\"\"\",x,2025-12-09 23:42:04.123456,0.5,1,0.25,85.40234375\r\n"
      "4951,\"a, \"\"b\"\"\",x,2025-12-09T23:42:05,1.123456789012,nan,None,85\r\n"
      "7,c,,2025-12-10T00:42:06.5+01:00,2,,1e-05,abc\r\n"
      "7,c,\"two\r\nlines\",1765323727.25,3,,,-1\r\n"
      "short\r\n");
  Notebook notebook;
  const auto losses = test::read_all(directory.file("x.csv"), notebook);
  CHECK(notebook.formats == std::vector<RecordedFormat>{RecordedFormat::foreign_csv});
  CHECK(losses.rows == 4);
  CHECK(losses.bad_cells == 2);  // abc, -1
  REQUIRE(losses.lost_rows == 1);
  CHECK(losses.first[0].line == 7);
  constexpr std::int64_t at_04 = 1'765'323'724 * second;
  CHECK(notebook.rows[0].row.wall_ns == at_04 + 123'456'000);
  CHECK(notebook.rows[1].row.wall_ns == at_04 + second);
  CHECK(notebook.rows[2].row.wall_ns == at_04 + 2 * second + second / 2);
  CHECK(notebook.rows[3].row.wall_ns == at_04 + 3 * second + second / 4);
  CHECK(notebook.rows[0].row.elapsed_ns == second / 2);
  CHECK(notebook.rows[1].row.elapsed_ns == 1'123'456'789);
  CHECK(notebook.rows[0].row.rss == 89'550'848);  // 85.40234375 * 2^20
  CHECK(notebook.rows[1].row.rss == 85 * mib_bytes);
  CHECK(!notebook.rows[1].row.cpu_percent);
  CHECK(!notebook.rows[2].row.rss);
  CHECK(notebook.rows[2].row.memory_percent == 1e-05);
  CHECK(notebook.processes[0].name == "a, \"b\"");
  CHECK(notebook.processes[0].started_wall_ns == 0);
}

TEST_CASE("a row that cannot be placed is lost, named by file and line, and leaves nothing behind") {
  const test::TempDirectory directory;
  const std::string path = directory.file("x.csv");
  test::write_text(path, test::psutil_header + "t,0,a,1,,10.0,\nt,,a,1,,,\nt,soon,a,1,,,\nt,1,a,,,,\nt,1,a,x,,,\n" +
                             test::psutil_header + "t,2\nt,2,a,1,,10.0,\nt,2,a,1");
  Notebook notebook;
  const auto losses = test::read_all(path, notebook);
  CHECK(losses.rows == 2);
  CHECK(losses.lost_rows == 6);
  CHECK(losses.torn_tails == 1);
  CHECK(notebook.processes.size() == 1);
  std::vector<std::pair<std::uint64_t, std::string>> named;
  for (const auto& lost : losses.first) {
    CHECK(lost.path == path);
    named.emplace_back(lost.line, lost.why);
  }
  CHECK(named == std::vector<std::pair<std::uint64_t, std::string>>{{3, "elapsed_seconds is empty"},
                                                                    {4, "elapsed_seconds is 'soon'"},
                                                                    {5, "pid is empty"},
                                                                    {6, "pid is 'x'"},
                                                                    {7, "a second header: files were put together"},
                                                                    {8, "2 cells, the header has 7"}});
}

TEST_CASE("JSONL lines that are no rows are lost and named, a torn last one is counted") {
  const test::TempDirectory directory;
  const std::string path = directory.file("x.jsonl");
  JsonlEncoder encoder(test::some_header());
  std::string tick;
  encoder.append_tick(tick, test::some_tick());
  test::write_text(path, encoder.header_line() + tick + "{\"type\":\"sample\",\n[1]\n\n" +
                             R"({"timestamp":"x"})"
                             "\n"
                             R"({"type":"sample","elapsed_seconds":13,"pid":"x"})"
                             "\n" +
                             R"({"type":"sample","elapsed_seconds":[13],"pid":1})"
                             "\n" +
                             tick + tick.substr(0, 40));
  Notebook notebook;
  const auto losses = test::read_all(path, notebook);
  CHECK(losses.rows == 4);
  CHECK(losses.torn_tails == 1);
  std::vector<std::pair<std::uint64_t, std::string>> named;
  for (const auto& lost : losses.first) named.emplace_back(lost.line, lost.why);
  CHECK(named == std::vector<std::pair<std::uint64_t, std::string>>{{4, "not a JSON object"},
                                                                    {5, "not a JSON object"},
                                                                    {6, "not a JSON object"},
                                                                    {7, "no type"},
                                                                    {8, "pid is 'x'"},
                                                                    {9, "elapsed_seconds is empty"}});
}
