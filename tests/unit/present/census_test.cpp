// Censuses as text: whole outputs (golden_file.hpp), and what must hold for any names and figures.
#include "tidemark/present/census.hpp"

#include <doctest/doctest.h>

#include <chrono>

#include "census_examples.hpp"
#include "golden_file.hpp"
#include "support.hpp"
#include "text_checks.hpp"

using namespace tidemark;
using namespace tidemark::present;
using namespace tidemark::present::test;
namespace examples = tidemark::census_examples;

namespace {

model::CensusReading filtered(std::string_view glob) {
  auto reading = examples::exact();
  std::erase_if(reading.processes[0].census.types, [&](const auto& type) { return !matches(glob, type); });
  return reading;
}

bool is_match(std::string_view glob, std::string name) {
  return matches(glob, examples::type(std::move(name), "", 1, 1, 1, 1));
}

}  // namespace

TEST_CASE("golden: a worker, frozen, racing and cut by its budget") {
  check_golden("census_exact.txt", census_text(examples::exact(), {}));
  check_golden("census_racing.txt", census_text(examples::racing(), {}));
  check_golden("census_cut.txt", census_text(examples::cut(), {}));
}

TEST_CASE("golden: by count and cut, by module, filtered") {
  check_golden("census_count.txt", census_text(examples::exact(), {.sort = CensusSort::count, .top = 3}));
  check_golden("census_modules.txt", census_text(examples::exact(), {.by_module = true}));
  check_golden("census_filter.txt", census_text(filtered("app*"), {.filter = "app*"}));
}

TEST_CASE("golden: closer looks at types of one name") {
  check_golden("census_focus.txt", census_text(examples::focused(), {}));
  check_golden("census_focus_ascii.txt", census_text(examples::focused(), {.text = {.ascii = true}}));
}

TEST_CASE("golden: a tree of workers, no Python, hostile names") {
  check_golden("census_tree.txt", census_text(examples::tree(), {}));
  check_golden("census_bare.txt", census_text(examples::bare(), {}));
  check_golden("census_hostile.txt", census_text(examples::hostile(), {.text = {.ascii = true}}));
}

TEST_CASE("no line is wider than the terminal, whatever names and figures are; nothing drives the terminal") {
  auto hostile_table = examples::hostile();
  hostile_table.processes[0].census.focuses.clear();
  for (const std::size_t width : {60U, 80U, 120U}) {
    for (const bool by_module : {false, true}) {
      for (const auto& reading : {examples::exact(), examples::racing(), examples::cut(), examples::bare(),
                                  examples::focused(), examples::hostile(), hostile_table, examples::tree()}) {
        const auto text =
            census_text(reading, {.text = {.width = width}, .by_module = by_module, .filter = "\x1b[2J*\xff"});
        CHECK(widest_line(text) <= width);
        CHECK(is_safe(text));
      }
    }
  }
}

TEST_CASE("ASCII: nothing that we draw is above 0x7f") {
  auto reading = examples::focused();
  for (auto& sample : reading.processes[0].census.focuses[0].samples) sample.value = "Order()";
  reading.processes[0].census.focuses[1].samples.clear();
  const auto focus = census_text(reading, {.text = {.ascii = true}});
  const auto table = census_text(examples::tree(), {.text = {.ascii = true}, .top = 1});
  for (const auto& text : {focus, table}) {
    CHECK(std::all_of(text.begin(), text.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x80; }));
  }
  CHECK(has(focus, "####"));
  CHECK(has(table, "... 6 more types"));
}

