#include "tidemark/heap/ledger.hpp"

#include "fake_heap.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;
using model::HeapOwner;

namespace {

/// Each glibc with each size of pools and several layouts.
template <class Body>
void for_each_shape(Body&& body) {
  const std::vector<HeapShape> shapes{
      {.malloc = glibc_2_31, .minor = 9, .pool_bytes = 4 << 10, .arena_bytes = 256 << 10},
      {.malloc = glibc_2_36, .minor = 11},
      {.malloc = glibc_2_36, .minor = 13},
      {.malloc = glibc_2_43, .minor = 14}};
  for (const auto& shape : shapes) {
    CAPTURE(shape.minor);
    FakeHeap heap(shape);
    body(heap);
  }
}

void check_balance(const FakeHeap& heap, const model::HeapLedger& ledger) {
  CHECK(rows_of(ledger) == flags_of(heap.space.space()));
  CHECK(model::books_of(ledger).balance());
}

}  // namespace

TEST_CASE("each byte of a process has one owner, and they add up") {
  for_each_shape([](FakeHeap& heap) {
    const auto ledger = heap.read();
    check_balance(heap, ledger);
    CHECK(ledger.python_version == "3.11.2");
    CHECK(ledger.python_allocator == "pymalloc");
    CHECK(ledger.malloc.torn_chunks == 0);
    CHECK(ledger.pymalloc.torn_pools == 0);
    CHECK(ledger.malloc.library == "glibc 2.36");
    CHECK(ledger.malloc.tcaches == 1);
  });
}

TEST_CASE("pymalloc's part of the ledger") {
  for_each_shape([](FakeHeap& heap) {
    const auto ledger = heap.read();
    CHECK(bytes_of(ledger, HeapOwner::python_pymalloc, "str") == 10 * 128);
    CHECK(bytes_of(ledger, HeapOwner::python_pymalloc, "list") == 17 * 64);
    CHECK(bytes_of(ledger, HeapOwner::python_pymalloc, "mmap") == 80);
    CHECK(bytes_of(ledger, HeapOwner::python_pymalloc, "buffers") == 2 * 80 + 64);  // one of a deque that is too short
    CHECK(ledger.pymalloc.arenas == 2);
    CHECK(ledger.pymalloc.pools_used == 3);
    CHECK(ledger.pymalloc.blocks_used == 18 + 10 + 4);
    CHECK(ledger.bytes_of(HeapOwner::pymalloc_free_pools) == heap.shape.pool_bytes);
    REQUIRE(ledger.held_arenas.size() == 2);
    CHECK(ledger.held_arenas[0].blocks == 4);
    CHECK(ledger.held_arenas[0].types[0].first == "(buffers)");
    CHECK(ledger.held_arenas[1].types[0] == std::pair{std::string("builtins.list"), 17UL});
  });
}

TEST_CASE("malloc's part of the ledger") {
  for_each_shape([](FakeHeap& heap) {
    const auto ledger = heap.read();
    CHECK(bytes_of(ledger, HeapOwner::python_malloc, "str") == 0x810);
    CHECK(bytes_of(ledger, HeapOwner::python_malloc, "list items") == 0x410 + 5 * page);
    CHECK(bytes_of(ledger, HeapOwner::python_malloc, "deque blocks") == 3 * 0x220);
    CHECK(bytes_of(ledger, HeapOwner::python_malloc, "interpreter state") == 16 * 48 + 16);
    CHECK(bytes_of(ledger, HeapOwner::python_malloc, "mmap objects") == FakeHeap::object_map_bytes);
    CHECK(ledger.bytes_of(HeapOwner::malloc_mapped) == 2 * page);
    CHECK(ledger.bytes_of(HeapOwner::malloc_free_bins) == 0x3000 + 0x900);
    CHECK(ledger.bytes_of(HeapOwner::malloc_free_tcache) == 0x80);
    CHECK(ledger.bytes_of(HeapOwner::malloc_free_fastbins) == (heap.shape.malloc.bins_at == 112 ? 0x60 : 0));
    CHECK(bytes_of(ledger, HeapOwner::malloc_free_top, "main arena") ==
          FakeHeap::main_heap + FakeHeap::main_bytes - heap.top - 2 * page);
    CHECK(bytes_of(ledger, HeapOwner::malloc_free_top, "thread arenas") == FakeHeap::heap_bytes - 0x1000);
    CHECK(bytes_of(ledger, HeapOwner::malloc_overhead, "not in chunks") == 32);
    CHECK(ledger.malloc.arenas.size() == 2);
    CHECK(ledger.malloc.mapped_chunks == 2);
  });
}

