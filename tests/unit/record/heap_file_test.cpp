// Saved ledgers: what is written comes back, and a hostile file does no harm.
#include "tidemark/record/heap_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <random>

#include "heap_examples.hpp"
#include "sanitized.hpp"
#include "saved_support.hpp"
#include "support.hpp"

using namespace tidemark;
using namespace tidemark::record;
namespace examples = tidemark::heap_examples;

namespace {

std::string refusal(const std::string& text) {
  const auto read = parse_heap(text, "x.json");
  REQUIRE_FALSE(read.has_value());
  return read.error().detail;
}

/// The exact reading's JSON with one thing changed.
template <class Change>
std::string spoiled(Change change) {
  auto json = nlohmann::ordered_json::parse(heap_json(examples::exact()));
  change(json, json["processes"][0]);
  return json.dump();
}

}  // namespace

TEST_CASE("heap JSON: save, read, and it is the same to the byte") {
  const test::TempDirectory directory;
  const auto path = directory.file("ledger.json");
  for (const auto& reading :
       {examples::exact(), examples::racing(), examples::bare(), examples::hostile(), examples::tree()}) {
    REQUIRE(save_heap(path, reading).has_value());
    CHECK(test::read_text(path) == heap_json(reading));
    const auto read = read_heap(path);
    REQUIRE_MESSAGE(read.has_value(), base::describe(read.error()));
    CHECK(heap_json(*read) == heap_json(reading));
    CHECK(read->processes[0].name == reading.processes[0].name);  // hostile bytes come back as they were
    CHECK(read->processes[0].ledger.rows == reading.processes[0].ledger.rows);
  }
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);  // nothing is left beside
}

TEST_CASE("heap JSON: the keys that scripts use") {
  const auto json = nlohmann::json::parse(heap_json(examples::exact()));
  CHECK(json["schema"] == 1);
  CHECK(json["consistency"] == "frozen");
  CHECK(json["taken"] == "2026-11-21T05:53:00.123Z");
  const auto& process = json["processes"][0];
  CHECK(process["pid"] == 4711);
  CHECK(process["adds_up"] == true);
  CHECK(process["rows"][0]["owner"] == "python.pymalloc");
  CHECK(process["rows"][0]["detail"] == "dict");
  std::uint64_t sum = 0;
  for (const auto& row : process["rows"]) sum += row["bytes"].get<std::uint64_t>();
  CHECK(sum == process["rss_bytes"]);
  CHECK(process["malloc"]["trim_bytes"] == 30 * examples::mb);
  const auto failed = nlohmann::json::parse(heap_json(examples::tree()))["processes"][3];
  CHECK(failed["failure"] == "pid 4714 may not be read: permission denied");
  CHECK_FALSE(failed.contains("rows"));
}

TEST_CASE("heap JSON of a sample is one line without the lists that grow with the heap") {
  const auto line = heap_sample_json(examples::hostile().processes[0].ledger);
  CHECK(line.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(line);
  CHECK(json.contains("rows"));
  CHECK(json["malloc"].contains("system_bytes"));
  CHECK_FALSE(json.contains("types"));
  CHECK_FALSE(json.contains("files"));
  CHECK_FALSE(json["pymalloc"].contains("arena_list"));
}

TEST_CASE("a file that is there is replaced whole; what is no regular file is left alone") {
  const test::TempDirectory directory;
  const auto path = directory.file("old.json");
  test::write_text(path, "old");
  const auto link = directory.file("link.json");
  std::filesystem::create_symlink(path, link);
  REQUIRE(save_heap(link, examples::bare()).has_value());
  CHECK(std::filesystem::is_symlink(link));
  CHECK(test::read_text(path) == heap_json(examples::bare()));

  const auto fifo = directory.file("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(save_heap(fifo, examples::bare()).error().code == base::ErrorCode::usage);
  CHECK(std::filesystem::is_fifo(fifo));
  CHECK(save_heap(directory.file("no/such/place"), examples::bare()).error().code == base::ErrorCode::not_found);
}

TEST_CASE("hostile: what is no ledger is refused and says where") {
  CHECK(refusal("") == "not JSON, or cut");
  CHECK(refusal("{") == "not JSON, or cut");
  CHECK(refusal("[]") == "no object with processes");
  CHECK(refusal("{}") == "no object with processes");
  CHECK(refusal("7") == "no object with processes");
  CHECK(refusal(heap_json(examples::exact()).substr(0, 3000)) == "not JSON, or cut");
  CHECK(refusal(spoiled([](auto& json, auto&) { json["schema"] = 2; })) == "schema is not 1");
  CHECK(refusal(spoiled([](auto& json, auto&) { json["processes"] = 7; })) == "processes is not a list");
  CHECK(refusal(spoiled([](auto& json, auto&) { json["processes"][0] = 7; })) == "processes[0] is not an object");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["pid"] = -1; })) == "processes[0].pid is not a count");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["pid"] = 0; })) == "processes[0].pid is not a process id");
  CHECK(refusal(spoiled([](auto&, auto& process) { process.erase("rows"); })) == "processes[0].rows is missing");
  CHECK(refusal(spoiled([](auto&, auto& process) { process.erase("rss_bytes"); })) ==
        "processes[0].rss_bytes is missing");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["malloc"] = 1; })) ==
        "processes[0].malloc is not an object");
  CHECK(refusal(spoiled([](auto&, auto& process) {
          process["notes"] = {1, 2};
        })) == "processes[0].notes is not a list of texts");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["rows"][3]["owner"] = "you\x1b"; })) ==
        "processes[0].rows[3].owner is 'you\\x1b', which this tidemark does not know");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["malloc"]["arenas"][0]["address"] = "0xg"; })) ==
        "processes[0].malloc.arenas[0].address is not an address");
}

