// glibc's malloc: its arenas found, and what threads keep.
#include "detail/glibc.hpp"

#include "fake_malloc.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

constexpr std::uint64_t main_heap = 0x5555'5575'9000, heap_bytes = 32 * page;
constexpr std::uint64_t first_heap = 0x7f00'0400'0000, second_heap = 0x7f00'0800'0000, heap_size = 0x8000;
constexpr std::uint64_t thread_pointer = 0x7f20'0000'8000;

/// A main arena of four chunks and top; an arena of a thread with two heaps.
struct Arenas2 {
  explicit Arenas2(const MallocShape& shape) : malloc(space, shape) {
    space.map(main_heap, heap_bytes, {.path = "[heap]"});
    for (const auto at : {first_heap, second_heap}) {
      space.map(at, heap_size);
      space.map(at + heap_size, page, {.readable = false, .writable = false});
    }
    space.map(thread_pointer - 0x4000, 0x5000);
    thread_state = first_heap + malloc.head_bytes();
    first_chunks = malloc.heap(first_heap, thread_state, 0, heap_size);
    second_chunks = malloc.heap(second_heap, thread_state, first_heap, heap_size);
    for (int i = 0; i < 4; ++i) main.push_back(main_chunks.add(0x400));
    main_chunks.add(main_heap + heap_bytes - main_chunks.at);
    malloc.state(FakeMalloc::main_state, main_heap + 0x1000, thread_state, heap_bytes);
    malloc.state(thread_state, second_chunks + 0x400, FakeMalloc::main_state, 2 * heap_size);
    space.put_word(second_chunks + 0x408, (second_heap + heap_size - second_chunks - 0x400) | 1);
  }
  [[nodiscard]] Malloc find() const { return find_malloc(space.space(), space); }
  [[nodiscard]] KeptChunks kept() {
    found = find();
    return find_kept_chunks(found, space.space(), space, {thread_pointer});
  }
  /// A cache in the first main chunk, to which thread-local data points; other chunks begin behind it.
  [[nodiscard]] std::vector<std::uint64_t> make_cache(std::size_t count) {
    main_chunks.at = main_heap;
    std::vector<std::uint64_t> all{main_chunks.add(malloc.shape.tcache_chunk)};
    for (std::size_t i = 0; i < count; ++i) all.push_back(main_chunks.add(0x40));
    main_chunks.add(main_heap + heap_bytes - main_chunks.at);
    malloc.set_top(FakeMalloc::main_state, all.back() + 0x40);
    space.put_word(thread_pointer - 0x48, all.front() + 16);
    return all;
  }

  FakeSpace space;
  FakeMalloc malloc;
  FakeChunks main_chunks{space, main_heap};
  std::vector<std::uint64_t> main;
  std::uint64_t thread_state = 0, first_chunks = 0, second_chunks = 0;
  Malloc found;
};

template <class Body>
void for_each_glibc(Body&& body) {
  for (const auto& shape : {glibc_2_31, glibc_2_36, glibc_2_43}) {
    CAPTURE(shape.bins_at);
    CAPTURE(shape.has_long_heads);
    Arenas2 made(shape);
    body(made);
  }
}

}  // namespace

TEST_CASE("arenas are found by their empty bins and the ring that they make") {
  for_each_glibc([](Arenas2& made) {
    const auto found = made.find();
    REQUIRE(found.is_found());
    CHECK(found.bins_at == made.malloc.shape.bins_at);
    CHECK(found.has_fastbins == (found.bins_at == 112));
    CHECK(found.version == "glibc 2.36");
    REQUIRE(found.arenas.size() == 2);
    const auto& main = found.arenas[0];
    CHECK(main.state == FakeMalloc::main_state);
    CHECK(main.is_main);
    CHECK(main.system_bytes == heap_bytes);
    CHECK(are(main.segments, {{main_heap, main_heap + heap_bytes}}));
    const auto& other = found.arenas[1];
    CHECK_FALSE(other.is_main);
    CHECK(other.top == made.second_chunks + 0x400);
    CHECK(are(other.segments,
              {{made.first_chunks, first_heap + heap_size}, {made.second_chunks, second_heap + heap_size}}));
    CHECK(are(other.heads, {{second_heap, made.second_chunks}, {first_heap, made.first_chunks}}));
  });
}

