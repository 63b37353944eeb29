#include "tidemark/record/csv_reader.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support.hpp"
#include "tidemark/record/encoder.hpp"

using namespace tidemark;
using namespace tidemark::record;
using base::ErrorCode;

namespace {

const std::string psutil_header =
    "timestamp,elapsed_seconds,process_name,pid,cpu_percent,memory_rss_mb,memory_percent\n";

CsvReader open_reader(const std::string& path) {
  auto reader = CsvReader::open(path);
  if (!reader) FAIL(base::describe(reader.error()));
  return std::move(*reader);
}

std::vector<std::vector<std::string>> all_rows(CsvReader& reader) {
  std::vector<std::vector<std::string>> rows;
  CsvRow row;
  for (auto more = reader.next(row);; more = reader.next(row)) {
    if (!more) FAIL(base::describe(more.error()));
    if (!*more) return rows;
    rows.emplace_back(row.cells.begin(), row.cells.end());
  }
}

std::vector<std::uint64_t> lost_lines(const CsvReader& reader) {
  std::vector<std::uint64_t> lines;
  for (const NotARow& lost : reader.losses().wrong_width) lines.push_back(lost.line);
  return lines;
}

base::Error refusal_of(const test::TempDirectory& directory, const std::string& text) {
  test::write_text(directory.file("x.csv"), text);
  const auto reader = CsvReader::open(directory.file("x.csv"));
  REQUIRE(!reader);
  return reader.error();
}

}  // namespace

TEST_CASE("a recording of ours is read back cell by cell") {
  const test::TempDirectory directory;
  CsvEncoder encoder;
  std::string text = encoder.header_line();
  encoder.append_tick(text, test::some_tick());
  test::write_text(directory.file("x.csv"), text);
  auto reader = open_reader(directory.file("x.csv"));
  const auto rows = all_rows(reader);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0][*reader.column("memory_rss_mb")] == "3590.2");
  CHECK(rows[0][*reader.column("phase")] == "load, then idle");
  CHECK(rows[1][*reader.column("process_name")] == "a,\"b\"\\x0a\\xff\\x5c\xc3\xa9");
  CHECK(rows[1][*reader.column("cpu_percent")].empty());
  CHECK(rows[1][*reader.column("gaps")] == "io:denied python:not_python");
  CHECK(!reader.column("no such column"));
  CHECK(reader.rows() == 2);
  CHECK(reader.losses().torn_tail_bytes == 0);
  CHECK(reader.losses().wrong_width_rows == 0);
}

TEST_CASE("cut at any byte, a file gives exactly its whole lines, and says what was left") {
  const test::TempDirectory directory;
  const std::string path = directory.file("x.csv");
  const std::string text = psutil_header + "t,0.0,a,1,1.0,2.0,3.0\nt,1.0,\"a,b\",1,,,\nt,2.0,a,1,1.0,2.0,3.0\n";
  for (std::size_t length = psutil_header.size(); length <= text.size(); ++length) {
    CAPTURE(length);
    const std::string cut = text.substr(0, length);
    test::write_text(path, cut);
    auto reader = open_reader(path);
    CHECK(all_rows(reader).size() == static_cast<std::size_t>(std::count(cut.begin(), cut.end(), '\n')) - 1);
    CHECK(reader.losses().torn_tail_bytes == length - cut.rfind('\n') - 1);
    CHECK(reader.losses().wrong_width_rows == 0);
  }
}

TEST_CASE("rows of another width are counted and named by line") {
  const test::TempDirectory directory;
  test::write_text(directory.file("x.csv"), psutil_header + "t,0.0,a,1,1.0,2.0,3.0\nt,0.0,a\nt,1.0,a,1,1.0,2.0,3.0\n" +
                                                "t,2.0,a,1,1.0,2.0,3.0,4.0\nt,3.0,a,1,1.0,2.0,3.0\n");
  auto reader = open_reader(directory.file("x.csv"));
  const auto rows = all_rows(reader);
  REQUIRE(rows.size() == 3);
  CHECK(rows[2][1] == "3.0");
  CHECK(reader.losses().wrong_width_rows == 2);
  CHECK(lost_lines(reader) == std::vector<std::uint64_t>{3, 5});
}

TEST_CASE("line numbers hold over blank lines and many chunks; only the first faults are named") {
  const test::TempDirectory directory;
  std::string text = psutil_header + "\n";
  const std::string row = "2026-11-21T05:53:00.123Z,1.0,\"some, name\",4951,1.0,2.0,3.0\n";
  constexpr std::size_t rows_in_block = 2000;
  std::vector<std::uint64_t> expected{2};
  std::uint64_t line = 2;
  for (std::size_t block = 0; block < max_named_lines; ++block) {
    for (std::size_t i = 0; i < rows_in_block; ++i) text += row;
    text += "short,row\n";
    line += rows_in_block + 1;
    if (expected.size() < max_named_lines) expected.push_back(line);
  }
  REQUIRE(text.size() > std::size_t{2} << 20U);  // several of the parser's chunks
  test::write_text(directory.file("x.csv"), text);
  auto reader = open_reader(directory.file("x.csv"));
  CHECK(all_rows(reader).size() == rows_in_block * max_named_lines);
  CHECK(reader.losses().wrong_width_rows == max_named_lines + 1);
  CHECK(lost_lines(reader) == expected);
}

