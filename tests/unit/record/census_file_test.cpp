// Saved censuses: what is written comes back, and a hostile file does no harm.
#include "tidemark/record/census_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <random>

#include "census_examples.hpp"
#include "heap_examples.hpp"
#include "sanitized.hpp"
#include "saved_support.hpp"
#include "support.hpp"
#include "tidemark/record/heap_file.hpp"

using namespace tidemark;
using namespace tidemark::record;
namespace examples = tidemark::census_examples;

namespace {

using Json = nlohmann::ordered_json;

std::string refusal(const std::string& text) {
  const auto read = parse_census(text, "x.json");
  REQUIRE_FALSE(read.has_value());
  return read.error().detail;
}

/// The JSON of a reading with two focuses, one thing changed.
template <class Change>
std::string spoiled(Change change) {
  auto json = Json::parse(census_json(examples::focused()));
  change(json, json["processes"][0]);
  return json.dump();
}

void check_same(const model::CensusProcess& read, const model::CensusProcess& written) {
  CHECK(read.identity == written.identity);
  CHECK(read.parent == written.parent);
  CHECK(read.name == written.name);  // hostile bytes come back as they were
  CHECK(read.command_line == written.command_line);
  CHECK(read.failure == written.failure);
  const auto& census = read.census;
  CHECK(census.consistency == written.census.consistency);
  CHECK(census.why_consistency == written.census.why_consistency);
  CHECK(census.low_memory == written.census.low_memory);
  CHECK(census.python_version == written.census.python_version);
  CHECK(census.python_allocator == written.census.python_allocator);
  CHECK(census.summary == written.census.summary);
  CHECK(census.coverage == written.census.coverage);
  CHECK(census.types == written.census.types);
  CHECK(census.focuses == written.census.focuses);
  CHECK(census.notes == written.census.notes);
  CHECK(census.cost.pause_ns == written.census.cost.pause_ns);
  CHECK(census.cost.own_cpu_ns == written.census.cost.own_cpu_ns);
  CHECK(census.cost.interrupted_calls == written.census.cost.interrupted_calls);
}

}  // namespace

TEST_CASE("census JSON: save, read, and all of it is the same") {
  const test::TempDirectory directory;
  const auto path = directory.file("census.json");
  auto odd = examples::cut();
  odd.processes[0].census.why_consistency = "seccomp forbids clone";
  odd.processes[0].census.low_memory = true;
  odd.processes[0].census.summary.garbage_count.reset();
  odd.processes[0].census.summary.gc_enabled = false;
  odd.processes[0].census.summary.gc_counts.clear();
  for (const auto& reading : {examples::exact(), examples::racing(), examples::bare(), examples::hostile(),
                              examples::focused(), examples::tree(), odd}) {
    REQUIRE(save_census(path, reading).has_value());
    CHECK(test::read_text(path) == census_json(reading));
    const auto read = read_census(path);
    REQUIRE_MESSAGE(read.has_value(), base::describe(read.error()));
    CHECK(census_json(*read) == census_json(reading));
    CHECK(read->tool == reading.tool);
    CHECK(read->consistency == reading.consistency);
    CHECK(read->wall_ns == reading.wall_ns);
    REQUIRE(read->processes.size() == reading.processes.size());
    for (std::size_t at = 0; at < reading.processes.size(); ++at) {
      check_same(read->processes[at], reading.processes[at]);
    }
  }
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);  // nothing is left beside
}

