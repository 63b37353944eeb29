#include "detail/chunk_walk.hpp"
#include "detail/pointer_collector.hpp"

#include "fake_malloc.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

constexpr std::uint64_t main_heap = 0x1000'0000, heap_bytes = 64 * page;

/// Segments given by hand; what the walk makes of them.
struct Walk {
  Walk() {
    space.map(main_heap, heap_bytes, {.path = "[heap]"});
    malloc.bins_at = 112;
    malloc.arenas.push_back({.state = 0x5000,
                             .is_main = true,
                             .top = main_heap + heap_bytes - 0x4000,
                             .system_bytes = 0,
                             .segments = {{main_heap, main_heap + heap_bytes}},
                             .heads = {}});
  }
  /// The top, up to the end of the segment; what was added before reaches to it.
  void add_top() {
    (void)chunks.add(malloc.arenas[0].top - chunks.at);
    (void)chunks.add(main_heap + heap_bytes - chunks.at);
  }
  MallocBooks& run() {
    known = space.space();
    walk = std::make_unique<ChunkWalk>(malloc, kept, known, space, nullptr, pointers, raw, budget);
    walk->walk_arenas();
    check_sum();
    return walk->books();
  }
  void check_sum() {
    auto& books = walk->books();
    Tally all, there;
    for (const auto& sum : books.objects) all += sum.tally;
    for (const auto* sum : {&books.bins, &books.fastbins, &books.tcaches, &books.main_top, &books.thread_tops}) {
      all += sum->tally;
    }
    raw.for_each([&](const RawChunk& chunk) { all += known.tally({chunk.address, chunk.address + chunk.bytes}); });
    CHECK(all == books.walked);
    for (const auto& arena : malloc.arenas) {
      for (const auto& segment : arena.segments) there += known.tally(segment);
    }
    CHECK(all.bytes <= there.bytes);
  }

  FakeSpace space;
  FakeChunks chunks{space, main_heap};
  Malloc malloc;
  KeptChunks kept;
  AddressSpace known{std::vector<SpaceRegion>{}};
  ArenaSet arenas;
  WalkBudget budget;
  PointerCollector pointers{arenas};
  RawChunks raw;
  std::unique_ptr<ChunkWalk> walk;
};

}  // namespace

TEST_CASE_FIXTURE(Walk, "used, free and kept chunks, and top") {
  (void)chunks.add(0x100);
  (void)chunks.add(0x3000, false);
  (void)chunks.add(0x40);
  kept.chunks[chunks.add(0x50)] = KeptBy::tcache;
  kept.chunks[chunks.add(0x60)] = KeptBy::fastbin;
  add_top();
  const auto& books = run();
  CHECK(books.bins.tally.bytes == 0x3000);
  CHECK(books.tcaches.tally.bytes == 0x50);
  CHECK(books.fastbins.tally.bytes == 0x60);
  CHECK(books.main_top.tally.bytes == 0x4000);
  CHECK(books.torn_chunks == 0);
  CHECK(books.walked.bytes == heap_bytes);
  REQUIRE(books.arenas.size() == 1);
  CHECK(books.arenas[0].chunks_in_use == 3);
  CHECK(books.arenas[0].bin_bytes == 0x3000);
  CHECK(books.arenas[0].top_bytes == 0x4000);
  CHECK(books.arenas[0].trim_bytes == 0x3000 + 0x2000);  // of top but its last page; of the free chunk two pages
  CHECK(raw.size() == 3);
}

TEST_CASE_FIXTURE(Walk, "pages that are not in memory are in no sum") {
  (void)chunks.add(0x8000);
  (void)chunks.add(0x8000, false);
  add_top();
  space.set_pages(main_heap + 0x2000, 0x3000, untouched);
  space.set_pages(main_heap + 0xa000, 0x2000, swapped);
  const auto& books = run();
  CHECK(books.torn_chunks == 0);
  CHECK(books.walked == tally_of(heap_bytes - 0x5000, heap_bytes - 0x5000, 0x2000));
  CHECK(books.bins.tally == tally_of(0x6000, 0x6000, 0x2000));
}

TEST_CASE_FIXTURE(Walk, "a chunk of a size that makes no sense: the walk goes on where several follow each other") {
  (void)chunks.add(0x100);
  const auto torn = chunks.add(0x1000);
  for (int i = 0; i < 8; ++i) (void)chunks.add(0x80);
  add_top();
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{8}, std::uint64_t{0x18}, std::uint64_t{0x28},
                                   heap_bytes * 2, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    CAPTURE(size);
    space.put_word(torn + 8, size | 1);
    raw = {};
    const auto& books = run();
    if (size >= heap_bytes) malloc.arenas[0].top = 0;  // below, so that nothing of it looks like growth
    CHECK(books.torn_chunks == 1);
    CHECK(books.torn_bytes == 0x1000);
    CHECK(books.walked.bytes == heap_bytes - 0x1000);
    CHECK(raw.size() == 10);
    malloc.arenas[0].top = main_heap + heap_bytes - 0x4000;
  }
}

