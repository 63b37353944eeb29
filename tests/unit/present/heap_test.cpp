// Ledgers as text: whole outputs (golden_file.hpp), and what must hold for any names and figures.
#include "tidemark/present/heap.hpp"

#include <doctest/doctest.h>

#include "golden_file.hpp"
#include "heap_examples.hpp"
#include "support.hpp"
#include "text_checks.hpp"

using namespace tidemark;
using namespace tidemark::present;
using namespace tidemark::present::test;
namespace examples = tidemark::heap_examples;

TEST_CASE("golden: a worker, exact and racing") {
  check_golden("heap_exact.txt", heap_text(examples::exact(), {}));
  check_golden("heap_racing.txt", heap_text(examples::racing(), {}));
}

TEST_CASE("golden: other tables") {
  check_golden("heap_arenas.txt", heap_text(examples::exact(), {.by = HeapTables::arenas}));
  check_golden("heap_files.txt", heap_text(examples::exact(), {.by = HeapTables::files}));
  check_golden("heap_types.txt", heap_text(examples::exact(), {.by = HeapTables::types}));
}

TEST_CASE("golden: a tree of workers, no Python, hostile names") {
  check_golden("heap_tree.txt", heap_text(examples::tree(), {}));
  check_golden("heap_bare.txt", heap_text(examples::bare(), {}));
  check_golden("heap_hostile.txt", heap_text(examples::hostile(), {.text = {.ascii = true}}));
}

TEST_CASE("no line is wider than the terminal, whatever names and figures are; nothing drives the terminal") {
  for (const std::size_t width : {60U, 80U, 120U}) {
    for (const auto by : {HeapTables::owners, HeapTables::arenas, HeapTables::files, HeapTables::types}) {
      for (const auto& reading :
           {examples::exact(), examples::racing(), examples::bare(), examples::hostile(), examples::tree()}) {
        const auto text = heap_text(reading, {.text = {.width = width}, .by = by});
        CHECK(widest_line(text) <= width);
        CHECK(is_safe(text));
      }
    }
  }
}

TEST_CASE("a ledger that does not add up says so, loudly and first") {
  CHECK_FALSE(has(heap_text(examples::exact(), {}), "DOES NOT ADD UP"));
  const auto alarm = [](auto spoil) {
    auto reading = examples::exact();
    spoil(reading.processes[0].ledger);
    const auto text = flat(heap_text(reading, {}));
    REQUIRE(has(text, "THIS LEDGER DOES NOT ADD UP"));
    CHECK(text.find("DOES NOT ADD UP") < text.find("Python objects"));
    return text;
  };
  CHECK(has(alarm([](auto& ledger) { ledger.rows[0].bytes += 1; }), "its rows are"));
  CHECK(has(alarm([](auto& ledger) { ledger.rss_bytes += 4096; }), "RSS is"));
  CHECK(has(alarm([](auto& ledger) { ledger.bound_bytes = 1; }), "it is frozen and yet not exact"));
  CHECK(has(alarm([](auto& ledger) { ledger.rows[1].detail = ledger.rows[0].detail; }), "two rows have one name"));
}

TEST_CASE("sentences stand only where their figure says something") {
  const auto full = flat(heap_text(examples::exact(), {}));
  CHECK(has(full, "malloc_trim(0) would give back 30.0 MB"));
  CHECK(has(full, "1 thread arena of malloc holds 8.0 MB"));
  CHECK(has(full, "MALLOC_ARENA_MAX=1"));
  CHECK(has(full, "12 of 400 pymalloc arenas (256 KB each) are held by fewer than 10 live blocks"));
  CHECK(has(full, "8000 blocks of 4112 bytes, 31.4 MB"));
  CHECK(has(full, "20 anonymous mappings"));
  CHECK(has(full, "500.0 MB page cache"));

  auto reading = examples::exact();
  auto& ledger = reading.processes[0].ledger;
  for (auto& arena : ledger.malloc.arenas) arena.trim_bytes = 0;
  ledger.malloc.arenas.resize(1);
  ledger.held_arena_count = 0;
  ledger.malloc.native_sizes.clear();
  ledger.rows.back().detail = "[heap]";
  ledger.cgroup->file_bytes = 0;
  ledger.cgroup->limit_bytes.reset();
  const auto plain = flat(heap_text(reading, {}));
  for (const char* const words :
       {"malloc_trim", "MALLOC_ARENA_MAX", "live blocks", "by size of block", "native code mapped", "cgroup"}) {
    CHECK_MESSAGE(!has(plain, words), words);
  }
}

TEST_CASE("small details are folded, and one alone is not") {
  const auto text = heap_text(examples::exact(), {});
  CHECK(has(text, "others (3)"));  // tuple, float, buffers
  auto reading = examples::exact();
  auto& ledger = reading.processes[0].ledger;
  ledger.rows.erase(ledger.rows.begin() + 4, ledger.rows.begin() + 6);
  examples::settle(ledger);
  CHECK_FALSE(has(heap_text(reading, {}), "others ("));
  CHECK(has(heap_text(reading, {}), "    tuple"));
}

TEST_CASE("arenas: many are folded into one line and the sum has all") {
  auto reading = examples::exact();
  auto& arenas = reading.processes[0].ledger.arenas;
  arenas.clear();
  for (std::uint64_t at = 0; at < 1'000; ++at) {
    arenas.push_back({.address = {0x7f0000000000 + at * 0x40000},
                      .pools_used = 64,
                      .pools_free = 0,
                      .blocks_used = 1'000 - at,
                      .used_bytes = 1024,
                      .resident_bytes = 2048});
  }
  const auto text = heap_text(reading, {.by = HeapTables::arenas});
  CHECK(has(text, "others (960)"));
  CHECK(has(text, "1000.0"));  // KB in use of all
  CHECK(has(text, "2000.0"));
  CHECK(has(text, "500500"));
}
