#include "tidemark/record/recording_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "support.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/record/csv_reader.hpp"

using namespace tidemark;
using namespace tidemark::record;
using base::ErrorCode;

namespace {

std::unique_ptr<RecordingFile> open_file(const FileOptions& options) {
  auto file = RecordingFile::open(options, test::some_header());
  if (!file) FAIL(base::describe(file.error()));
  return std::move(*file);
}

void write_tick(RecordingFile& file, std::int64_t number, std::size_t rows = 2) {
  const model::Tick tick = test::numbered_tick(number, rows);
  REQUIRE(file.write({}, &tick).has_value());
}

std::string header_line(Format format) { return make_encoder(format, test::some_header())->header_line(); }

std::string rows_of(std::int64_t first, std::int64_t last, std::size_t rows = 2) {
  CsvEncoder encoder;
  std::string text;
  for (std::int64_t number = first; number <= last; ++number)
    encoder.append_tick(text, test::numbered_tick(number, rows));
  return text;
}

}  // namespace

TEST_CASE("a recording is its header and its rows") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.csv")};
  {
    auto file = open_file(options);
    CHECK(test::read_text(options.path) == header_line(Format::csv));  // already before the first tick
    write_tick(*file, 1);
    write_tick(*file, 2);
    CHECK(file->displaced().empty());
    CHECK(!file->continues());
    CHECK(file->name() == options.path);
  }
  CHECK(test::read_text(options.path) == header_line(Format::csv) + rows_of(1, 2));
}

TEST_CASE("events and rows of a tick reach JSONL in this order") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.jsonl"), .format = Format::jsonl};
  auto file = open_file(options);
  const model::Event mark{.wall_ns = test::some_wall_ns, .elapsed_ns = 0, .what = model::Mark{"load", {}}};
  const model::Tick tick = test::numbered_tick(1, 1);
  REQUIRE(file->write({&mark, 1}, &tick).has_value());
  REQUIRE(file->write({&mark, 1}, nullptr).has_value());
  std::string types;
  for (const auto& line : test::lines_of(test::read_text(options.path))) {
    types += nlohmann::json::parse(line)["type"].get<std::string>() + ' ';
  }
  CHECK(types == "header mark sample mark ");
}

TEST_CASE("a file that stands in the way is kept as FILE.old; an empty one is taken") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.csv")};
  test::write_text(options.path, "precious\n");
  CHECK(open_file(options)->displaced() == std::vector<std::string>{options.path + ".old"});
  CHECK(test::read_text(options.path + ".old") == "precious\n");
  CHECK(test::read_text(options.path) == header_line(Format::csv));
  test::write_text(options.path, "");
  CHECK(open_file(options)->displaced().empty());
}

TEST_CASE("a second recorder is refused and changes nothing") {
  const test::TempDirectory directory;
  FileOptions options{.path = directory.file("x.csv")};
  auto first = open_file(options);
  write_tick(*first, 1);
  const std::string before = test::read_text(options.path);
  for (const bool append : {false, true}) {
    options.append = append;
    const auto second = RecordingFile::open(options, test::some_header());
    REQUIRE(!second);
    CHECK(second.error().code == ErrorCode::busy);
    CHECK(second.error().path == options.path);
  }
  CHECK(test::read_text(options.path) == before);
  CHECK(!std::filesystem::exists(options.path + ".old"));
  first.reset();
  CHECK(RecordingFile::open(options, test::some_header()).has_value());
}

TEST_CASE("append continues a CSV, cuts its torn last line and says where it left off") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.csv"), .append = true};
  model::Tick tick = test::numbered_tick(7, 2);
  tick.phase = "a\\b, \n";
  CsvEncoder encoder;
  std::string text = encoder.header_line();
  encoder.append_tick(text, tick);
  test::write_text(options.path, text + "2026-11-21T05:53:0");
  {
    auto file = open_file(options);
    CHECK(file->torn_bytes_cut() == 18);
    REQUIRE(file->continues().has_value());
    CHECK(file->continues()->elapsed_ns == 7 * base::ns_per_second);
    CHECK(file->continues()->wall_ns == tick.wall_ns / base::ns_per_ms * base::ns_per_ms);
    CHECK(file->continues()->phase == tick.phase);
    write_tick(*file, 8);
  }
  CHECK(test::read_text(options.path) == text + rows_of(8, 8));
}

TEST_CASE("append begins a file that is missing, empty, or died in its header") {
  const test::TempDirectory directory;
  for (const Format format : {Format::csv, Format::jsonl}) {
    const FileOptions options{.path = directory.file("x"), .format = format, .append = true};
    const std::string header = header_line(format);
    for (const std::size_t length : {std::size_t{0}, std::size_t{5}, header.size() - 1}) {
      CAPTURE(length);
      test::write_text(options.path, header.substr(0, length));
      CHECK(!open_file(options)->continues());
      CHECK(test::read_text(options.path) == header);
    }
    std::filesystem::remove(options.path);
    open_file(options);
    CHECK(test::read_text(options.path) == header);
    std::filesystem::remove(options.path);
  }
}

