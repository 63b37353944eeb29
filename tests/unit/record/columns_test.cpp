#include "tidemark/record/columns.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <string>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::record;

namespace {

constexpr const char* design_columns =
    "timestamp, elapsed_seconds, process_name, pid, cpu_percent, memory_rss_mb, memory_percent, "
    "process_started, ppid, state, threads, memory_vms_mb, memory_vmpeak_mb, memory_hwm_mb, memory_data_mb, "
    "memory_anon_mb, memory_file_mb, memory_shmem_mb, memory_swap_mb, memory_pss_mb, memory_uss_mb, minor_faults, "
    "major_faults, voluntary_switches, involuntary_switches, open_fds, io_read_mb, io_write_mb, cgroup_memory_mb, "
    "cgroup_working_set_mb, cgroup_limit_mb, system_available_mb, python_threads, gil_holder, gc_enabled, "
    "gc_gen0_count, gc_gen1_count, gc_gen2_count, gc_gen0_collections, gc_gen1_collections, gc_gen2_collections, "
    "gc_collected, gc_uncollectable, gc_garbage, python_function, python_file, python_line, phase, sample_cost_ms, "
    "gaps, pymalloc_arenas_mb, malloc_system_mb, malloc_free_mb";

Decimal decimal(std::uint64_t whole, std::uint32_t millionths, std::uint8_t least = 1, bool negative = false) {
  return {.whole = whole, .millionths = millionths, .least_digits = least, .negative = negative};
}

}  // namespace

TEST_CASE("the columns are those of the format, in its order") {
  std::string names;
  for (const Column& column : columns()) names += (names.empty() ? "" : ", ") + std::string(column.name);
  CHECK(names == design_columns);
  CHECK(columns()[psutil_column_count - 1].name == "memory_percent");
}

TEST_CASE("every column has a unit that its name agrees with, and a line of text") {
  for (const Column& column : columns()) {
    CAPTURE(column.name);
    CHECK(!column.doc.empty());
    CHECK((column.unit == "MiB") == column.name.ends_with("_mb"));
    CHECK((column.unit == "%") == column.name.ends_with("_percent"));
    CHECK((column.unit == "ms") == column.name.ends_with("_ms"));
  }
}

TEST_CASE("a sample with all readings fills every column but gaps; one without any leaves only what is always known") {
  const model::Tick tick = test::some_tick();
  for (const Column& column : columns()) {
    CAPTURE(column.name);
    const bool full_is_empty = std::holds_alternative<std::monostate>(column.value({tick, tick.samples[0]}));
    const bool bare_is_empty = std::holds_alternative<std::monostate>(column.value({tick, tick.samples[1]}));
    const bool always = column.scope != Scope::sample || column.name == "sample_cost_ms";
    CHECK(full_is_empty == (column.name == "gaps"));
    CHECK(bare_is_empty == (!always && column.name != "gaps"));
  }
}

TEST_CASE("bytes become MiB without loss of a page, up to the largest number") {
  CHECK(mib(0) == decimal(0, 0));
  CHECK(mib(1) == decimal(0, 1));
  CHECK(mib(4096) == decimal(0, 3906));
  CHECK(mib(8192) == decimal(0, 7813));  // 0.0078125: to nearest
  CHECK(mib((1U << 20U) - 1) == decimal(0, 999'999));
  CHECK(mib(1U << 20U) == decimal(1, 0));
  CHECK(mib(std::numeric_limits<std::uint64_t>::max()) == decimal((std::uint64_t{1} << 44U) - 1, 999'999));
}

TEST_CASE("durations are cut to microseconds") {
  CHECK(seconds(12'500'000'999) == decimal(12, 500'000, 3));
  CHECK(seconds(-1'500'000'000) == decimal(1, 500'000, 3, true));
  CHECK(seconds(std::numeric_limits<std::int64_t>::min()) == decimal(9'223'372'036, 854'775, 3, true));
  CHECK(milliseconds(34'567) == decimal(0, 34'000));
}

TEST_CASE("doubles are rounded, and what is no number is no value") {
  CHECK(std::get<Decimal>(rounded(408.905, 1)) == decimal(408, 900'000));
  CHECK(std::get<Decimal>(rounded(12.34567, 4)) == decimal(12, 345'700));
  CHECK(std::get<Decimal>(rounded(99.999, 2)) == decimal(100, 0));
  CHECK(std::holds_alternative<std::monostate>(rounded(std::nan(""), 2)));
  CHECK(std::holds_alternative<std::monostate>(rounded(std::numeric_limits<double>::infinity(), 2)));
  CHECK(std::holds_alternative<std::monostate>(rounded(1e300, 2)));
}

TEST_CASE("collector sums of a hostile target wrap instead of overflowing") {
  model::Tick tick = test::some_tick();
  auto& generations = tick.samples[0].python.gc->generations;
  generations[0].collected = std::numeric_limits<std::int64_t>::max();
  generations[1].collected = 1;
  generations[2].collected = 0;
  for (const Column& column : columns()) {
    if (column.name != "gc_collected") continue;
    CHECK(std::get<std::int64_t>(column.value({tick, tick.samples[0]})) == std::numeric_limits<std::int64_t>::min());
  }
}

TEST_CASE("the user's table of columns is this one") {
  const std::string text = test::read_text(std::string(TIDEMARK_SOURCE_DIR) + "/docs/recording-format.md");
  std::string table = "|---|---|---|\n";
  for (const Column& column : columns()) {
    table +=
        "| `" + std::string(column.name) + "` | " + std::string(column.unit) + " | " + std::string(column.doc) + " |\n";
  }
  CHECK(text.find(table + "\n") != std::string::npos);
}