TEST_CASE_FIXTURE(Walk, "nothing but garbage is torn, in few reads") {
  for (const std::uint64_t word :
       {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{0x20'0001}, std::uint64_t{0x11}, std::uint64_t{0x20}}) {
    CAPTURE(word);
    for (std::uint64_t at = main_heap; at < main_heap + heap_bytes; at += 8) space.put_word(at, word);
    malloc.arenas[0].top = 0x7777'0000'0000;
    const auto before = space.reads();
    raw = {};
    (void)run();
    CHECK(space.reads() - before < 1000);
  }
}

TEST_CASE("garbage that asks for far reads gets a million of them") {
  Walk walk;
  constexpr std::uint64_t start = 0x2000'0000, bytes = 24 << 20;
  walk.space.map(start, bytes);
  // Chains of three chunks of 3 MiB, which then break.
  for (std::uint64_t at = start; at < start + bytes; at += 16) {
    walk.space.put_word(at + 8, at < start + (9 << 20) ? (3 << 20) + 1 : 8);
  }
  walk.malloc.arenas[0].segments = {{start, start + bytes}};
  walk.malloc.arenas[0].top = 0;
  (void)walk.run();
  CHECK(walk.space.reads() < 1'200'000);
}

TEST_CASE_FIXTURE(Walk, "an arena that grew past what is known of its mapping") {
  (void)chunks.add(0x100);
  const auto last = chunks.add(0x40);
  space.put_word(last + 8, (heap_bytes + 0x1000) | 1);  // what was top became a chunk, and goes on
  malloc.arenas[0].top = main_heap + heap_bytes + 0x2000;
  const auto& books = run();
  CHECK(books.torn_chunks == 0);
  CHECK(books.walked.bytes == 0x100);
}

TEST_CASE_FIXTURE(Walk, "a heap that is no longer the newest ends with fenceposts") {
  constexpr std::uint64_t start = 0x2000'0000, bytes = 4 * page, newest = 0x3000'0000;
  space.map(start, bytes);
  space.map(newest, page);
  FakeChunks older(space, start + 0x40);
  (void)older.add(0x1000);
  (void)older.add(start + bytes - 32 - older.at, false);
  older.end_heap();
  FakeChunks newer(space, newest + 0x30);
  (void)newer.add(0x100);
  (void)newer.add(newest + page - newer.at);
  malloc.arenas[0] = {.state = start + 0x30,
                      .is_main = false,
                      .top = newest + 0x130,
                      .system_bytes = 0,
                      .segments = {{start + 0x40, start + bytes}, {newest + 0x30, newest + page}},
                      .heads = {}};
  const auto& books = run();
  CHECK(books.torn_chunks == 0);
  CHECK(books.walked.bytes == bytes - 0x40 - 32 + page - 0x30);
  CHECK(books.thread_tops.tally.bytes == page - 0x130);
  CHECK(books.bins.tally.bytes == bytes - 0x1000 - 0x40 - 32);
}

TEST_CASE_FIXTURE(Walk, "another one took of brk before malloc did") {
  space.put_word(main_heap + 8, 0x7777);
  chunks.at = main_heap + 0x2a0;
  for (int i = 0; i < 8; ++i) (void)chunks.add(0x80);
  add_top();
  const auto& books = run();
  CHECK(books.torn_chunks == 0);
  CHECK(books.walked.bytes == heap_bytes - 0x2a0);
}

TEST_CASE_FIXTURE(Walk, "chunks with a mapping of their own") {
  for (const bool has_fastbins : {true, false}) {
    malloc.has_fastbins = has_fastbins;
    raw = {};
    constexpr std::uint64_t start = 0x5000'0000;
    FakeSpace maps;
    maps.map(start, 16 * page);
    const std::uint64_t extra = has_fastbins ? 0 : 16;
    maps.put_word(start + 8, (4 * page - extra) | 2);
    maps.put_word(start + 4 * page, 0x30);  // aligned: its chunk begins later than its mapping
    maps.put_word(start + 4 * page + 8, (2 * page - extra) | 2);
    maps.put_word(start + 8 * page + 8, (4 * page - extra) | 3);   // other bits
    maps.put_word(start + 10 * page + 8, (9 * page - extra) | 2);  // beyond the end
    maps.put_word(start + 11 * page + 8, (~std::uint64_t{0} - 15 - extra) | 2);
    maps.put_word(start + 13 * page + 8, (2 * page + 16 - extra) | 2);
    maps.put_word(start + 14 * page, page);
    maps.put_word(start + 14 * page + 8, (page - extra) | 2);
    known = maps.space();
    ChunkWalk walker(malloc, kept, known, maps, nullptr, pointers, raw, budget);
    CHECK(are(walker.walk_mapped({start, start + 16 * page}),
              {{start, start + 4 * page}, {start + 4 * page, start + 6 * page}}));
    CHECK(walker.books().mapped_chunks == 2);
    CHECK(walker.books().mapped_bytes == 6 * page);
    CHECK(raw.size() == 2);
  }
}