TEST_CASE("top: exactly so many lines, the rest summed in one; 0 is all") {
  auto reading = examples::bare();
  auto& census = reading.processes[0].census;
  for (std::uint64_t at = 0; at < 1'000; ++at) {
    census.types.push_back(examples::type("m.T" + std::to_string(at), "m", at, 2, 1000 - at, 1024));
  }
  examples::settle(census);
  const auto text = census_text(reading, {.top = 10});
  CHECK(has(text, "m.T9 "));
  CHECK_FALSE(has(text, "m.T10 "));
  CHECK(has(flat(text), "… 990 more types 1,980 479.0 KB 248 B 990.0 KB"));
  const auto all = census_text(reading, {.top = 0});
  CHECK(has(all, "m.T999 "));
  CHECK_FALSE(has(all, "more type"));
  CHECK(has(census_text(reading, {.top = 999}), "… 1 more type "));
  CHECK_FALSE(has(census_text(reading, {.top = 1'000}), "more type"));
  CHECK(has(census_text(reading, {}), "… 975 more types"));
}

TEST_CASE("by count: the most objects first, and of the same number the most bytes") {
  const auto text = census_text(examples::exact(), {.sort = CensusSort::count});
  CHECK(text.find("builtins.str") < text.find("builtins.dict"));
  CHECK(text.find("builtins.tuple") < text.find("builtins.float"));
  CHECK(text.find("builtins.float") < text.find("numpy.ndarray"));
}

TEST_CASE("a filter: its sum, and what it is of; no match says so") {
  const auto text = flat(census_text(filtered("*.Order"), {.filter = "*.Order"}));
  CHECK(has(text, "*.Order: 2 types, 90,800 objects, 5.0 MB, 6.0 MB held: 4.3 % of all bytes."));
  CHECK(has(text, "871,000 objects of 8 types"));  // the summary is of all
  CHECK_FALSE(has(text, "immortal"));
  const auto strings = flat(census_text(filtered("builtins.str"), {.filter = "builtins.str"}));
  CHECK(has(strings, "builtins.str: 1 type, 500,000 objects,"));
  CHECK(has(strings, "Of those that match, 12,345 are immortal (never freed), 23,456 interned str."));
  const auto modules = flat(census_text(filtered("*o*"), {.by_module = true, .filter = "*o*"}));
  CHECK(has(modules, "*o*: 4 types of 3 modules, "));
  const auto none = flat(census_text(filtered("azur"), {.filter = "azur"}));
  CHECK(has(none, "azur: no type with objects has such a name."));
  CHECK_FALSE(has(none, "average"));
}

TEST_CASE("globs describe the whole name: any text, one character") {
  CHECK(is_match("azure*", "azure.core.Pipeline"));
  CHECK(is_match("*", ""));
  CHECK(is_match("**", "anything"));
  CHECK(is_match("", ""));
  CHECK(is_match("*.Order", "app.models.Order"));
  CHECK(is_match("app.*.Or?er", "app.models.Order"));
  CHECK(is_match("*a*b*c", "xaybzcac"));
  CHECK(is_match("*ab", "aab"));
  CHECK(is_match("?", "漢"));
  CHECK(is_match("a?b*", "a漢b字"));
  CHECK(is_match("a?b",
                 "a\xff"
                 "b"));
  CHECK_FALSE(is_match("azure", "azure.core"));
  CHECK_FALSE(is_match("Azure*", "azure.core"));
  CHECK_FALSE(is_match("?", ""));
  CHECK_FALSE(is_match("", "a"));
  CHECK_FALSE(is_match("??", "漢"));
  CHECK_FALSE(is_match("*.Order", "app.Orders"));
  CHECK_FALSE(is_match("a*b*c", "acb"));
  CHECK_FALSE(is_match("[a]", "a"));  // no sets
  CHECK(is_match("*.<locals>.*", "app.f.<locals>.C"));
  CHECK_FALSE(is_match(std::string("a\0", 2), "a"));
}

TEST_CASE("hostile globs: never more than name x glob steps") {
  std::string glob;
  for (int times = 0; times < 200; ++times) glob += "*a";
  const std::string name(4'000, 'a');
  const auto began = std::chrono::steady_clock::now();
  CHECK(is_match(glob, name));
  CHECK_FALSE(is_match(glob + "*b", name));
  CHECK_FALSE(is_match("*" + std::string(2'000, 'a') + "b", name));
  CHECK_FALSE(is_match("*" + std::string(2'000, '?') + "b*" + std::string(2'000, '?'), name));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));  // backtracking takes longer than a life
}

TEST_CASE("sentences stand only where their figure says something") {
  auto reading = examples::exact();
  auto& census = reading.processes[0].census;
  const auto full = flat(census_text(reading, {}));
  CHECK(has(full, "gc.garbage is empty"));
  for (const char* const words : {"Racing", "Not complete", "--budget", "never runs"}) {
    CHECK_MESSAGE(!has(full, words), words);
  }
  census.summary.garbage_count = 1;
  census.summary.gc_enabled = false;
  CHECK(has(flat(census_text(reading, {})),
            "Garbage collector: disabled; thresholds 700, 10, 10; counts 523, 4, 1; gc.garbage holds 1 object."));
  census.summary.gc_enabled = true;
  census.summary.gc_thresholds[0] = 0;
  CHECK(has(flat(census_text(reading, {})), "thresholds 0, 10, 10 (0: it never runs by itself)"));

  census.summary.garbage_count.reset();
  census.summary.gc_enabled.reset();
  census.summary.gc_thresholds.clear();
  census.summary.gc_counts.clear();
  for (auto& type : census.types) {
    type.immortal = type.interned = 0;
    type.has_own_sizeof = false;
  }
  const auto plain = flat(census_text(reading, {}));
  for (const char* const words : {"Garbage", "garbage", "immortal", "interned", "__sizeof__", "*"}) {
    CHECK_MESSAGE(!has(plain, words), words);
  }
  census.types[2].immortal = 1;
  CHECK(has(flat(census_text(reading, {})), "Of them 1 is immortal (never freed)."));
}

TEST_CASE("coverage: what was missed is said, and how to miss less; nothing missed never looks like something") {
  auto reading = examples::racing();
  auto& coverage = reading.processes[0].census.coverage;
  coverage = {.blocks = 1'000'000, .torn_pools = 1, .torn_blocks = 1};
  const auto one = flat(census_text(reading, {}));
  CHECK(has(one, "Racing: 99.9 % of the blocks in use were looked at."));  // not 100.0
  CHECK(has(one, "1 pool of pymalloc (1 block), which changed each time that it was read."));
  CHECK(has(one, "With --consistency frozen nothing changes while it is read."));
  coverage = {.blocks = 1'000'000};
  CHECK(has(flat(census_text(reading, {})), "Racing: it ran meanwhile, and nothing that was in use was missed."));

  reading.processes[0].census.consistency = "frozen";
  coverage.left_out_bytes = 64'000'000;
  coverage.is_out_of_budget = true;
  const auto cut = flat(census_text(reading, {}));
  CHECK(has(cut,
            "Not complete: 50.0 % of the blocks in use were looked at. Missed, and in no row: 61.0 MB of arenas "
            "that there was no time for. Its time was used up: a longer --budget looks at the rest."));
  CHECK_FALSE(has(cut, "--consistency"));
}

TEST_CASE("a focus stands in the place of the table; without its row it has no sums") {
  auto reading = examples::focused();
  const auto text = census_text(reading, {});
  CHECK_FALSE(has(text, "builtins.dict"));
  CHECK(has(flat(text), "app.models.Order at 0x55d0c2b00010: 800 objects, 48.8 KB, 50.0 KB held."));
  CHECK(has(flat(text), "Garbage collector: 3 not tracked, 200 in generation 0, 89,797 in generation 2."));
  CHECK(has(text, "immortal  frozen  56 B  held 64 B  Order(…)\n"));  // short values stand beside their figures
  CHECK(has(text, "\n    Order(id=7, customer='Ada'"));               // long ones below
  reading.processes[0].census.types.clear();
  CHECK(has(census_text(reading, {}), "app.models.Order at 0x55d0c2b00010.\n"));
}

TEST_CASE("a size histogram: the longest bar is the most objects, and one object still has a mark") {
  const auto text = census_text(examples::focused(), {.text = {.width = 60, .ascii = true}});
  CHECK(has(text, "3.7 MB  ############\n"));
  CHECK(has(text, "733.3 KB  #\n"));
  CHECK(has(text, "1 KB to 2 KB"));
  CHECK(has(text, "512 KB to 1 MB"));
  CHECK(has(text, "32 to 63 B"));
}