TEST_CASE("hostile: figures that are none, too large, or do not add up") {
  for (const auto& wrong : {nlohmann::ordered_json(-5), nlohmann::ordered_json(1.5), nlohmann::ordered_json("5"),
                            nlohmann::ordered_json(std::uint64_t{1} << 47U), nlohmann::ordered_json(UINT64_MAX)}) {
    CHECK(refusal(spoiled([&](auto&, auto& process) { process["rows"][0]["bytes"] = wrong; })) ==
          "processes[0].rows[0].bytes is not a number of bytes");
  }
  CHECK(refusal(spoiled([](auto&, auto& process) { process["rows"][0]["bytes"] = 1; })).find("not a ledger") !=
        std::string::npos);
  CHECK(refusal(spoiled([](auto&, auto& process) { process["moved_bytes"] = INT64_MIN; })) ==
        "processes[0].moved_bytes is not a number of bytes");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["moved_bytes"] = 4096; })) ==
        "processes[0].rows is not a ledger: the books do not balance");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["cost"]["pause_ms"] = 1e300; })) ==
        "processes[0].cost.pause_ms is not a time");
  CHECK(refusal(spoiled([](auto&, auto& process) { process["cost"]["threads"] = UINT64_MAX; })) ==
        "processes[0].cost.threads is not a count");
}

TEST_CASE("hostile: depth and number of values are capped while they come") {
  CHECK(refusal(std::string(1'000'000, '[')) != "");
  CHECK(refusal(R"({"processes":)" + std::string(100, '[') + std::string(100, ']') + "}") == "nested too deeply");
  if (is_sanitized) return;  // takes a minute then
  CHECK(parse_heap(test::list_of_more_than(max_heap_values), "x").error().code == base::ErrorCode::limit);
}

TEST_CASE("a later tidemark may have more to say: unknown keys are passed over, missing ones are empty") {
  const auto read = parse_heap(spoiled([](auto& json, auto& process) {
                                 json["later"] = {1, 2};
                                 process["rows"][0]["later"] = nullptr;
                                 process.erase("malloc");
                                 process.erase("cgroup");
                               }),
                               "x.json");
  REQUIRE_MESSAGE(read.has_value(), base::describe(read.error()));
  CHECK(read->processes[0].ledger.malloc.arenas.empty());
  CHECK_FALSE(read->processes[0].ledger.cgroup);
}

TEST_CASE("hostile: bytes changed anywhere do no harm; what is accepted balances") {
  const std::string good = heap_json(examples::tree());
  std::mt19937 random(7);  // NOLINT: the same each time
  std::size_t accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto read = parse_heap(test::changed_json(good, random), "x.json");
    if (!read) continue;
    ++accepted;
    for (const auto& process : read->processes) CHECK(books_of(process.ledger).balance());
  }
  MESSAGE("changed texts that are still ledgers: ", accepted, " of 3000");
}
