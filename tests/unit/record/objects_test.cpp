// Censuses in a recording: the file beside the CSV, the member of a JSONL sample, and both read back.
#include "tidemark/record/objects.hpp"

#include <nlohmann/json.hpp>

#include "recording_reader_support.hpp"
#include "tidemark/record/recording_file.hpp"

using namespace tidemark;
using namespace tidemark::record;
using test::KeptCensus;

namespace {

const std::string header = "timestamp,elapsed_seconds,process_name,pid,type,count,bytes,held_bytes\n";
/// What a hostile target may call a class.
const std::string hostile = "a,\"b\"\n\r\x1b[31m\xff\\\xc3\xa9";

std::shared_ptr<const model::Census> census(std::vector<model::CensusType> types) {
  auto made = std::make_shared<model::Census>();
  made->types = std::move(types);
  for (const auto& type : made->types) {
    made->summary.total_objects += type.count;
    made->summary.total_bytes += type.bytes;
  }
  made->summary.unique_types = 7;
  made->summary.gc_thresholds = {700, 10, 10};
  made->coverage.blocks = 99;
  made->notes = {"torn \x01"};
  made->cost.own_cpu_ns = 1'500'000;
  return made;
}

model::CensusType type(std::string name, std::uint64_t count) {
  return {.type = std::move(name),
          .module = {},
          .address = {},
          .count = count,
          .bytes = 64 * count,
          .held_bytes = 80 * count};
}

/// A tick of two processes of which every third has a census of the first, every sixth one of both.
model::Tick tick_with_censuses(std::int64_t number) {
  model::Tick tick = test::numbered_tick(number, 2);
  tick.samples[1].process = test::process(2, hostile);
  const auto count = static_cast<std::uint64_t>(number);
  if (number % 3 == 0) tick.samples[0].census = census({type("builtins.dict", count), type(hostile, 2)});
  if (number % 6 == 0) tick.samples[1].census = census({type("(other types)", count * 2)});
  return tick;
}

std::unique_ptr<RecordingFile> open_file(const FileOptions& options) {
  auto file = RecordingFile::open(options, test::some_header());
  if (!file) FAIL(base::describe(file.error()));
  return std::move(*file);
}

/// Both files of a recording in CSV, or the one of JSONL.
void write_recording(const std::string& path, Format format, std::int64_t from, std::int64_t to,
                     std::optional<std::uint64_t> rotate = {}) {
  auto file = open_file({.path = path, .format = format, .append = from > 0, .rotate_bytes = rotate});
  std::unique_ptr<RecordingFile> objects;
  if (format == Format::csv) {
    objects =
        open_file({.path = objects_path(path), .format = Format::objects, .append = from > 0, .rotate_bytes = rotate});
  }
  for (std::int64_t number = from; number < to; ++number) {
    const model::Tick tick = tick_with_censuses(number);
    REQUIRE(file->write({}, &tick).has_value());
    if (objects) REQUIRE(objects->write({}, &tick).has_value());
  }
}

struct ReadAgain {
  test::Notebook notebook;
  ReadingLosses losses;
};

ReadAgain read_again(const std::vector<std::string>& named) {
  ReadAgain again;
  const auto losses = read_recording(test::one_recording(named), again.notebook);
  if (!losses) FAIL(base::describe(losses.error()));
  again.losses = *losses;
  return again;
}

/// As tick_with_censuses() made them; times as a recording keeps them.
std::vector<KeptCensus> expected(std::int64_t ticks) {
  std::vector<KeptCensus> all;
  for (std::int64_t number = 0; number < ticks; number += 3) {
    const model::Tick tick = tick_with_censuses(number);
    for (const auto& sample : tick.samples) {
      if (!sample.census) continue;
      KeptCensus kept{tick.wall_ns / base::ns_per_ms * base::ns_per_ms,
                      tick.elapsed_ns,
                      sample.process->name,
                      sample.process->identity.pid,
                      {}};
      for (const auto& one : sample.census->types)
        kept.types.push_back({one.type, one.count, one.bytes, one.held_bytes});
      all.push_back(std::move(kept));
    }
  }
  return all;
}

}  // namespace

TEST_CASE("the file of objects is named after its CSV, and leads back to it") {
  CHECK(objects_path("/data/night.csv") == "/data/night.objects.csv");
  CHECK(objects_path("a.b.csv") == "a.b.objects.csv");
  CHECK(recording_of_objects("/data/night.objects.csv") == "/data/night.csv");
  CHECK(recording_of_objects("night.objects.12.csv") == "night.csv");
  for (const char* other : {"night.csv", "night.1.csv", "objects.csv", "night.objects.x.csv", "night.objects.jsonl"}) {
    CHECK_FALSE(recording_of_objects(other));
  }
}

