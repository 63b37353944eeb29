#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "recording_reader_support.hpp"
#include "tidemark/record/recording_file.hpp"

using namespace tidemark;
using namespace tidemark::record;
using base::ErrorCode;
using model::RecordedFormat;
using test::Notebook;

namespace {

/// Writes ticks first … last into a file, or with `rotate_bytes` into a set.
void write_ticks(const std::string& path, Format format, std::int64_t first, std::int64_t last,
                 std::optional<std::uint64_t> rotate_bytes = {}) {
  auto file = RecordingFile::open({.path = path, .format = format, .rotate_bytes = rotate_bytes}, test::some_header());
  REQUIRE(file);
  for (std::int64_t i = first; i <= last; ++i) {
    const auto tick = test::numbered_tick(i, 2);
    REQUIRE((*file)->write({}, &tick));
  }
}

std::vector<RecordingFiles> find(const std::vector<std::string>& named) {
  auto found = find_recordings(named);
  if (!found) FAIL(base::describe(found.error()));
  return *found;
}

std::uint64_t rows_of(const RecordingFiles& files) {
  Notebook notebook;
  const auto losses = read_recording(files, notebook);
  if (!losses) FAIL(base::describe(losses.error()));
  return losses->rows;
}

}  // namespace

TEST_CASE("a rotated set is one recording, by whichever of its names it is named") {
  const test::TempDirectory directory;
  for (const Format format : {Format::csv, Format::jsonl}) {
    const std::string suffix = format == Format::csv ? ".csv" : ".jsonl";
    write_ticks(directory.file("x" + suffix), format, 0, 199, 8000);
    const auto whole = test::one_recording({directory.file("x" + suffix)});
    REQUIRE(whole.paths.size() > 10);  // x.10.csv after x.9.csv
    CHECK(whole.name == directory.file("x" + suffix));
    CHECK(whole.paths[9] == directory.file("x.10" + suffix));
    CHECK(whole.paths.back() == directory.file("x" + suffix));
    CHECK(rows_of(whole) == 400);
    const auto parts =
        test::one_recording({directory.file("x.2" + suffix), directory.path() + "/./x.1" + suffix, whole.name});
    CHECK(parts.paths == whole.paths);
    CHECK(parts.name == whole.name);
    Notebook notebook;
    REQUIRE(read_recording(whole, notebook));
    CHECK(notebook.processes.size() == 2);  // over all files
  }
}

TEST_CASE("a set whose current file is missing or empty is whole") {
  const test::TempDirectory directory;
  const std::string path = directory.file("x.csv");
  write_ticks(path, Format::csv, 0, 99, 8000);
  const auto before = test::one_recording({path}).paths;
  std::filesystem::remove(path);
  CHECK(test::one_recording({path}).paths.size() == before.size() - 1);
  test::write_text(path, "");
  CHECK(test::one_recording({path}).paths.size() == before.size() - 1);
}

TEST_CASE("recordings that only have such names stay apart") {
  const test::TempDirectory directory;
  write_ticks(directory.file("run.1.csv"), Format::csv, 0, 9);
  write_ticks(directory.file("run.2.csv"), Format::csv, 0, 9);
  const auto two = find({directory.file("run.1.csv"), directory.file("run.2.csv")});
  REQUIRE(two.size() == 2);
  CHECK(two[0].name == directory.file("run.1.csv"));
  CHECK(two[1].paths == std::vector<std::string>{directory.file("run.2.csv")});
  write_ticks(directory.file("day.2026.csv"), Format::csv, 0, 9);
  CHECK(test::one_recording({directory.file("day.2026.csv")}).name == directory.file("day.2026.csv"));
  test::write_text(directory.file("f.1.csv"), test::psutil_header + "t,1,a,1,,,\n");
  test::write_text(directory.file("f.csv"), test::psutil_header + "t,2,a,1,,,\n");  // only our recorder rotates
  CHECK(test::one_recording({directory.file("f.csv")}).paths.size() == 1);
}