TEST_CASE("what is no malloc is none") {
  for_each_glibc([](Arenas2& made) {
    made.malloc.set_next(made.thread_state, made.thread_state);  // never comes back
    CHECK_FALSE(made.find().is_found());
    made.malloc.set_next(made.thread_state, 0x1234'5670);  // leads nowhere
    CHECK_FALSE(made.find().is_found());
    made.malloc.set_next(made.thread_state, FakeMalloc::main_state);
    CHECK(made.find().is_found());
    made.malloc.set_top(FakeMalloc::main_state, 0x10);
    CHECK_FALSE(made.find().is_found());
    made.malloc.set_top(FakeMalloc::main_state, main_heap + 0x1008);
    CHECK_FALSE(made.find().is_found());
  });
  const FakeSpace empty;
  CHECK_FALSE(find_malloc(empty.space(), empty).is_found());
}

TEST_CASE("bins everywhere are not tried for ever") {
  Arenas2 made(glibc_2_36);
  // Each pair points to the one before; the words where a ring would go on lead into more of them.
  for (std::uint64_t at = FakeMalloc::libc_data; at < FakeMalloc::libc_data + 3 * page; at += 16) {
    made.space.put_word(at, at - 16);
    made.space.put_word(at + 8, at - 16);
  }
  (void)made.find();
  CHECK(made.space.reads() < 100'000);
}

TEST_CASE("a top that says it is larger than its mapping, or wraps, ends with the mapping") {
  Arenas2 made(glibc_2_36);
  for (const std::uint64_t size : {~std::uint64_t{0}, std::uint64_t{1} << 63, heap_bytes * 2}) {
    made.space.put_word(main_heap + 0x1008, size);
    CHECK(are(made.find().arenas.at(0).segments, {{main_heap, main_heap + heap_bytes}}));
  }
  made.malloc.set_top(FakeMalloc::main_state, main_heap + 2 * heap_bytes);  // it has grown since
  CHECK(are(made.find().arenas.at(0).segments, {{main_heap, main_heap + heap_bytes}}));
}

TEST_CASE("heaps in a circle, at odd places, of any size") {
  Arenas2 made(glibc_2_36);
  made.space.put_word(first_heap + 8, second_heap);
  made.space.put_word(second_heap + 8, second_heap);
  CHECK(made.find().arenas.at(1).segments.size() == 1);
  made.space.put_word(second_heap + 8, second_heap + 0x1000);
  made.space.put_word(second_heap + 0x1000, made.thread_state);
  made.space.put_word(second_heap + 0x1010, heap_size);
  CHECK(made.find().arenas.at(1).segments.size() == 1);
  for (const std::uint64_t size : {std::uint64_t{0}, ~std::uint64_t{0}, FakeMalloc::heap_max + 1}) {
    made.space.put_word(second_heap + 16, size);
    CHECK(made.find().arenas.at(1).segments.empty());
  }
  made.space.put_word(second_heap + 16, 16);  // smaller than its own head
  const auto found = made.find();
  for (const auto& segment : found.arenas.at(1).segments) CHECK(segment.start <= segment.end);
}

TEST_CASE("what threads keep: caches of both shapes, mangled and plain") {
  for_each_glibc([](Arenas2& made) {
    const auto chunks = made.make_cache(5);
    made.malloc.cache_bin(chunks[0], 2, {chunks[3], chunks[1], chunks[4]});
    const auto kept = made.kept();
    CHECK(kept.tcaches == 1);
    CHECK(kept.chunks.size() == 3);
    for (const auto i : {1U, 3U, 4U}) {
      REQUIRE(kept.chunks.contains(chunks[i]));
      CHECK(kept.chunks.at(chunks[i]) == KeptBy::tcache);
    }
    CHECK(made.found.is_mangled == made.malloc.shape.is_mangled);
  });
}

TEST_CASE("what threads keep: fastbins, where there are some") {
  for (const auto& shape : {glibc_2_31, glibc_2_36}) {
    Arenas2 made(shape);
    const auto chunks = made.make_cache(6);
    made.malloc.cache_bin(chunks[0], 2, {chunks[1], chunks[2]});
    made.malloc.fastbin(FakeMalloc::main_state, 1, {chunks[5], chunks[3]});
    const auto kept = made.kept();
    CHECK(kept.chunks.size() == 4);
    REQUIRE(kept.chunks.contains(chunks[3]));
    CHECK(kept.chunks.at(chunks[3]) == KeptBy::fastbin);
    CHECK(kept.chunks.at(chunks[5]) == KeptBy::fastbin);
  }
}

TEST_CASE("what only looks like a cache is none") {
  Arenas2 made(glibc_2_36);
  const auto chunks = made.make_cache(3);
  made.malloc.cache_bin(chunks[0], 2, {chunks[1]});
  made.space.put_word(chunks[0] + 16 + 128 + 8, 0x1234'5670);  // an entry that is in no arena
  CHECK(made.kept().tcaches == 0);
  made.space.put_word(chunks[0] + 16 + 128 + 8, 0);
  CHECK(made.kept().tcaches == 1);
  made.space.put_word(thread_pointer - 0x48, 0);  // no thread has it
  CHECK(made.kept().tcaches == 0);
  made.space.put_word(thread_pointer - 0x48, chunks[1] + 16);  // another size
  CHECK(made.kept().tcaches == 0);
}

TEST_CASE("lists in a circle, or that lead out of the arenas, end") {
  for_each_glibc([](Arenas2& made) {
    const auto chunks = made.make_cache(4);
    made.malloc.cache_bin(chunks[0], 2, {chunks[1], chunks[2], chunks[3], chunks[1]});
    made.malloc.cache_bin(chunks[0], 3, {chunks[2], chunks[2]});
    CHECK(made.kept().chunks.size() <= 3);
    made.malloc.cache_bin(chunks[0], 3, {});
    for (const std::uint64_t next : {std::uint64_t{0x1234'5670}, ~std::uint64_t{0}, std::uint64_t{8}}) {
      made.malloc.cache_bin(chunks[0], 2, {chunks[1]});
      made.space.put_word(chunks[1] + 16, next);
      CHECK(made.kept().chunks.size() == 1);
    }
  });
}