TEST_CASE("what is no allocator's") {
  for_each_shape([](FakeHeap& heap) {
    const auto ledger = heap.read();
    CHECK(bytes_of(ledger, HeapOwner::thread_stacks, "in use") == 8 * page);
    CHECK(ledger.bytes_of(HeapOwner::main_stack) == 4 * page);
    CHECK(ledger.bytes_of(HeapOwner::python_frames) ==
          (heap.python.layout().stack_chunk.size.is_present() ? FakeHeap::data_stack_bytes : 0));
    CHECK(ledger.bytes_of(HeapOwner::shared_memory) == 2 * page);
    CHECK(bytes_of(ledger, HeapOwner::mapped_files, "/var/file") == 2 * page);
    CHECK(ledger.bytes_of(HeapOwner::kernel) == 2 * page);
    CHECK(bytes_of(ledger, HeapOwner::library_text, FakePython::path) == 0x4000);
    CHECK(bytes_of(ledger, HeapOwner::library_data, FakePython::path) == FakePython::data_bytes);
    CHECK(ledger.beside.swap_bytes == page);
  });
}

TEST_CASE("without an interpreter there are no objects, and it is said") {
  FakeHeap heap;
  const auto space = heap.space.space();
  const Moment moment(heap.space.space());
  const auto ledger = read_ledger({.memory = heap.space, .moment = moment, .thread_ids = {FakeHeap::tid}});
  check_balance(heap, ledger);
  CHECK(ledger.bytes_of(HeapOwner::python_pymalloc) == 0);
  CHECK(ledger.bytes_of(HeapOwner::python_malloc) == 0);
  CHECK(ledger.bytes_of(HeapOwner::malloc_in_use) > 0x1000);
  REQUIRE_FALSE(ledger.notes.empty());
  CHECK(ledger.notes[0].starts_with("No interpreter was read"));
}

TEST_CASE("without a process there is nothing") {
  const FakeSpace empty;
  const Moment moment(empty.space());
  const auto ledger = read_ledger({.memory = empty, .moment = moment});
  CHECK(ledger.rows.empty());
  CHECK(model::books_of(ledger).balance());
}

TEST_CASE("arenas that lie in a mapped chunk, in a stack, over one another or beyond a mapping have no byte twice") {
  constexpr std::uint64_t mib = 1 << 20, beyond = 0x7f70'0000'0000, chunk = 0x7f71'0000'0000, big = 0x7f72'0000'0000;
  for (const std::uint64_t where : {beyond, chunk, chunk + 5 * page, big, FakeHeap::arenas + 100 * page}) {
    CAPTURE(where);
    FakeHeap heap;
    heap.space.map(beyond, 256 << 10);
    heap.space.map(beyond + (256 << 10), 256 << 10, {.path = "/var/other", .inode = 30});
    heap.space.map(chunk, mib);
    heap.space.put_word(chunk + 8, mib | 2);
    heap.space.map(big - page, page, {.readable = false, .writable = false});
    heap.space.map(big, mib);
    heap.space.put_word(big + mib - 0x940, big + mib - 0x940);
    heap.space.put_word(big + mib - 0x930, big + mib - 0x940);
    heap.pools.entry(heap.table, 5, where, 2);
    const auto ledger = heap.read();
    check_balance(heap, ledger);
    CHECK(ledger.pymalloc.arenas == (where == FakeHeap::arenas + 100 * page ? 2 : 3));
  }
}

TEST_CASE("arenas in the main heap: its chunks are walked around them") {
  FakeHeap heap;
  constexpr std::uint64_t end = FakeHeap::main_heap + FakeHeap::main_bytes, more = 2 << 20;
  heap.space.map(end, more, {.path = "[heap]"});
  heap.pools.entry(heap.table, 5, end + 0x7000, 1);
  heap.space.put_word(heap.top + 8, (end + more - heap.top) | 1);
  const auto ledger = heap.read();
  check_balance(heap, ledger);
  CHECK(ledger.pymalloc.arenas == 3);
  CHECK(ledger.bytes_of(HeapOwner::malloc_free_bins) == 0x3000 + 0x900);
}