TEST_CASE("census JSON: the keys that scripts use") {
  const auto json = Json::parse(census_json(examples::exact()));
  CHECK(json.begin().key() == "schema");
  CHECK(json["schema"] == 1);
  CHECK(json["taken"] == "2026-11-21T05:53:00.123Z");
  const auto& process = json["processes"][0];
  CHECK(process["pid"] == 4711);
  const auto& summary = process["summary"];
  CHECK(summary["unique_types"] == 8);
  CHECK(summary["garbage_count"] == 0);
  CHECK(summary["gc_thresholds"] == Json::array({700, 10, 10}));
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  for (const auto& type : process["types"]) {
    objects += type["count"].get<std::uint64_t>();
    bytes += type["bytes"].get<std::uint64_t>();
  }
  CHECK(objects == summary["total_objects"]);
  CHECK(bytes == summary["total_size"]);
  CHECK(process["types"][0]["type"] == "builtins.dict");
  CHECK(process["types"][0]["held_bytes"] == 60 * examples::mb);
  CHECK_FALSE(process["types"][0].contains("immortal"));
  CHECK_FALSE(process["types"][0].contains("has_own_sizeof"));
  CHECK(process["types"][1]["has_own_sizeof"] == true);
  CHECK(process["types"][2]["interned"] == 23'456);
  CHECK(process["types"][3]["type"] == process["types"][6]["type"]);  // apart, by their address
  CHECK(process["types"][3]["address"] != process["types"][6]["address"]);
  CHECK(process["coverage"]["share"] == 1.0);
  const auto bare = Json::parse(census_json(examples::bare()))["processes"][0];
  CHECK(bare["summary"]["garbage_count"].is_null());
  CHECK(bare["summary"]["gc_enabled"].is_null());
  const auto failed = Json::parse(census_json(examples::tree()))["processes"][3];
  CHECK(failed["failure"] == "pid 4714 may not be read: permission denied");
  CHECK_FALSE(failed.contains("types"));
}

TEST_CASE("census JSON is safe to print, whatever names are") {
  const auto text = census_json(examples::hostile());
  CHECK(std::none_of(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) < 0x20 && byte != '\n') || byte == '\x7f';
  }));
  CHECK(Json::accept(text));
}

TEST_CASE("a ledger is no census, a census is no ledger, and each says which command reads it") {
  CHECK(refusal(heap_json(heap_examples::tree())) ==
        "it was made by tidemark heap: compare with it by tidemark heap --diff");
  const auto read = parse_heap(census_json(examples::tree()), "x.json");
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == base::ErrorCode::malformed);
  CHECK(read.error().detail == "it was made by tidemark objects: compare with it by tidemark objects --diff");
}

TEST_CASE("a census over what is no regular file is not saved") {
  const test::TempDirectory directory;
  const auto fifo = directory.file("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto saved = save_census(fifo, examples::bare());
  REQUIRE_FALSE(saved.has_value());
  CHECK(saved.error().code == base::ErrorCode::usage);
  CHECK(saved.error().doing == "save the census");
  CHECK(std::filesystem::is_fifo(fifo));
  CHECK(read_census(directory.file("none.json")).error().code == base::ErrorCode::not_found);
}

TEST_CASE("hostile: what is no census is refused and says where") {
  CHECK(refusal("") == "not JSON, or cut");
  CHECK(refusal("[]") == "no object with processes");
  CHECK(refusal(census_json(examples::exact()).substr(0, 2000)) == "not JSON, or cut");
  CHECK(refusal(spoiled([](auto& json, auto&) { json["schema"] = 2; })) == "schema is not 1");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["pid"] = 0; })) == "processes[0].pid is not a process id");
  CHECK(refusal(spoiled([](auto&, auto& process) { process.erase("summary"); })) == "processes[0].summary is missing");
  CHECK(refusal(spoiled([](auto&, auto& process) { process.erase("types"); })) == "processes[0].types is missing");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["types"] = 3; })) == "processes[0].types is not a list");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["coverage"] = 3; })) ==
        "processes[0].coverage is not an object");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["types"][2]["address"] = "12"; })) ==
        "processes[0].types[2].address is not an address");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["focuses"][0]["samples"][1]["place"] = "you\x1b"; })) ==
        "processes[0].focuses[0].samples[1].place is 'you\\x1b', which this tidemark does not know");
}