TEST_CASE("CSV beside JSONL of one run is read as JSONL; of two runs both are read") {
  const test::TempDirectory directory;
  const std::string csv = directory.file("x.csv"), jsonl = directory.file("x.jsonl"), other = directory.file("y.csv");
  write_ticks(csv, Format::csv, 0, 9);
  write_ticks(jsonl, Format::jsonl, 0, 9);
  write_ticks(other, Format::csv, 0, 9);
  const auto found = find({csv, other, jsonl});
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == jsonl);
  CHECK(found[0].format == RecordedFormat::jsonl);
  CHECK(found[0].twins == std::vector<std::string>{csv});
  CHECK(found[1].name == other);
  CHECK(find({csv})[0].format == RecordedFormat::csv);  // the twin is not looked for
  write_ticks(csv, Format::csv, 1, 9);
  CHECK(find({csv, jsonl}).size() == 2);
}

TEST_CASE("twins that were rotated at different moments are twins") {
  const test::TempDirectory directory;
  const std::string csv = directory.file("x.csv"), jsonl = directory.file("x.jsonl");
  write_ticks(csv, Format::csv, 0, 199, 8000);
  write_ticks(jsonl, Format::jsonl, 0, 199, 30'000);
  std::filesystem::remove(directory.file("x.1.csv"));  // as --keep does
  const auto found = test::one_recording({jsonl, csv});
  CHECK(found.format == RecordedFormat::jsonl);
  CHECK(rows_of(found) == 400);
}

TEST_CASE("the files of a set must fit together; a later version may have more columns") {
  const test::TempDirectory directory;
  CsvEncoder encoder;
  const std::string header = encoder.header_line();
  std::string first, second;
  encoder.append_tick(first, test::numbered_tick(1, 1));
  encoder.append_tick(second, test::numbered_tick(2, 1));
  const auto widened = [](std::string line, const std::string& cell) { return line.insert(line.size() - 1, cell); };
  test::write_text(directory.file("x.1.csv"), header + first);
  test::write_text(directory.file("x.csv"), widened(header, ",new") + widened(second, ",1"));
  CHECK(rows_of(test::one_recording({directory.file("x.csv")})) == 2);
  test::write_text(directory.file("x.1.csv"), widened(header, ",new") + widened(first, ",1"));
  test::write_text(directory.file("x.csv"), header + second);
  Notebook notebook;
  const auto losses = read_recording(test::one_recording({directory.file("x.csv")}), notebook);
  REQUIRE(!losses);
  CHECK(losses.error().path == directory.file("x.csv"));
  CHECK(losses.error().detail == "it has no column new, which the file before it has");
}

TEST_CASE("what cannot be read is refused with the reason, without waiting") {
  const test::TempDirectory directory;
  const auto code_of = [&](const std::string& path) {
    const auto found = find_recordings({path});
    REQUIRE(!found);
    return found.error().code;
  };
  CHECK(code_of(directory.file("none.csv")) == ErrorCode::not_found);
  CHECK(code_of(directory.path()) == ErrorCode::unsupported);
  CHECK(code_of("/dev/null") == ErrorCode::unsupported);
  const std::string fifo = directory.file("fifo.csv");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(code_of(fifo) == ErrorCode::unsupported);
  if (::geteuid() != 0) {
    test::write_text(directory.file("mine.csv"), test::psutil_header);
    std::filesystem::permissions(directory.file("mine.csv"), std::filesystem::perms::none);
    CHECK(code_of(directory.file("mine.csv")) == ErrorCode::permission);
  }
  const auto detail_of = [&](const std::string& text) { return test::error_of(directory, text).detail; };
  CHECK(detail_of("") == "it is empty");
  CHECK(detail_of("timestamp,elapsed_seconds") == "it has no whole line");
  CHECK(detail_of("a,b\n1,2\n") == "not a recording: its header has no column timestamp");
  CHECK(detail_of("{\"a\":1}\n") == "not a recording: its first line is no JSON object with a type");
  CHECK(detail_of("\x1f\x8b\x08xyz\n") == "it is compressed: unpack it first");
  CHECK(detail_of(std::string("\x7f"
                              "ELF\0\0\n",
                              7)) == "not a recording: it is no text");
  CHECK(detail_of(std::string(3U << 20U, 'x') + "\n") == "no header line");
}

TEST_CASE("a recording of only a header has no rows and is no error") {
  const test::TempDirectory directory;
  test::write_text(directory.file("x.csv"), test::psutil_header);
  CHECK(rows_of(test::one_recording({directory.file("x.csv")})) == 0);
  test::write_text(directory.file("x.jsonl"), JsonlEncoder(test::some_header()).header_line());
  CHECK(rows_of(test::one_recording({directory.file("x.jsonl")})) == 0);
}
