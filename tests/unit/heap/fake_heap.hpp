// Purpose: a whole process made by hand: an interpreter with one thread, pymalloc's arenas, glibc's malloc with an
// arena of a thread, and mappings of each kind. Each owner of the ledger has something in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fake_malloc.hpp"
#include "fake_python.hpp"
#include "tidemark/heap/ledger.hpp"

namespace tidemark::heap::test {

struct HeapShape {
  MallocShape malloc = glibc_2_36;
  unsigned minor = 11;
  std::uint64_t pool_bytes = 16 << 10, arena_bytes = 1 << 20;
  bool has_more_main = false;  ///< the main arena began in a mapping of its own, which [heap] could not follow
};

class FakeHeap {
 public:
  static constexpr std::uint64_t main_heap = 0x5555'5575'9000, main_bytes = 32 * page;
  static constexpr std::uint64_t first_heap = 0x7f00'0400'0000, second_heap = 0x7f00'0800'0000, heap_bytes = 4 * page;
  static constexpr std::uint64_t arenas = 0x7f30'0000'0000;
  static constexpr std::uint64_t data_stack = 0x7f40'0000'0000, data_stack_bytes = 4 * page;
  static constexpr std::uint64_t stack = 0x7f41'0000'0000, stack_bytes = 16 * page;
  static constexpr std::uint64_t thread_pointer = stack + stack_bytes - 0x940;
  static constexpr std::uint64_t mapped = 0x7f50'0000'0000, mapped_bytes = 8 * page;  ///< two chunks
  static constexpr std::uint64_t object_map = 0x7f51'0000'0000, object_map_bytes = 3 * page;
  static constexpr std::uint64_t interpreter = FakePython::data + 0x10000, thread = FakePython::data + 0x1a000;
  static constexpr std::uint64_t more_main = 0x7f80'0000'0000, more_bytes = 64 * page, more_used = 33 * page;
  static constexpr base::Tid tid = 4712;

  explicit FakeHeap(const HeapShape& made = {})
      : shape(made),
        python(space, layout_of(made.minor)),
        malloc(space, made.malloc),
        pools(space, made.pool_bytes, made.arena_bytes) {
    map_others();
    make_states();
    make_main_arena();
    make_thread_arena();
    make_pools();
    make_mapped();
    if (shape.has_more_main) make_more_main();
  }

  [[nodiscard]] model::HeapLedger read(const memory::MemorySource& memory) const {
    const Moment moment(space.space());
    return read_ledger({.memory = memory, .moment = moment, .python = place(), .thread_ids = {tid}});
  }
  [[nodiscard]] model::HeapLedger read() const { return read(space); }
  [[nodiscard]] PythonPlace place() const {
    return {.layout = python.layout(), .place = python.place(), .module_path = FakePython::path, .version = "3.11.2"};
  }
  [[nodiscard]] std::uint64_t pool_at(std::uint64_t i) const { return arenas + i * shape.pool_bytes; }

  FakeSpace space;
  const HeapShape shape;
  FakePython python;
  FakeMalloc malloc;
  FakePools pools;
  // Chunks of the main arena.
  std::uint64_t cache = 0, table = 0, items = 0, native = 0, free_chunk = 0, string = 0, kept_bytes = 0, fast = 0;
  std::vector<std::uint64_t> deque_blocks;
  std::uint64_t top = 0, thread_state = 0;

