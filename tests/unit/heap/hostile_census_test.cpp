// A process whose memory says anything: a census of it ends, soon, and its parts add up.
#include <map>

#include "corrupter.hpp"
#include "fake_census.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

constexpr std::array focuses{"list", "str", "dict", "Order", "builtins.deque", ""};

void check_focus(const model::Census& census, const model::CensusFocus& focus, std::size_t samples) {
  const auto row = std::ranges::find(census.types, focus.address, &model::CensusType::address);
  REQUIRE(row != census.types.end());
  std::uint64_t count = 0, placed = 0;
  for (const auto& size : focus.sizes) count += size.count;
  for (const auto place : focus.places) placed += place;
  REQUIRE(row->type == focus.type);
  REQUIRE(count == row->count);
  REQUIRE(placed == row->count);
  REQUIRE(focus.samples.size() == std::min<std::size_t>(samples, row->count));
}

void check_sums(const model::Census& census, std::size_t samples) {
  model::CensusSummary sums;
  sums.unique_types = census.types.size();
  for (const auto& row : census.types) {
    sums.total_objects += row.count;
    sums.total_bytes += row.bytes;
    sums.total_held_bytes += row.held_bytes;
    REQUIRE(row.count > 0);
    REQUIRE(row.interned <= row.count);
    REQUIRE(row.immortal <= row.count);
  }
  REQUIRE(census.summary == sums);
  REQUIRE(census.summary.total_objects <= census.coverage.blocks);
  REQUIRE(census.coverage.share() >= 0);
  REQUIRE(census.coverage.share() <= 1);
  for (const auto& focus : census.focuses) check_focus(census, focus, samples);
}

/// The walk is that of the ledger: it has seen the same objects.
void check_against(const model::HeapLedger& ledger, const model::Census& census) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& row : census.types) counts[row.type] += static_cast<std::int64_t>(row.count);
  for (const auto& row : ledger.types) {
    if (row.type != "(buffers)" && row.type != "(interpreter)")
      counts[row.type] -= static_cast<std::int64_t>(row.count);
  }
  for (const auto& [type, count] : counts) REQUIRE_MESSAGE(count == 0, type);
}

/// Objects of each rule, in pools and chunks, some of them tracked.
struct Crowded : CensusHeap {
  explicit Crowded(const HeapShape& shape) : CensusHeap(shape) {
    constexpr std::uint32_t of_64 = 3, of_48 = 2;
    const auto dicts = add_pool(of_64, 6, {4}), orders = add_pool(of_48, 4);
    (void)dict_keys(keys, 1);
    for (std::uint64_t i = 0; i < 4; ++i) dict(block(dicts, of_64, i) + places::gc_head, keys);
    const auto order = heap.python.type({.name = "shop.Order",
                                         .flags = instance_flags | cpython::type_flags::managed_dict,
                                         .basic_size = 16,
                                         .base = object_type});
    heap.python.put(order, layout.type.cached_keys, base::Address{keys});
    const std::uint64_t head = layout.attributes.dict != 0 ? 32 : 16;
    for (std::uint64_t i = 0; i < 4; ++i) {
      heap.python.object(block(orders, of_48, i) + head, order);
      heap.space.put_word(block(orders, of_48, i), head == 32 ? 1 : 0);
    }
    heap.python.object(cut_native(0x30), heap.python.float_type);
    link_list(generation(0), {block(dicts, of_64, 0) + places::gc_head, block(dicts, of_64, 1) + places::gc_head});
    link_list(generation(2), {block(heap.pool_at(0), of_64, 3) + places::gc_head});
  }
};

void run(const HeapShape& shape, std::uint64_t seed, int rounds) {
  Crowded made(shape);
  Corrupter corrupter(made.heap, seed);
  const auto whole = made.read("dict");
  std::uint64_t most_reads = 0;
  for (int round = 0; round < rounds / share; ++round) {
    CAPTURE(round);
    corrupter.corrupt();
    const Moment moment(made.heap.space.space());
    corrupter.lose_pages();
    const auto before = made.heap.space.reads();
    const auto census = made.read_at(moment, focuses.at(static_cast<std::size_t>(round) % focuses.size()));
    most_reads = std::max(most_reads, made.heap.space.reads() - before);
    check_sums(census, made.samples);
    check_against(
        read_ledger(
            {.memory = made.heap.space, .moment = moment, .python = made.heap.place(), .thread_ids = {FakeHeap::tid}}),
        census);
    corrupter.restore();
  }
  CHECK(most_reads < 30'000);
  CHECK(made.read("dict").types == whole.types);  // all was put back
  CHECK(made.read("dict").focuses == whole.focuses);
}

}  // namespace

TEST_CASE("hostile census: Python 3.9 on glibc 2.31") {
  run({.malloc = glibc_2_31, .minor = 9, .pool_bytes = 4 << 10, .arena_bytes = 256 << 10}, 11, 4000);
}
TEST_CASE("hostile census: Python 3.11 on glibc 2.36") { run({.malloc = glibc_2_36, .minor = 11}, 12, 2000); }
TEST_CASE("hostile census: Python 3.12, small pools") {
  run({.malloc = glibc_2_36, .minor = 12, .pool_bytes = 4 << 10, .arena_bytes = 256 << 10, .has_more_main = true}, 13,
      3000);
}
TEST_CASE("hostile census: Python 3.14 on glibc 2.43") { run({.malloc = glibc_2_43, .minor = 14}, 14, 2000); }

TEST_CASE("hostile census: sizes that add up beyond all numbers") {
  CensusHeap made;
  const std::uint64_t list = CensusHeap::block(made.heap.pool_at(0), 3, 3) + places::gc_head;
  for (const std::uint64_t allocated : {std::uint64_t{1} << 36, std::uint64_t{1} << 61, ~std::uint64_t{0},
                                        std::uint64_t{INT64_MAX}, std::uint64_t{1} << 63}) {
    CAPTURE(allocated);
    made.heap.space.put_word(list + 32, allocated);
    const auto census = made.read("list");
    check_sums(census, made.samples);
    const auto row = row_of(census, "builtins.list");
    CHECK(row.bytes >= 17 * 56);
    CHECK(row.held_bytes >= 17 * 64);
  }
}

TEST_CASE("hostile census: all memory is one word, or noise") {
  CensusHeap made({.malloc = glibc_2_31, .minor = 9, .pool_bytes = 4 << 10, .arena_bytes = 256 << 10});
  Random random(4);
  constexpr std::array<std::uint64_t, 4> words{0, ~std::uint64_t{0}, 0x21, 0x1001};
  for (std::size_t round = 0; round < 12; ++round) {
    for (const auto& segment : made.heap.space.image().segments()) {
      const auto start = segment.start.value;
      for (std::uint64_t at = 0; at + 8 <= segment.bytes.size(); at += 8) {
        made.heap.space.put_word(start + at, round < words.size() ? words[round] : random() >> random() % 64);
      }
    }
    const auto before = made.heap.space.reads();
    check_sums(made.read("dict"), made.samples);
    CHECK(made.heap.space.reads() - before < 1'500'000);
  }
}
