#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "support.hpp"
#include "tidemark/record/recording_file.hpp"
#include "tidemark/record/rotated_set.hpp"

using namespace tidemark;
using namespace tidemark::record;

namespace {

std::string header_line(Format format = Format::csv) {
  return make_encoder(format, test::some_header())->header_line();
}

/// The files of the set, oldest first, the current one last.
std::vector<std::string> files_of(const std::string& path) {
  const auto set = RotatedSet::scan(path);
  REQUIRE(set.has_value());
  std::vector<std::string> files;
  for (const std::uint64_t number : set->numbers()) files.push_back(set->path_of(number));
  if (std::filesystem::exists(path)) files.push_back(path);
  return files;
}

/// All rows of the set; every file must begin with the header.
std::string rows_in(const std::vector<std::string>& files, Format format = Format::csv) {
  std::string rows;
  for (const std::string& file : files) {
    const std::string text = test::read_text(file);
    CAPTURE(file);
    REQUIRE(text.starts_with(header_line(format)));
    rows += text.substr(header_line(format).size());
  }
  return rows;
}

std::unique_ptr<RecordingFile> open_file(const FileOptions& options) {
  auto file = RecordingFile::open(options, test::some_header());
  if (!file) FAIL(base::describe(file.error()));
  return std::move(*file);
}

/// Writes ticks of 0 to 7 rows and returns all that should be on disk.
std::string write_ticks(RecordingFile& file, Format format, int count, std::mt19937& random) {
  const auto encoder = make_encoder(format, test::some_header());
  std::string all;
  for (int number = 0; number < count; ++number) {
    const model::Tick tick = test::numbered_tick(number, random() % 8);
    encoder->append_tick(all, tick);
    REQUIRE(file.write({}, &tick).has_value());
  }
  return all;
}

}  // namespace

TEST_CASE("no row is lost or doubled at the seams, and no file but one with a single tick is over the limit") {
  std::mt19937 random(3);
  for (const Format format : {Format::csv, Format::jsonl}) {
    for (const std::uint64_t limit :
         {std::uint64_t{1}, std::uint64_t{3'000}, std::uint64_t{20'000}, std::uint64_t{1} << 30U}) {
      for (const std::size_t keep : {std::size_t{0}, std::size_t{1}, std::size_t{4}}) {
        CAPTURE(limit);
        CAPTURE(keep);
        const test::TempDirectory directory;
        const FileOptions options{
            .path = directory.file("x.log.csv"), .format = format, .rotate_bytes = limit, .keep = keep};
        auto file = open_file(options);
        const std::string all = write_ticks(*file, format, 250, random);
        const auto files = files_of(options.path);
        const std::string kept = rows_in(files, format);
        if (keep == 0) CHECK(kept == all);
        CHECK(all.ends_with(kept));
        CHECK((keep == 0 || files.size() <= keep + 1));
        CHECK((limit > all.size() || files.size() > 1));
        for (const std::string& path : files) {
          const auto lines = test::lines_of(test::read_text(path));
          const bool one_tick = lines.size() <= 8;
          CHECK((one_tick || std::filesystem::file_size(path) <= limit));
        }
      }
    }
  }
}

TEST_CASE("rotated files are numbered upwards from 1 and the oldest go first") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.csv"), .rotate_bytes = 1, .keep = 2};
  auto file = open_file(options);
  for (int number = 0; number < 12; ++number) {
    const model::Tick tick = test::numbered_tick(number, 1);
    REQUIRE(file->write({}, &tick).has_value());
  }
  CHECK(files_of(options.path) ==
        std::vector{directory.file("x.10.csv"), directory.file("x.11.csv"), directory.file("x.csv")});
}

TEST_CASE("append goes on with the set; the numbers go on too") {
  const test::TempDirectory directory;
  FileOptions options{.path = directory.file("x.csv"), .append = true, .rotate_bytes = 5'000};
  std::mt19937 random(4);
  std::string all;
  for (int run = 0; run < 4; ++run) {
    auto file = open_file(options);
    all += write_ticks(*file, Format::csv, 50, random);
  }
  CHECK(rows_in(files_of(options.path)) == all);
}

TEST_CASE("a crash between the rename and the new file: the set reads and append goes on") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.csv"), .append = true, .rotate_bytes = 5'000};
  std::mt19937 random(5);
  std::string all;
  {
    auto file = open_file(options);
    all = write_ticks(*file, Format::csv, 40, random);
  }
  auto set = RotatedSet::scan(options.path);
  REQUIRE(set.has_value());
  REQUIRE(set->take_current().has_value());
  CHECK(rows_in(files_of(options.path)) == all);
  auto file = open_file(options);
  REQUIRE(file->continues().has_value());
  CHECK(file->continues()->elapsed_ns == 39 * base::ns_per_second);
  all += write_ticks(*file, Format::csv, 10, random);
  CHECK(rows_in(files_of(options.path)) == all);
}

TEST_CASE("a new recording moves an old set out of the way, other names stay") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.csv"), .rotate_bytes = 1, .keep = 1};
  for (const char* name : {"x.csv", "x.1.csv", "x.7.csv", "x.07.csv", "x.1a.csv", "x.1.jsonl", "xx.1.csv"}) {
    test::write_text(directory.file(name), std::string("old ") + name);
  }
  auto file = open_file(options);
  CHECK(file->displaced() ==
        std::vector{directory.file("x.1.csv.old"), directory.file("x.7.csv.old"), directory.file("x.csv.old")});
  for (int number = 0; number < 4; ++number) {
    const model::Tick tick = test::numbered_tick(number, 1);
    REQUIRE(file->write({}, &tick).has_value());
  }
  for (const char* name : {"x.csv", "x.1.csv", "x.7.csv"}) {
    CHECK(test::read_text(directory.file(name) + ".old") == std::string("old ") + name);
  }
  for (const char* name : {"x.07.csv", "x.1a.csv", "x.1.jsonl", "xx.1.csv"}) {
    CHECK(test::read_text(directory.file(name)) == std::string("old ") + name);
  }
}

TEST_CASE("a file whose directory refuses the rename ends the recording with an error, and keeps its rows") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.csv"), .rotate_bytes = 1};
  auto file = open_file(options);
  const model::Tick tick = test::numbered_tick(1, 2);
  REQUIRE(file->write({}, &tick).has_value());
  const std::string before = test::read_text(options.path);
  std::filesystem::create_directory(directory.file("x.1.csv"));  // rename(2) of a file onto a directory fails
  const auto rotated = file->write({}, &tick);
  REQUIRE(!rotated);
  CHECK(rotated.error().os_errno == EISDIR);
  CHECK(test::read_text(options.path) == before);
  CHECK(!file->write({}, &tick).has_value());
}
