// Censuses made by hand, as `tidemark objects` has them. Used by the tests of several rooms.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reading_examples.hpp"
#include "tidemark/model/census.hpp"

namespace tidemark::census_examples {

using reading_examples::kb, reading_examples::mb;

inline model::CensusType type(std::string name, std::string module, std::uint64_t address, std::uint64_t count,
                              model::Bytes bytes, model::Bytes held) {
  return {.type = std::move(name),
          .module = std::move(module),
          .address = {address},
          .count = count,
          .bytes = bytes,
          .held_bytes = held};
}

/// Makes the summary what the rows are.
inline void settle(model::Census& census) {
  auto& summary = census.summary;
  summary.total_objects = summary.total_bytes = summary.total_held_bytes = 0;
  summary.unique_types = census.types.size();
  for (const auto& one : census.types) {
    summary.total_objects += one.count;
    summary.total_bytes += one.bytes;
    summary.total_held_bytes += one.held_bytes;
  }
}

/// A worker of 871,000 objects, frozen; two of its types have one name.
inline model::CensusProcess worker() {
  model::CensusProcess process;
  process.identity = {.pid = 4711, .start_ticks = 123'456};
  process.name = "worker.py";
  process.command_line = "/usr/bin/python3 worker.py --queue a";
  auto& census = process.census;
  census.consistency = "frozen";
  census.python_version = "3.12.4";
  census.python_allocator = "pymalloc";
  census.types = {
      type("builtins.dict", "builtins", 0x955d20, 200'000, 40 * mb, 60 * mb),
      type("numpy.ndarray", "numpy", 0x7f31002b6aa0, 12, 40 * mb, 40 * mb + 4 * kb),
      type("builtins.str", "builtins", 0x9590a0, 500'000, 30 * mb, 34 * mb),
      type("app.models.Order", "app.models", 0x55d0c2a1e8f0, 90'000, 5 * mb, 6 * mb),
      type("builtins.tuple", "builtins", 0x9565a0, 40'000, 2 * mb + 100 * kb, 2 * mb + 300 * kb),
      type("builtins.float", "builtins", 0x955780, 40'000, 960'000, 960'000),
      type("app.models.Order", "app.models", 0x55d0c2b00010, 800, 50'000, 51'200),
      type("azure.core.pipeline._base.Pipeline", "azure.core.pipeline._base", 0x55d0c2c00010, 188, 9'024, 10'000)};
  census.types[1].has_own_sizeof = true;
  census.types[2].immortal = 12'345;
  census.types[2].interned = 23'456;
  census.types[4].immortal = 7;
  census.summary.garbage_count = 0;
  census.summary.gc_enabled = true;
  census.summary.gc_thresholds = {700, 10, 10};
  census.summary.gc_counts = {523, 4, 1};
  census.coverage.blocks = 900'000;
  census.cost = reading_examples::exact_cost();
  settle(census);
  return process;
}

inline model::CensusReading reading_of(std::vector<model::CensusProcess> processes, std::string consistency) {
  return reading_examples::reading_of<model::CensusReading>(std::move(processes), std::move(consistency));
}

inline model::CensusReading exact() { return reading_of({worker()}, "frozen"); }

/// The same while it ran: something was torn, and the budget left something out.
inline model::CensusReading racing() {
  auto process = worker();
  auto& census = process.census;
  census.consistency = "racing";
  census.coverage = {.blocks = 900'000,
                     .torn_pools = 30,
                     .torn_blocks = 2'900,
                     .torn_chunks = 1,
                     .torn_bytes = 64 * kb,
                     .lost_bytes = 8 * kb,
                     .left_out_bytes = 0,
                     .is_out_of_budget = false};
  census.cost = reading_examples::racing_cost();
  return reading_of({process}, "racing");
}

/// Ended by its budget.
inline model::CensusReading cut() {
  auto reading = racing();
  auto& census = reading.processes[0].census;
  census.coverage.left_out_bytes = 120 * mb;
  census.coverage.is_out_of_budget = true;
  census.notes = {"Names of 3 types could not be read: they stand as their addresses."};
  return reading;
}

/// No interpreter that could be read in full, hardly anything there.
inline model::CensusReading bare() {
  model::CensusProcess process;
  process.identity = {.pid = 12, .start_ticks = 5};
  process.name = "sh";
  process.census.notes = {"No Python was found: there are no objects to count."};
  process.census.cost.bytes_read = 12 * kb;
  return reading_of({process}, "racing");
}

/// With `--type Order`: two types of that name.
inline model::CensusReading focused() {
  auto reading = exact();
  auto& census = reading.processes[0].census;
  model::CensusFocus first{.type = "app.models.Order", .address = census.types[3].address, .sizes = {}, .samples = {}};
  first.sizes = {{.from = 32, .count = 80'000, .bytes = 3'840'000},
                 {.from = 64, .count = 9'990, .bytes = 640'000},
                 {.from = 1'024, .count = 9, .bytes = 12'000},
                 {.from = 512 * kb, .count = 1, .bytes = 750'880}};
  using enum model::GcPlace;
  first.places[static_cast<std::size_t>(untracked)] = 3;
  first.places[static_cast<std::size_t>(generation0)] = 200;
  first.places[static_cast<std::size_t>(generation2)] = 89'797;
  first.samples = {{.address = {0x7f31001122e0},
                    .refcount = 3,
                    .bytes = 56,
                    .held_bytes = 64,
                    .place = generation2,
                    .value = "Order(id=7, customer='Ada', lines=[Line(…), Line(…), … 4 more])"},
                   {.address = {0x7f3100112320},
                    .refcount = 12'345,
                    .bytes = 750'880,
                    .held_bytes = 1 * mb,
                    .place = generation0,
                    .value = "Order(id=8, customer='Bob', lines=[])"}};
  model::CensusFocus second{.type = "app.models.Order", .address = census.types[6].address, .sizes = {}, .samples = {}};
  second.sizes = {{.from = 32, .count = 800, .bytes = 50'000}};
  second.places[static_cast<std::size_t>(frozen)] = 800;
  second.samples = {{.address = {0x7f3100aa0000},
                     .refcount = 4'294'967'295,
                     .is_immortal = true,
                     .bytes = 56,
                     .held_bytes = 64,
                     .place = frozen,
                     .value = "Order(…)"}};
  census.focuses = {first, second};
  return reading;
}

/// Names that try to drive a terminal or to break a format; figures of a large machine.
inline model::CensusReading hostile() {
  auto reading = focused();
  auto& process = reading.processes[0];
  process.name = "\x1b[2Jevil;\n\xff name \\x41" + std::string(100, 'n');
  process.command_line = "a\0b\x1b]0;title\x07";
  auto& census = process.census;
  std::string wide;
  for (int times = 0; times < 40; ++times) wide += "漢字";
  census.types[0].type = "\x1b[31mred\n." + std::string(200, 'k');
  census.types[1].type = "|`*_<b>\\" + wide + wide;
  census.types[1].module = "\xc3\x28\x9b";
  census.types[1].bytes = model::Bytes{12} << 40U;
  census.types[1].held_bytes = model::Bytes{13} << 40U;
  census.types[2].count = 9'000'000'000'000;
  census.types[3].type = census.focuses[0].type = "evil\x1b[2J.\r\nType" + wide;
  census.focuses[0].samples[0].value = "\x1b]0;x\x07\n" + wide + std::string(300, 'v');
  census.focuses[0].samples[0].refcount = INT64_MIN;
  census.focuses[0].samples[0].held_bytes = model::Bytes{1} << 46U;
  census.focuses[0].sizes.push_back({.from = (model::Bytes{1} << 45U) + 1, .count = 5, .bytes = 77});
  census.notes = {"a note with \x1b[2J\n in it"};
  census.summary.gc_thresholds = {INT64_MIN, INT64_MAX, 0, 5};
  census.consistency = "fro\x1b[2Jzen";
  census.cost.interrupted_calls = {{"re\nad", 2}};
  settle(census);
  return reading;
}

/// A master, two workers that it forked, and a child that could not be read.
inline model::CensusReading tree() {
  auto master = worker();
  master.name = "gunicorn";
  auto first = master;
  first.identity = {.pid = 4712, .start_ticks = 123'500};
  first.parent = 4711;
  first.census.types[0].count += 50'000;
  first.census.types[0].bytes += 10 * mb;
  first.census.types[0].held_bytes += 15 * mb;
  settle(first.census);
  auto second = master;
  second.identity = {.pid = 4713, .start_ticks = 123'501};
  second.parent = 4711;
  second.census.types.resize(4);
  settle(second.census);
  model::CensusProcess failed;
  failed.identity = {.pid = 4714, .start_ticks = 0};
  failed.parent = 4711;
  failed.name = "cat";
  failed.failure = "pid 4714 may not be read: permission denied";
  return reading_of({master, first, second, failed}, "frozen");
}

/// The racing worker a minute later: dicts, a new type and interned strings came, arrays went.
inline model::CensusReading grown() {
  auto later = racing();
  later.wall_ns += 60'000'000'000;
  auto& census = later.processes[0].census;
  census.types[0].count += 100'000;
  census.types[0].bytes += 20 * mb;
  census.types[0].held_bytes += 30 * mb;
  census.types[1].count -= 2;
  census.types[1].bytes -= 6 * mb;
  census.types[1].held_bytes -= 6 * mb;
  census.types[2].count += 3'000;
  census.types[2].bytes += 180'000;
  census.types[2].held_bytes += 200'000;
  census.types[2].immortal += 1'500;
  census.types[2].interned += 2'000;
  census.types[6].count += 1;
  census.types[6].bytes += 56;
  census.types[6].held_bytes += 64;
  census.types.back() = type("app.cache.Entry", "app.cache", 0x55d0c2d00010, 10'000, 1 * mb, 1 * mb);
  census.types.push_back(type("app.models.Order", "app.models", 0x55d0c2e00010, 5, 300, 320));
  census.coverage.torn_blocks = 8'000;
  settle(census);
  return later;
}

}  // namespace tidemark::census_examples