 private:
  void map_others() {
    space.map(stack - page, page, {.readable = false, .writable = false});
    space.map(stack, stack_bytes);
    space.set_pages(stack, 8 * page, untouched);
    space.map(0x7f60'0000'0000, 2 * page, {.path = "/dev/shm/shared", .shared = true, .inode = 21});
    space.map(0x7f61'0000'0000, 2 * page, {.path = "/var/file", .writable = false, .inode = 22});
    space.map(0x7f62'0000'0000, 3 * page, {.flags = common});  // nobody's
    space.set_pages(0x7f62'0000'1000, page, swapped);
    space.map(0x7ffd'0000'0000, 4 * page, {.path = "[stack]"});
    space.map(0x7ffe'0000'0000, 2 * page, {.path = "[vdso]", .writable = false});
  }
  void make_states() {
    const auto& layout = python.layout();
    python.object(python.code_type, python.type_type);
    python.put(FakePython::runtime, layout.runtime.interpreters_main, base::Address{interpreter});
    python.put(FakePython::runtime, layout.runtime.interpreters_head, base::Address{interpreter});
    python.put(interpreter, layout.interpreter.threads_head, base::Address{thread});
    python.put(thread, layout.thread.interp, base::Address{interpreter});
    python.put(thread, layout.thread.thread_id, thread_pointer);
    python.put(thread, layout.thread.native_thread_id, static_cast<std::uint64_t>(tid));
    python.put(thread, layout.thread.datastack_chunk, base::Address{data_stack});
    space.map(data_stack, data_stack_bytes);
    python.put(data_stack, layout.stack_chunk.size, data_stack_bytes);
    space.put_word(thread_pointer, thread_pointer);
    space.put_word(thread_pointer + 16, thread_pointer);
    space.put(thread_pointer + 0x2d0, static_cast<std::int32_t>(tid));
  }
  void make_main_arena() {
    space.map(main_heap, main_bytes, {.path = "[heap]"});
    FakeChunks chunks(space, main_heap);
    cache = chunks.add(shape.malloc.tcache_chunk);
    table = chunks.add(16 * 48 + 16) + 16;
    items = chunks.add(0x410);
    native = chunks.add(0x500);
    free_chunk = chunks.add(0x3000, false);
    string = chunks.add(0x810);
    const auto kept = chunks.add(0x40), kept_too = chunks.add(0x40);
    fast = chunks.add(0x60);
    for (int i = 0; i < 3; ++i) deque_blocks.push_back(chunks.add(0x220));
    top = chunks.at;
    (void)chunks.add(main_heap + main_bytes - top);
    python.text_object(string + 16, 0x7b0);
    malloc.cache_bin(cache, 2, {kept, kept_too});
    kept_bytes = 0x80;
    if (shape.malloc.bins_at == 112) malloc.fastbin(FakeMalloc::main_state, 4, {fast});
    space.put_word(thread_pointer - 0x48, cache + 16);
    for (std::size_t i = 0; i + 1 < deque_blocks.size(); ++i) {
      space.put_word(deque_blocks[i] + 16 + places::deque_right_link, deque_blocks[i + 1] + 16);
    }
    space.set_pages((top / page + 2) * page, 2 * page, untouched);
    thread_state = first_heap + malloc.head_bytes();
    malloc.state(FakeMalloc::main_state, top, thread_state, main_bytes);
  }
  void make_thread_arena() {
    for (const auto at : {first_heap, second_heap}) {
      space.map(at, heap_bytes);
      space.map(at + heap_bytes, page, {.readable = false, .writable = false});
    }
    FakeChunks first(space, malloc.heap(first_heap, thread_state, 0, heap_bytes));
    malloc.state(thread_state, second_heap + 0x1000, FakeMalloc::main_state, 2 * heap_bytes);
    (void)first.add(0x800);
    (void)first.add(0x900, false);
    (void)first.add(first_heap + heap_bytes - 32 - first.at);
    first.end_heap();
    FakeChunks second(space, malloc.heap(second_heap, thread_state, first_heap, heap_bytes));
    (void)second.add(second_heap + 0x1000 - second.at);
    (void)second.add(second_heap + heap_bytes - second.at);
  }
  void make_pools() {
    space.map(arenas, 2 * shape.arena_bytes, {.flags = untouched});
    space.put_word(FakePython::table_pointer, table);
    pools.entry(table, 0, arenas, 3);
    pools.entry(table, 3, arenas + shape.arena_bytes, 1);
    const std::uint64_t lists = pool_at(0), strings = pool_at(1), small = arenas + shape.arena_bytes;
    pools.pool(lists, 3, 20, {7, 5});
    for (std::uint64_t i = 0; i < 20; ++i) {
      if (i != 7 && i != 5) python.list(FakePools::block(lists, 3, i), i == 0 ? items + 16 : 0);
    }
    python.list(FakePools::block(lists, 3, 1), mapped + 16);
    python.object(FakePools::block(lists, 3, 2) + places::gc_head, python.deque_type);
    pools.pool(strings, 7, 10);
    for (std::uint64_t i = 0; i < 10; ++i) python.text_object(FakePools::block(strings, 7, i), 60);
    pools.pool(pool_at(2), 1, 5, {0, 1, 2, 3, 4});
    pools.pool(small, 4, 4);
    const std::uint64_t deque = FakePools::block(small, 4, 0), map = FakePools::block(small, 4, 1);
    python.object(deque + places::gc_head, python.deque_type);
    space.put_word(deque + places::gc_head + places::deque_left_block, deque_blocks.front() + 16);
    python.object(map, python.mmap_type);
    space.put_word(map + 16, object_map);
    space.put_word(map + 24, object_map_bytes - 100);
    space.set_pages(arenas, 3 * shape.pool_bytes, own);
    space.set_pages(small, page, own);
  }
  void make_mapped() {
    space.map(mapped, mapped_bytes);
    const std::uint64_t extra = shape.malloc.bins_at == 112 ? 0 : 16;
    space.put_word(mapped + 8, (5 * page - extra) | 2);
    space.put_word(mapped + 5 * page + 8, (2 * page - extra) | 2);
    space.map(object_map, object_map_bytes);
  }
  /// Behind a page that is something else, chunks and two fenceposts; what follows is nobody's.
  void make_more_main() {
    space.map(more_main, more_bytes);
    FakeChunks chunks(space, more_main + page);
    for (int i = 0; i < 7; ++i) (void)chunks.add(0x1230);
    (void)chunks.add(0x5550, false);
    (void)chunks.add(more_main + more_used - 32 - chunks.at);
    chunks.end_heap(true);
    space.put_word(FakeMalloc::main_state + shape.malloc.bins_at + 2072, main_bytes + more_used - page);
  }
};

/// What the flags of all pages say, and smaps where there are none.
inline Tally flags_of(const AddressSpace& space) {
  Tally all;
  for (const auto& region : space.regions()) {
    all += region.is_paged() ? space.tally(region.range()) : tally_of(region.map.rss, 0, region.map.swap);
  }
  return all;
}
inline Tally rows_of(const model::HeapLedger& ledger) {
  Tally all;
  for (const auto& row : ledger.rows) all += tally_of(row.bytes, row.private_bytes, row.swap_bytes);
  return all;
}
inline std::uint64_t bytes_of(const model::HeapLedger& ledger, model::HeapOwner owner, std::string_view detail) {
  std::uint64_t bytes = 0;
  for (const auto& row : ledger.rows) bytes += row.owner == owner && row.detail == detail ? row.bytes : 0;
  return bytes;
}

}  // namespace tidemark::heap::test