TEST_CASE("hostile: figures that are none, too large, or do not add up") {
  for (const auto& wrong : {Json(-5), Json(1.5), Json("5"), Json(std::uint64_t{1} << 47U), Json(UINT64_MAX)}) {
    CHECK(refusal(spoiled([&](auto&, auto& process) { process["types"][0]["bytes"] = wrong; })) ==
          "processes[0].types[0].bytes is not a number of bytes");
    CHECK(refusal(spoiled([&](auto&, auto& process) { process["focuses"][0]["sizes"][1]["from"] = wrong; })) ==
          "processes[0].focuses[0].sizes[1].from is not a number of bytes");
  }
  for (const auto& wrong : {Json(1.5), Json("5"), Json(UINT64_MAX), Json(std::uint64_t{1} << 63U)}) {
    CHECK(refusal(spoiled([&](auto&, auto& process) { process["summary"]["gc_counts"][1] = wrong; })) ==
          "processes[0].summary.gc_counts is not a list of whole numbers");
    CHECK(refusal(spoiled([&](auto&, auto& process) { process["focuses"][0]["samples"][0]["refcount"] = wrong; })) ==
          "processes[0].focuses[0].samples[0].refcount is not a whole number");
  }
  CHECK(refusal(spoiled([](auto&, auto& process) { process["summary"]["total_objects"] = UINT64_MAX; })) ==
        "processes[0].summary.total_objects is not a count");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["types"][2]["interned"] = 500'001; })) ==
        "processes[0].types[2].interned is more than count");
  const std::string filtered =
      "processes[0].types is not all of a census: it does not add up to the summary (was it "
      "filtered?)";
  CHECK(refusal(spoiled([](auto&, auto& process) { process["types"].erase(7); })) == filtered);
  CHECK(refusal(spoiled([](auto&, auto& process) { process["types"][7]["held_bytes"] = 1; })) == filtered);
  CHECK(refusal(spoiled([](auto&, auto& process) { process["types"][7]["count"] = std::uint64_t{1} << 62U; })) ==
        filtered);
}

TEST_CASE("hostile: depth and number of values are capped while they come") {
  CHECK(refusal(std::string(1'000'000, '[')) != "");
  CHECK(refusal(R"({"processes":)" + std::string(100, '[') + std::string(100, ']') + "}") == "nested too deeply");
  if (is_sanitized) return;  // takes a minute then
  CHECK(parse_census(test::list_of_more_than(max_census_values), "x").error().code == base::ErrorCode::limit);
}

TEST_CASE("a later tidemark may have more to say: unknown keys are passed over, missing ones are empty") {
  const auto read = parse_census(spoiled([](auto& json, auto& process) {
                                   json["later"] = {1, 2};
                                   process["types"][0]["later"] = nullptr;
                                   process["focuses"][0]["places"]["generation 3"] = 4;
                                   process.erase("coverage");
                                   process.erase("cost");
                                   process.erase("notes");
                                 }),
                                 "x.json");
  REQUIRE_MESSAGE(read.has_value(), base::describe(read.error()));
  CHECK(read->processes[0].census.coverage == model::CensusCoverage{});
  CHECK(read->processes[0].census.types == examples::focused().processes[0].census.types);
}

TEST_CASE("hostile: bytes changed anywhere do no harm; what is accepted adds up") {
  auto reading = examples::tree();
  reading.processes[0] = examples::focused().processes[0];
  const std::string good = census_json(reading);
  std::mt19937 random(7);  // NOLINT: the same each time
  std::size_t accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto read = parse_census(test::changed_json(good, random), "x.json");
    if (!read) continue;
    ++accepted;
    for (const auto& process : read->processes) {
      auto census = process.census;
      const auto summary = census.summary;
      examples::settle(census);
      CHECK(census.summary.total_objects == summary.total_objects);
      CHECK(census.summary.total_bytes == summary.total_bytes);
      CHECK(census.summary.total_held_bytes == summary.total_held_bytes);
    }
  }
  CHECK(accepted > 0);
  MESSAGE("changed texts that are still censuses: ", accepted, " of 3000");
}