TEST_CASE("append is refused when the header is another, and nothing is changed") {
  const test::TempDirectory directory;
  const std::string psutil = "timestamp,elapsed_seconds,process_name,pid,cpu_percent,memory_rss_mb,memory_percent";
  for (const auto& [format, text] : {std::pair{Format::csv, psutil + "\n1,2,3,4,5,6,7\ntorn"},
                                     {Format::csv, std::string("torn and foreign")},
                                     {Format::jsonl, std::string("{\"a\":1}\n")},
                                     {Format::jsonl, std::string(R"({"type":"header","format_version":0,"units":{}})"
                                                                 "\n")}}) {
    const FileOptions options{.path = directory.file("x"), .format = format, .append = true};
    test::write_text(options.path, text);
    const auto file = RecordingFile::open(options, test::some_header());
    REQUIRE(!file);
    CHECK(file.error().code == ErrorCode::usage);
    CHECK(file.error().detail.find(test::lines_of(text)[0]) != std::string::npos);
    CHECK(file.error().detail.find("timestamp") != std::string::npos);
    CHECK(test::read_text(options.path) == text);
  }
}

TEST_CASE("append to JSONL writes the new run's header and finds time and phase behind other lines") {
  const test::TempDirectory directory;
  FileOptions options{.path = directory.file("x.jsonl"), .format = Format::jsonl};
  {
    auto file = open_file(options);
    model::Tick tick = test::numbered_tick(3, 2);
    tick.phase = "load \\ \x01";
    REQUIRE(file->write({}, &tick).has_value());
    const model::Event end{.wall_ns = test::some_wall_ns, .elapsed_ns = 3'250'000'000, .what = model::RecordingEnd{}};
    REQUIRE(file->write({&end, 1}, nullptr).has_value());
  }
  const std::string first_run = test::read_text(options.path);
  options.append = true;
  for (int run = 0; run < 2; ++run) {  // the second time the last line is a header
    auto file = open_file(options);
    REQUIRE(file->continues().has_value());
    CHECK(file->continues()->elapsed_ns == 3'250'000'000);
    CHECK(file->continues()->phase == "load \\ \x01");
  }
  CHECK(test::read_text(options.path) == first_run + header_line(Format::jsonl) + header_line(Format::jsonl));
}

TEST_CASE("append to a JSONL whose last line is something else is refused") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.jsonl"), .format = Format::jsonl, .append = true};
  for (const char* line : {"[]", "7", "null", "not json", R"({"type":5})", R"({"type":"sample","elapsed_seconds":"x"})",
                           R"({"type":"sample","elapsed_seconds":1.0,"timestamp":7})"}) {
    CAPTURE(line);
    test::write_text(options.path, header_line(Format::jsonl) + line + "\n");
    const auto file = RecordingFile::open(options, test::some_header());
    REQUIRE(!file);
    CHECK(file.error().code == ErrorCode::malformed);
  }
}

TEST_CASE("a full device is no_space, and the sink takes no more") {
  const auto file = RecordingFile::open({.path = "/dev/full"}, test::some_header());
  REQUIRE(!file);
  CHECK(file.error().code == ErrorCode::no_space);
  CHECK(file.error().path == "/dev/full");
}

TEST_CASE("devices are written as they are: no lock, no .old, no rotation") {
  const FileOptions options{.path = "/dev/null", .rotate_bytes = 10, .keep = 1};
  auto first = open_file(options);
  auto second = open_file(options);
  for (int number = 0; number < 3; ++number) write_tick(*first, number);
  write_tick(*second, 1);
  CHECK(!std::filesystem::exists("/dev/null.old"));
  CHECK(!std::filesystem::exists("/dev/null.1"));
}

TEST_CASE("a fifo whose reader goes away is `closed`, now and later") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("pipe")};
  REQUIRE(::mkfifo(options.path.c_str(), 0600) == 0);
  base::Fd reader(::open(options.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  auto file = open_file(options);
  const auto previous = std::signal(SIGPIPE, SIG_IGN);
  write_tick(*file, 1);
  reader.reset();
  const model::Tick tick = test::numbered_tick(2, 1);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto written = file->write({}, &tick);
    REQUIRE(!written);
    CHECK(written.error().code == ErrorCode::closed);
  }
  std::signal(SIGPIPE, previous);
}

TEST_CASE("paths that cannot be written say why") {
  const test::TempDirectory directory;
  const auto missing = RecordingFile::open({.path = directory.file("no/x.csv")}, test::some_header());
  REQUIRE(!missing);
  CHECK(missing.error().code == ErrorCode::not_found);
  const auto is_directory = RecordingFile::open({.path = directory.path()}, test::some_header());
  REQUIRE(!is_directory);
  CHECK(is_directory.error().os_errno == EISDIR);
}