TEST_CASE("a row for each type of each census, whatever the names; nothing for a tick without one") {
  ObjectsEncoder encoder;
  CHECK(encoder.header_line() == header);
  std::string text;
  encoder.append_tick(text, tick_with_censuses(1));
  CHECK(text.empty());
  encoder.append_tick(text, tick_with_censuses(6));
  const std::string escaped = R"("a,""b""\x0a\x0d\x1b[31m\xff\x5cé")";
  CHECK(text ==
        "2026-11-21T05:53:06.123Z,6.000,worker,1,builtins.dict,6,384,480\n"
        "2026-11-21T05:53:06.123Z,6.000,worker,1," +
            escaped +
            ",2,128,160\n"
            "2026-11-21T05:53:06.123Z,6.000," +
            escaped + ",2,(other types),12,768,960\n");
}

TEST_CASE("a JSONL sample has its census as the member objects") {
  JsonlEncoder encoder(test::some_header());
  std::string text;
  encoder.append_tick(text, tick_with_censuses(3));
  const auto lines = test::lines_of(text);
  REQUIRE(lines.size() == 2);
  const auto objects = nlohmann::json::parse(lines[0])["objects"];
  CHECK(objects["summary"]["total_objects"] == 5);
  CHECK(objects["summary"]["total_size"] == 320);
  CHECK(objects["summary"]["garbage_count"].is_null());
  CHECK(objects["coverage"]["share"] == 1);
  CHECK(objects["coverage"]["blocks"] == 99);
  CHECK(objects["types"][0] ==
        nlohmann::json({{"type", "builtins.dict"}, {"count", 3}, {"bytes", 192}, {"held_bytes", 240}}));
  CHECK(objects["types"][1]["type"] == R"(a,"b"\x0a\x0d\x1b[31m\xff\x5cé)");
  CHECK(objects["notes"] == nlohmann::json({R"(torn \x01)"}));
  CHECK(objects["cost"]["own_cpu_ms"] == 1.5);
  CHECK_FALSE(nlohmann::json::parse(lines[1]).contains("objects"));
}

TEST_CASE("both formats read back as the same censuses, appended and rotated") {
  for (const auto rotate : {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{4096}}) {
    CAPTURE(rotate.has_value());
    const test::TempDirectory directory;
    for (const Format format : {Format::csv, Format::jsonl}) {
      const std::string path = directory.file(format == Format::csv ? "x.csv" : "x.jsonl");
      write_recording(path, format, 0, 40, rotate);
      write_recording(path, format, 40, 61, rotate);
      const auto [notebook, losses] = read_again({path});
      CHECK(notebook.rows.size() == 122);
      CHECK(notebook.censuses == expected(61));
      CHECK((losses.lost_rows == 0 && losses.foreign_censuses == 0));
      const bool has_starts = format == Format::jsonl;
      CHECK((notebook.census_starts.front() != 0) == has_starts);
    }
    const std::string objects = directory.file("x.objects.1.csv");
    CHECK(std::filesystem::exists(objects) == rotate.has_value());
  }
}

TEST_CASE("a shell's x*.csv is one recording; a file that only has such a name is somebody else's") {
  const test::TempDirectory directory;
  write_recording(directory.file("x.csv"), Format::csv, 0, 20, 2048);
  std::vector<std::string> named;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) named.push_back(entry.path());
  std::sort(named.begin(), named.end());
  REQUIRE(named.size() > 3);
  CHECK(read_again(named).notebook.censuses == expected(20));
  CHECK(read_again({directory.file("x.objects.csv")}).notebook.rows.size() == 40);

  write_recording(directory.file("y.csv"), Format::csv, 0, 4);
  test::write_text(directory.file("y.objects.csv"), "id,colour\n1,red\n");
  CHECK(test::one_recording({directory.file("y.csv")}).objects.empty());
  CHECK(read_again({directory.file("y.csv")}).notebook.censuses.empty());
  // Without its recording it is none.
  std::filesystem::copy(directory.file("x.objects.csv"), directory.file("z.objects.csv"));
  CHECK_FALSE(find_recordings({directory.file("z.objects.csv")}).has_value());
}

