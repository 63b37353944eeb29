// From censuses to the report: the files that `record --census` opens, and `tidemark report` on them.
#include <doctest/doctest.h>
#include <stdlib.h>  // NOLINT: mkdtemp is POSIX

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "detail/outputs.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/model/census.hpp"

using namespace tidemark;
using namespace tidemark::cli;

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t start_wall_ns = 1'795'240'380'000'000'000;

class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "tidemark-objects-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { fs::remove_all(path_); }

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  fs::path path_;
};

Outputs open_outputs(const OutputOptions& options) {
  model::RecordingHeader header;
  header.tool = "tidemark";
  header.started_wall_ns = start_wall_ns;
  auto opened = Outputs::open(options, header);
  if (const auto* failed = std::get_if<Outputs::OpenFailure>(&opened)) FAIL(base::describe(failed->error));
  return std::move(std::get<Outputs>(opened));
}

/// A tick a second, a census every tenth: orders grow by 1000 of 100 bytes each time.
void write_ticks(Outputs& outputs, std::int64_t from, std::int64_t to) {
  auto info = std::make_shared<model::ProcessInfo>();
  info->identity = {.pid = 4711, .start_ticks = 5};
  info->name = "shop.py";
  info->started_wall_ns = start_wall_ns - base::ns_per_second;
  for (std::int64_t second = from; second < to; ++second) {
    model::Tick tick{.wall_ns = start_wall_ns + second * base::ns_per_second,
                     .elapsed_ns = second * base::ns_per_second,
                     .phase = {},
                     .system_available = {},
                     .samples = {}};
    model::ProcessSample sample;
    sample.process = info;
    sample.proc.rss = model::Bytes{50} << 20U;
    if (second % 10 == 0) {
      auto census = std::make_shared<model::Census>();
      const auto orders = 1000 * static_cast<std::uint64_t>(second / 10 + 1);
      const auto row = [&census](std::string type, std::uint64_t count, model::Bytes bytes) {
        census->types.push_back({.type = std::move(type),
                                 .module = {},
                                 .address = {},
                                 .count = count,
                                 .bytes = bytes,
                                 .held_bytes = bytes});
      };
      row("shop.Order", orders, orders * 100);
      row(std::string(model::other_types), 77, 7700);
      sample.census = std::move(census);
    }
    tick.samples.push_back(std::move(sample));
    outputs.write({}, &tick, [](const std::string& name, const base::Error&) { FAIL("lost ", name); });
  }
}

std::string report_of(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  Streams streams{out, err};
  CHECK(run_report(arguments, streams) == 0);
  CHECK(err.str().empty());
  return out.str();
}

/// Line ends, and what a line is indented by, are one space.
std::string unwrapped(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace

TEST_CASE("each CSV has its file of objects, and both formats give the same finding") {
  const Directory directory;
  const OutputOptions options{.paths = {directory.file("a.csv"), directory.file("a.jsonl")},
                              .append = false,
                              .rotate_bytes = {},
                              .objects = true};
  {
    auto outputs = open_outputs(options);
    CHECK(outputs.names() ==
          std::vector{directory.file("a.csv"), directory.file("a.objects.csv"), directory.file("a.jsonl")});
    write_ticks(outputs, 0, 61);
  }
  CHECK(directory.names() == std::vector<std::string>{"a.csv", "a.jsonl", "a.objects.csv"});
  for (const char* name : {"a.csv", "a.jsonl", "a.objects.csv"}) {
    CAPTURE(name);
    const std::string text = unwrapped(report_of({directory.file(name)}));
    CHECK(text.find("shop.py[4711]: shop.Order +0.57 MB (100 % of the growth of objects), +6,000 objects.") !=
          std::string::npos);
    const auto json = nlohmann::json::parse(report_of({"--json", directory.file(name)}));
    const auto& objects = json["recordings"][0]["objects"];
    REQUIRE(objects.size() == 1);
    CHECK(objects[0]["censuses"] == 7);
    CHECK(objects[0]["types"][0]["growth_bytes"] == 600'000);
    CHECK(objects[0]["types"][0]["rises"] == true);
    CHECK(objects[0]["last_objects"] == 7077);
  }
  const auto files = nlohmann::json::parse(report_of({"--json", directory.file("a.csv")}))["recordings"][0]["files"];
  CHECK(files.size() == 2);
}

TEST_CASE("a recording is continued with its censuses; without them there is no file of objects and nothing is said") {
  const Directory directory;
  OutputOptions options{.paths = {directory.file("a.csv")}, .append = true, .rotate_bytes = {}, .objects = false};
  {
    auto outputs = open_outputs(options);
    write_ticks(outputs, 0, 30);
  }
  CHECK(directory.names() == std::vector<std::string>{"a.csv"});
  CHECK(report_of({directory.file("a.csv")}).find("Objects") == std::string::npos);
  options.objects = true;
  {
    auto outputs = open_outputs(options);
    write_ticks(outputs, 30, 50);
  }
  {
    auto outputs = open_outputs(options);
    REQUIRE(outputs.continues());
    CHECK(outputs.continues()->elapsed_ns == 49 * base::ns_per_second);
    write_ticks(outputs, 50, 71);
  }
  const auto json = nlohmann::json::parse(report_of({"--json", directory.file("a.csv")}));
  CHECK(json["recordings"][0]["objects"][0]["censuses"] == 5);
  CHECK(json["recordings"][0]["objects"][0]["types"][0]["growth_objects"] == 4000);
}

TEST_CASE("a new recording keeps the older one's objects aside; a CSV named as a file of objects is a CSV") {
  const Directory directory;
  const OutputOptions options{.paths = {directory.file("a.csv")}, .append = false, .rotate_bytes = {}, .objects = true};
  for (int run = 0; run < 2; ++run) {
    auto outputs = open_outputs(options);
    write_ticks(outputs, 0, 11);
    CHECK(outputs.displaced().size() == (run == 0 ? 0U : 2U));
  }
  CHECK(directory.names() == std::vector<std::string>{"a.csv", "a.csv.old", "a.objects.csv", "a.objects.csv.old"});
  {
    auto outputs = open_outputs(
        {.paths = {directory.file("b.objects.csv")}, .append = false, .rotate_bytes = {}, .objects = false});
    write_ticks(outputs, 0, 11);
  }
  CHECK(report_of({directory.file("b.objects.csv")}).find("shop.py") != std::string::npos);
}
