// A process whose memory says anything: a ledger of it ends, soon, and its rows add up.
#include <array>

#include "corrupter.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

void run(const HeapShape& shape, std::uint64_t seed, int rounds) {
  FakeHeap heap(shape);
  Corrupter corrupter(heap, seed);
  std::uint64_t most_reads = 0;
  for (int round = 0; round < rounds / share; ++round) {
    CAPTURE(round);
    corrupter.corrupt();
    const auto space = heap.space.space();
    const Moment moment(heap.space.space());
    corrupter.lose_pages();
    const auto before = heap.space.reads();
    const auto ledger =
        read_ledger({.memory = heap.space, .moment = moment, .python = heap.place(), .thread_ids = {FakeHeap::tid}});
    most_reads = std::max(most_reads, heap.space.reads() - before);
    REQUIRE(rows_of(ledger) == flags_of(space));
    REQUIRE(model::books_of(ledger).balance());
    corrupter.restore();
  }
  CHECK(most_reads < 30'000);
  CHECK(rows_of(heap.read()) == flags_of(heap.space.space()));  // all was put back
  CHECK(heap.read().malloc.torn_chunks == 0);
}

}  // namespace

TEST_CASE("hostile: Python 3.9 on glibc 2.31") {
  run({.malloc = glibc_2_31, .minor = 9, .pool_bytes = 4 << 10, .arena_bytes = 256 << 10}, 1, 9000);
}
TEST_CASE("hostile: Python 3.11 on glibc 2.36") { run({.malloc = glibc_2_36, .minor = 11}, 2, 4000); }
TEST_CASE("hostile: a main arena in two places") {
  run({.malloc = glibc_2_36, .minor = 13, .pool_bytes = 4 << 10, .arena_bytes = 256 << 10, .has_more_main = true}, 5,
      4000);
}
TEST_CASE("hostile: Python 3.14 on glibc 2.43") { run({.malloc = glibc_2_43, .minor = 14}, 3, 4000); }

TEST_CASE("hostile: all memory is one word, or noise") {
  FakeHeap heap({.malloc = glibc_2_31, .minor = 9, .pool_bytes = 4 << 10, .arena_bytes = 256 << 10});
  Random random(4);
  constexpr std::array<std::uint64_t, 4> words{0, ~std::uint64_t{0}, 0x21, 0x1001};
  for (std::size_t round = 0; round < 20; ++round) {
    const auto segments = heap.space.image().segments();
    for (const auto& segment : segments) {
      for (std::uint64_t at = 0; at + 8 <= segment.bytes.size(); at += 8) {
        heap.space.put_word(segment.start.value + at, round < words.size() ? words[round] : random() >> random() % 64);
      }
    }
    const auto before = heap.space.reads();
    CHECK(rows_of(heap.read()) == flags_of(heap.space.space()));
    CHECK(heap.space.reads() - before < 1'500'000);
  }
}
