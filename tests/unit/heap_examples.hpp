// Ledgers made by hand, as `tidemark heap` has them. Used by the tests of several rooms.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reading_examples.hpp"
#include "tidemark/model/heap.hpp"

namespace tidemark::heap_examples {

using reading_examples::kb, reading_examples::mb;

inline model::HeapRow row(model::HeapOwner owner, std::string detail, model::Bytes bytes, std::uint64_t count = 0) {
  return {.owner = owner, .detail = std::move(detail), .bytes = bytes, .count = count};
}

/// Makes the books balance: RSS is what the rows are, and what moved.
inline void settle(model::HeapLedger& ledger) {
  ledger.accounted_bytes = model::books_of(ledger).row_bytes;
  ledger.rss_bytes = ledger.accounted_bytes + static_cast<model::Bytes>(ledger.moved_bytes);
}

inline void add_malloc(model::MallocFigures& malloc) {
  malloc.library = "glibc 2.36";
  malloc.is_walked = true;
  malloc.arenas = {{.address = {0x7f0000001c60},
                    .is_main = true,
                    .system_bytes = 120 * mb,
                    .top_bytes = 2 * mb,
                    .bin_bytes = 30 * mb,
                    .fastbin_bytes = 64 * kb,
                    .tcache_bytes = 128 * kb,
                    .in_use_bytes = 87 * mb,
                    .chunks_in_use = 120'000,
                    .bin_chunks = 3'000,
                    .fastbin_chunks = 900,
                    .tcache_chunks = 400,
                    .trim_bytes = 25 * mb,
                    .resident_bytes = 119 * mb},
                   {.address = {0x7f1234000030},
                    .system_bytes = 12 * mb,
                    .top_bytes = 1 * mb,
                    .bin_bytes = 7 * mb,
                    .tcache_bytes = 32 * kb,
                    .in_use_bytes = 3 * mb,
                    .chunks_in_use = 2'000,
                    .bin_chunks = 70,
                    .tcache_chunks = 50,
                    .trim_bytes = 5 * mb,
                    .resident_bytes = 11 * mb}};
  malloc.mapped_chunks = 3;
  malloc.mapped_bytes = 40 * mb;
  malloc.tcaches = 9;
  malloc.native_sizes = {{.chunk_bytes = 4112, .count = 8'000, .total_bytes = 8'000 * 4112},
                         {.chunk_bytes = 1'048'592, .count = 7, .total_bytes = 7 * 1'048'592},
                         {.chunk_bytes = 32, .count = 100, .total_bytes = 3'200}};
}

inline void add_pymalloc(model::HeapLedger& ledger) {
  ledger.pymalloc = {.arenas = 400,
                     .arena_bytes = 256 * kb,
                     .pools_used = 24'000,
                     .pools_free = 1'600,
                     .pool_bytes = 4 * kb,
                     .blocks_used = 1'200'000,
                     .blocks_free = 90'000,
                     .used_bytes = 90 * mb,
                     .free_bytes = 4 * mb,
                     .torn_pools = 0};
  ledger.held_below = 10;
  ledger.held_arena_count = 12;
  ledger.held_arenas = {{.address = {0x7f2000000000}, .blocks = 1, .types = {{"builtins.dict", 1}}},
                        {.address = {0x7f2000040000}, .blocks = 4, .types = {{"builtins.str", 3}, {"app.Order", 1}}}};
  ledger.arenas = {{.address = {0x7f2000000000},
                    .pools_used = 1,
                    .pools_free = 63,
                    .blocks_used = 1,
                    .used_bytes = 64,
                    .resident_bytes = 200 * kb},
                   {.address = {0x7f2000080000},
                    .pools_used = 64,
                    .pools_free = 0,
                    .blocks_used = 9'000,
                    .used_bytes = 250 * kb,
                    .resident_bytes = 256 * kb}};
}

/// A worker of 300 MB, exact.
inline model::HeapProcess worker() {
  using enum model::HeapOwner;
  model::HeapProcess process;
  process.identity = {.pid = 4711, .start_ticks = 123'456};
  process.name = "worker.py";
  process.command_line = "/usr/bin/python3 worker.py --queue a";
  auto& ledger = process.ledger;
  ledger.consistency = "frozen";
  ledger.python_version = "3.11.2";
  ledger.python_allocator = "pymalloc";
  ledger.rows = {row(python_pymalloc, "dict", 40 * mb, 200'000),
                 row(python_pymalloc, "str", 30 * mb, 500'000),
                 row(python_pymalloc, "app.Order", 15 * mb, 90'000),
                 row(python_pymalloc, "tuple", 2 * mb, 40'000),
                 row(python_pymalloc, "float", 1 * mb, 40'000),
                 row(python_pymalloc, "buffers", 2 * mb, 1'000),
                 row(python_malloc, "list bodies", 20 * mb, 900),
                 row(python_malloc, "numpy.ndarray", 40 * mb, 12),
                 row(python_frames, "", 32 * kb, 2),
                 row(pymalloc_free_blocks, "", 4 * mb, 90'000),
                 row(pymalloc_free_pools, "", 6 * mb, 1'600),
                 row(pymalloc_slack, "", 1 * mb),
                 row(malloc_in_use, "", 40 * mb, 30'000),
                 row(malloc_mapped, "", 8 * mb, 1),
                 row(malloc_free_top, "main arena", 2 * mb, 1),
                 row(malloc_free_top, "thread arenas", 1 * mb, 1),
                 row(malloc_free_bins, "", 36 * mb, 3'070),
                 row(malloc_free_tcache, "", 160 * kb, 450),
                 row(malloc_overhead, "", 16 * kb, 4),
                 row(thread_stacks, "in use", 600 * kb, 8),
                 row(main_stack, "", 132 * kb, 1),
                 row(library_text, "", 9 * mb, 40),
                 row(library_data, "", 3 * mb, 40),
                 row(mapped_files, "", 512 * kb, 2),
                 row(kernel, "", 8 * kb, 2),
                 row(unexplained, "anonymous mappings", 40 * mb, 20)};
  ledger.rows[6].swap_bytes = 3 * mb;
  add_malloc(ledger.malloc);
  add_pymalloc(ledger);
  ledger.beside = {.swap_bytes = 3 * mb, .hugetlb_bytes = 0, .page_table_bytes = 820 * kb, .anon_huge_bytes = 64 * mb};
  ledger.cgroup = model::CgroupMemory{.usage_bytes = 900 * mb,
                                      .anon_bytes = 380 * mb,
                                      .file_bytes = 500 * mb,
                                      .kernel_bytes = 20 * mb,
                                      .limit_bytes = 1024 * mb};
  ledger.types = {{.type = "builtins.dict", .count = 200'000, .pymalloc_bytes = 40 * mb, .malloc_bytes = 5 * mb},
                  {.type = "numpy.ndarray", .count = 12, .pymalloc_bytes = 2 * kb, .malloc_bytes = 40 * mb},
                  {.type = "(buffers)", .count = 1'000, .pymalloc_bytes = 2 * mb, .malloc_bytes = 0}};
  ledger.files = {{.path = "/usr/bin/python3.11", .text_bytes = 5 * mb, .data_bytes = 1 * mb, .other_bytes = 0},
                  {.path = "/srv/data/index.bin", .text_bytes = 0, .data_bytes = 0, .other_bytes = 512 * kb}};
  ledger.cost = reading_examples::exact_cost();
  settle(ledger);
  return process;
}

inline model::HeapReading reading_of(std::vector<model::HeapProcess> processes, std::string consistency) {
  return reading_examples::reading_of<model::HeapReading>(std::move(processes), std::move(consistency));
}

inline model::HeapReading exact() { return reading_of({worker()}, "frozen"); }

/// The same while it ran: something moved, something was torn.
inline model::HeapReading racing() {
  auto process = worker();
  auto& ledger = process.ledger;
  ledger.consistency = "racing";
  ledger.moved_bytes = -static_cast<std::int64_t>(300 * kb);
  ledger.bound_bytes = 2 * mb;
  ledger.pymalloc.torn_pools = 3;
  ledger.malloc.torn_chunks = 1;
  ledger.malloc.torn_bytes = 64 * kb;
  ledger.cost = reading_examples::racing_cost();
  settle(ledger);
  return reading_of({process}, "racing");
}

/// No interpreter that could be read, musl, hardly anything there.
inline model::HeapReading bare() {
  using enum model::HeapOwner;
  model::HeapProcess process;
  process.identity = {.pid = 12, .start_ticks = 5};
  process.name = "sh";
  auto& ledger = process.ledger;
  ledger.rows = {row(library_text, "", 700 * kb, 2), row(other_allocator, "musl", 80 * kb, 3),
                 row(main_stack, "", 12 * kb, 1)};
  ledger.malloc.library = "musl";
  ledger.notes = {"musl's malloc is not walked: its bytes are a row of their own."};
  ledger.cost.bytes_read = 12 * kb;
  settle(ledger);
  return reading_of({process}, "racing");
}

/// Names that try to drive a terminal or to break a format; figures of a large machine.
inline model::HeapReading hostile() {
  auto process = worker();
  process.name = "\x1b[2Jevil;\n\xff name \\x41" + std::string(100, 'n');
  process.command_line = "a\0b\x1b]0;title\x07";
  auto& ledger = process.ledger;
  const std::string wide = "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字";
  ledger.rows[0].detail = "\x1b[31mred\n" + std::string(200, 'k');
  ledger.rows[1].detail = wide;
  ledger.rows[2] = row(model::HeapOwner::python_pymalloc, "|`*_<b>\\", model::Bytes{12} << 40U, 9'000'000'000'000);
  ledger.rows[12].bytes = model::Bytes{30} << 40U;
  ledger.types[0].type = "evil\x1b[2J.\r\nType" + wide + wide;
  ledger.types[0].malloc_bytes = model::Bytes{9} << 40U;
  ledger.files[0].path = "/" + std::string(300, 'p') + "/\x1b[2Jx\n.so";
  ledger.held_arenas[0].types = {{"a\nb\x07", 1}};
  ledger.notes = {"a note with \x1b[2J\n in it"};
  ledger.malloc.library = "\x1bglibc";
  ledger.cost.interrupted_calls = {{"re\nad", 2}};
  settle(ledger);
  return reading_of({process}, "frozen");
}

/// A master, two workers that it forked, and a child that could not be read.
inline model::HeapReading tree() {
  auto master = worker();
  master.name = "gunicorn";
  for (auto& one : master.ledger.rows) one.private_bytes = one.bytes / 10;
  auto first = master;
  first.identity = {.pid = 4712, .start_ticks = 123'500};
  first.parent = 4711;
  first.ledger.rows[0].private_bytes = 38 * mb;
  auto second = master;
  second.identity = {.pid = 4713, .start_ticks = 123'501};
  second.parent = 4711;
  second.ledger.rows.resize(12);
  settle(second.ledger);
  model::HeapProcess failed;
  failed.identity = {.pid = 4714, .start_ticks = 0};
  failed.parent = 4711;
  failed.name = "cat";
  failed.failure = "pid 4714 may not be read: permission denied";
  return reading_of({master, first, second, failed}, "frozen");
}

/// The worker a minute later.
inline model::HeapReading grown() {
  using enum model::HeapOwner;
  auto later = racing();
  auto& ledger = later.processes[0].ledger;
  later.wall_ns += 60'000'000'000;
  ledger.rows[0].bytes += 20 * mb;
  ledger.rows[0].count += 100'000;
  ledger.rows[16].bytes -= 6 * mb;
  ledger.rows.back().bytes += 10 * mb;
  ledger.rows.back().count += 5;
  ledger.rows.push_back(row(unexplained, "[heap]", 1 * mb, 1));
  ledger.types[0].count += 100'000;
  ledger.types[0].pymalloc_bytes += 20 * mb;
  ledger.malloc.native_sizes[0] = {.chunk_bytes = 4112, .count = 9'000, .total_bytes = 9'000 * 4112};
  settle(ledger);
  return later;
}

}  // namespace tidemark::heap_examples