TEST_CASE("what is not a recording is refused with the reason") {
  const test::TempDirectory directory;
  CHECK(refusal_of(directory, "").detail == "it is empty");
  CHECK(refusal_of(directory, "timestamp,elapsed_seconds").detail == "it has no whole line");
  CHECK(refusal_of(directory, "a,b,c\n1,2,3\n").detail == "not a recording: its header has no column timestamp");
  CHECK(refusal_of(directory, std::string(5000, '\0') + "\n").code == ErrorCode::malformed);
  CHECK(refusal_of(directory, "x" + std::string(3U << 20U, 'y') + "\n").detail == "no header line");
  CHECK(refusal_of(directory, "pid," + psutil_header).detail == "its header has the column pid twice");
  const auto missing = CsvReader::open(directory.file("none.csv"));
  REQUIRE(!missing);
  CHECK(missing.error().code == ErrorCode::not_found);
  const auto device = CsvReader::open("/dev/null");
  REQUIRE(!device);
  CHECK(device.error().code == ErrorCode::unsupported);
}

TEST_CASE("why a line is no row is said") {
  const test::TempDirectory directory;
  test::write_text(directory.file("x.csv"),
                   psutil_header + "t\n\n" + psutil_header + "timestamp,pid\nt,0.0,a,1,1.0,2.0,3.0,4.0\n");
  auto reader = open_reader(directory.file("x.csv"));
  CHECK(all_rows(reader).size() == 1);  // the header again is as wide as a row
  const auto& lost = reader.losses().wrong_width;
  REQUIRE(lost.size() == 4);
  CHECK(lost[0].why == "1 cell, the header has 7");
  CHECK(lost[1].why == "an empty line");
  CHECK(lost[2].why == "a second header: files were put together");
  CHECK(lost[3].why == "8 cells, the header has 7");
}

TEST_CASE("a line longer than any row of ours is lost, and what follows is read") {
  const test::TempDirectory directory;
  const std::string row = "t,0.0,a,1,1.0,2.0,3.0\n", huge = std::string(3U << 20U, 'y') + "\n";
  for (const std::string& before : {std::string(), row + row}) {
    test::write_text(directory.file("x.csv"), psutil_header + before + huge + row + huge);
    auto reader = open_reader(directory.file("x.csv"));
    CHECK(all_rows(reader).size() == (before.empty() ? 1 : 3));
    const std::uint64_t first = before.empty() ? 2 : 4;
    CHECK(lost_lines(reader) == std::vector<std::uint64_t>{first, first + 2});
    CHECK(reader.losses().wrong_width[0].why == "longer than 1 MB, or a quote that nothing closes");
  }
}

TEST_CASE("in a file of ours a stray quote costs its own line only") {
  const test::TempDirectory directory;
  const std::string header =
      "timestamp,elapsed_seconds,process_name,pid,cpu_percent,memory_rss_mb,memory_percent,"
      "process_started\n";
  const std::string row = "t,0.0,a,1,1.0,2.0,3.0,s\n", stray = "t,0.0,\"a,1,1.0,2.0,3.0,s\n";
  const std::string quoted = "t,0.0,\"a,b\",1,1.0,2.0,3.0,s\n";
  test::write_text(directory.file("x.csv"), header + row + stray + row + quoted + row);
  auto closed = open_reader(directory.file("x.csv"));
  CHECK(all_rows(closed).size() == 4);
  CHECK(lost_lines(closed) == std::vector<std::uint64_t>{3});
  std::string text = header + row + stray;  // never closed, in more than a chunk
  for (int i = 0; i < 100'000; ++i) text += row;
  test::write_text(directory.file("x.csv"), text);
  auto open_to_the_end = open_reader(directory.file("x.csv"));
  CHECK(all_rows(open_to_the_end).size() == 100'001);
  CHECK(lost_lines(open_to_the_end) == std::vector<std::uint64_t>{3});
}

TEST_CASE("a file full of lines that nothing closes is given up, not read for hours") {
  const test::TempDirectory directory;
  std::string text = psutil_header;
  const std::string huge = std::string(2'200'000, 'y') + "\n";
  for (int i = 0; i < 21; ++i) text += huge;
  test::write_text(directory.file("x.csv"), text);
  auto reader = open_reader(directory.file("x.csv"));
  CsvRow row;
  const auto next = reader.next(row);
  REQUIRE(!next);
  CHECK(next.error().code == ErrorCode::malformed);
}

TEST_CASE("only what is selected is handed over, an absent column as empty cells") {
  const test::TempDirectory directory;
  test::write_text(directory.file("x.csv"), psutil_header + "t,0.5,\"a \"\"b\"\"\",1,1.0,2.0,3.0\n");
  auto reader = open_reader(directory.file("x.csv"));
  reader.select({"pid", "phase", "process_name"});
  CHECK(all_rows(reader) == std::vector<std::vector<std::string>>{{"1", "", "a \"b\""}});
}