TEST_CASE("a main arena that could not grow where it was goes on in a mapping") {
  FakeHeap heap({.has_more_main = true});
  const auto ledger = heap.read();
  check_balance(heap, ledger);
  CHECK(ledger.malloc.torn_chunks == 0);
  CHECK(ledger.bytes_of(HeapOwner::malloc_free_bins) == 0x3000 + 0x900 + 0x5550);
  CHECK(bytes_of(ledger, HeapOwner::malloc_overhead, "not in chunks") == 64);
  CHECK(ledger.malloc.arenas[0].resident_bytes == FakeHeap::main_bytes - 2 * page + FakeHeap::more_used - page);
}

TEST_CASE("a mapping that is all chunks and no arena is followed once") {
  constexpr std::uint64_t start = 0x7f90'0000'0000, bytes = 16 << 20;
  FakeHeap heap({.has_more_main = true});
  heap.space.map(start, bytes);
  // Half a million chunks one after another, from each page on, that end nowhere.
  for (std::uint64_t at = start; at < start + bytes; at += 32) heap.space.put_word(at + 8, 0x21);
  heap.space.put_word(FakeMalloc::main_state + heap.shape.malloc.bins_at + 2072, bytes * 2);
  check_balance(heap, heap.read());
  CHECK(heap.space.reads() < 20'000);
}

TEST_CASE("a part of a page that is claimed stays claimed when a main arena seems to end in it") {
  FakeHeap heap({.has_more_main = true});
  const auto& chunk = heap.python.layout().stack_chunk;
  // The data stack of a thread, as somebody says, lies in the last page of top.
  const std::uint64_t claimed = FakeHeap::more_main + FakeHeap::more_used + 2 * page + 0x800;
  heap.python.put(FakeHeap::data_stack, chunk.previous, base::Address{claimed});
  heap.python.put(claimed, chunk.size, std::uint64_t{0x800});
  const std::uint64_t top = FakeHeap::more_main + FakeHeap::more_used - 32;
  heap.space.put_word(top + 8, (claimed - top) | 1);
  heap.malloc.set_top(FakeMalloc::main_state, top);
  check_balance(heap, heap.read());
}

TEST_CASE("an mmap object that says that everything is its own") {
  FakeHeap heap;
  const std::uint64_t map = FakePools::block(FakeHeap::arenas + heap.shape.arena_bytes, 4, 1);
  for (const std::uint64_t bytes : {~std::uint64_t{0}, std::uint64_t{1} << 39, std::uint64_t{0}}) {
    heap.space.put_word(map + 24, bytes);
    check_balance(heap, heap.read());
    heap.space.put_word(map + 16, FakePython::bss);
    check_balance(heap, heap.read());
    heap.space.put_word(map + 16, ~std::uint64_t{0} - 0xfff);
    check_balance(heap, heap.read());
  }
}

TEST_CASE("a data stack that says it holds the heap, and one in a circle") {
  FakeHeap heap;
  const auto& chunk = heap.python.layout().stack_chunk;
  heap.python.put(FakeHeap::data_stack, chunk.size, std::uint64_t{1} << 32);
  heap.python.put(FakeHeap::data_stack, chunk.previous, base::Address{FakeHeap::data_stack});
  check_balance(heap, heap.read());
  heap.python.put(FakeHeap::thread, heap.python.layout().thread.datastack_chunk, base::Address{heap.native + 16});
  heap.python.put(heap.native + 16, chunk.size, std::uint64_t{1} << 32);
  heap.python.put(heap.native + 16, chunk.previous, base::Address{FakeHeap::data_stack});
  check_balance(heap, heap.read());
}

TEST_CASE("heaps of a thread's arena that overlap the main one") {
  FakeHeap heap;
  // The main heap of a program that is not relocated may lie at any place, also where a heap could begin.
  constexpr std::uint64_t start = 0x1400'0000;
  heap.space.map(start, 4 * page, {.path = "[heap]"});
  heap.malloc.state(start + 48, start + 0x2000, FakeMalloc::main_state, page);
  (void)heap.malloc.heap(start, start + 48, 0, 4 * page);
  heap.malloc.set_next(heap.thread_state, start + 48);
  heap.malloc.set_top(FakeMalloc::main_state, start + 0x2000);
  heap.space.put_word(start + 0x2008, 0x2001);
  const auto ledger = heap.read();
  check_balance(heap, ledger);
  CHECK(ledger.malloc.arenas.size() == 3);
}