TEST_CASE("censuses of an older recording of this name are left out, and counted") {
  const test::TempDirectory directory;
  const std::string path = directory.file("x.csv");
  write_recording(path, Format::csv, 0, 13);
  {
    auto later = open_file({.path = path});
    for (std::int64_t number = 0; number < 13; ++number) {
      model::Tick tick = tick_with_censuses(number);
      tick.wall_ns += 3600 * base::ns_per_second;
      REQUIRE(later->write({}, &tick).has_value());
    }
  }
  const auto [notebook, losses] = read_again({path});
  CHECK(notebook.rows.size() == 26);
  CHECK(notebook.censuses.empty());
  CHECK(losses.foreign_censuses == expected(13).size());
}

TEST_CASE("rows that are none are named, a torn last line is left alone, and the others are read") {
  const test::TempDirectory directory;
  const std::string path = directory.file("x.csv");
  write_recording(path, Format::csv, 0, 4);
  const std::string objects = objects_path(path);
  const std::string row = "2026-11-21T05:53:03.123Z,3.000,w,9,";
  test::write_text(objects, header + row + "a,1,10,10\n" + row + "b,-1,10,10\n" + row + "c,1,many,10\n" + row +
                                "d,1,10\n" + "2026-11-21T05:53:03.123Z,soon,w,9,e,1,10,10\n" + row + "f,2,20,\n" + row);
  const auto [notebook, losses] = read_again({path});
  REQUIRE(notebook.censuses.size() == 1);
  CHECK(notebook.censuses[0].types == std::vector<KeptCensus::Type>{{"a", 1, 10, 10}, {"f", 2, 20, 0}});
  CHECK(losses.lost_rows == 4);
  CHECK(losses.torn_tails == 1);
  CHECK(std::any_of(losses.first.begin(), losses.first.end(),
                    [](const LostLine& lost) { return lost.line == 4 && lost.why == "bytes is 'many'"; }));
}

TEST_CASE("a census that never ends is cut, and what a JSONL holds instead of one is passed over") {
  const test::TempDirectory directory;
  const std::string path = directory.file("x.csv");
  write_recording(path, Format::csv, 0, 4);
  std::string text = header;
  for (int i = 0; i < 5000; ++i) text += "2026-11-21T05:53:03.123Z,3.000,w,9,t" + std::to_string(i) + ",1,10,10\n";
  test::write_text(objects_path(path), text);
  const auto [notebook, losses] = read_again({path});
  REQUIRE(notebook.censuses.size() == 1);
  CHECK(notebook.censuses[0].types.size() == max_census_rows);
  CHECK(losses.lost_rows == 5000 - max_census_rows);

  const std::string jsonl = directory.file("y.jsonl");
  for (const char* odd :
       {"1", "[]", "{}", "[[[]]]", R"({"types":7})", R"({"types":[1,{},{"type":5}]})", R"("types")"}) {
    write_recording(jsonl, Format::jsonl, 0, 1);
    std::string lines = test::read_text(jsonl);
    const auto at = lines.find(R"(,"objects":)");
    REQUIRE(at != std::string::npos);
    const auto end = lines.find("\n", at);
    lines.replace(at, end - at, std::string(R"(,"objects":)") + odd + "}");
    test::write_text(jsonl, lines);
    const auto again = read_again({jsonl});
    CHECK(again.notebook.rows.size() == 2);
    CHECK(again.losses.lost_rows == 0);
    for (const auto& kept : again.notebook.censuses) CHECK(kept.types.size() <= 1);
    std::filesystem::remove(jsonl);
  }
}

TEST_CASE("the file of objects is locked, continued only with its own header, and cut at its last whole line") {
  const test::TempDirectory directory;
  const FileOptions options{.path = directory.file("x.objects.csv"), .format = Format::objects, .append = true};
  {
    auto file = open_file(options);
    const model::Tick tick = tick_with_censuses(6);
    REQUIRE(file->write({}, &tick).has_value());
    const auto second = RecordingFile::open(options, test::some_header());
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == base::ErrorCode::busy);
  }
  const std::string whole = test::read_text(options.path);
  test::write_text(options.path, whole + "2026-11-21T05:53:09.123Z,9.0");
  {
    const auto file = open_file(options);
    CHECK(file->torn_bytes_cut() == 28);
    REQUIRE(file->continues());
    CHECK(file->continues()->elapsed_ns == 6 * base::ns_per_second);
  }
  CHECK(test::read_text(options.path) == whole);
  test::write_text(options.path, "id,colour\n1,red\n");
  const auto refused = RecordingFile::open(options, test::some_header());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == base::ErrorCode::usage);
  CHECK(test::read_text(options.path) == "id,colour\n1,red\n");
}
