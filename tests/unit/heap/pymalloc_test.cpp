#include "detail/pymalloc.hpp"
#include "detail/pointer_collector.hpp"

#include "fake_python.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

constexpr std::uint64_t table = 0x1000'0010, arena = 0x2000'0000;
constexpr std::uint64_t kib = 1 << 10;

/// The table of arenas in a block of malloc's, to which the interpreter's .bss points; memory for four arenas.
struct Arena {
  explicit Arena(std::uint64_t pool_bytes = 16 * kib, std::uint64_t arena_bytes = 1024 * kib)
      : python(space, layout_of(11)), pools(space, pool_bytes, arena_bytes) {
    space.map(0x1000'0000, 4 * page);
    space.put_word(table - 8, 0x301);  // 16 entries
    space.put_word(FakePython::table_pointer, table);
    space.map(arena, 4 * arena_bytes, {.flags = untouched});
  }

  [[nodiscard]] std::uint64_t pool_at(std::uint64_t i) const { return arena + i * pools.pool_bytes; }
  /// As a program touches it: the pages up to the last block that was handed out.
  void touch(std::uint64_t at, std::uint64_t bytes, std::uint8_t flags = own) { space.set_pages(at, bytes, flags); }

  [[nodiscard]] Arenas find() const {
    const auto now = space.space();
    return find_arenas(now, space, FakePython::path);
  }
  PymallocBooks walk() {
    known = space.space();
    arenas = find_arenas(known, space, FakePython::path);
    std::vector<Range> ranges;
    for (const auto& one : arenas.live) ranges.push_back({one.address, one.address + arenas.arena_bytes});
    arena_set.assign(ranges);
    walker = std::make_unique<PymallocWalk>(known, space, arenas, types, pointers, budget);
    return walker->run();
  }
  /// All that the books say is what the flags say of the arenas.
  void check_sum(const PymallocBooks& books) const {
    Tally all, expected;
    for (const auto& sum : books.blocks) all += sum.tally;
    all += books.free_blocks.tally;
    all += books.free_pools.tally;
    all += books.slack.tally;
    for (const auto& range : arena_set.ranges()) expected += known.tally(range);
    CHECK(all == expected);
  }

  FakeSpace space;
  FakePython python;
  FakePools pools;
  AddressSpace known{std::vector<SpaceRegion>{}};
  Arenas arenas;
  ArenaSet arena_set;
  TypeTable types{space, python.layout(), python.type_type, arena_set};
  WalkBudget budget;
  PointerCollector pointers{arena_set};
  std::unique_ptr<PymallocWalk> walker;
};

/// Both sizes that there are.
template <class Body>
void for_both_sizes(Body&& body) {
  for (const bool is_small : {true, false}) {
    CAPTURE(is_small);
    Arena one(is_small ? 4 * kib : 16 * kib, is_small ? 256 * kib : 1024 * kib);
    body(one);
  }
}

constexpr std::size_t floats = static_cast<std::size_t>(ObjectKind::floating);
constexpr std::size_t buffers = static_cast<std::size_t>(ObjectKind::buffer);

}  // namespace

TEST_CASE("the table is found by what it holds, and says both sizes") {
  for_both_sizes([](Arena& one) {
    one.pools.pool(one.pool_at(0), 1, 3);
    one.touch(one.pool_at(0), page);
    one.pools.entry(table, 2, arena, 1);
    one.pools.entry(table, 5, arena + one.pools.arena_bytes, 0);
    const auto found = one.find();
    CHECK(found.tables == std::vector{table});
    CHECK(found.pool_bytes == one.pools.pool_bytes);
    CHECK(found.arena_bytes == one.pools.arena_bytes);
    REQUIRE(found.live.size() == 2);
    CHECK(found.live[0].address == arena);
    CHECK(found.live[1].address == arena + one.pools.arena_bytes);
  });
}

TEST_CASE("no table: nothing points to one, or it has what is no arena") {
  Arena one;
  CHECK(one.find().live.empty());
  one.pools.entry(table, 0, arena, 1);
  CHECK(one.find().live.size() == 1);
  one.pools.entry(table, 3, 0x6666'0000'0000, 1);  // nowhere
  CHECK(one.find().live.empty());
  one.pools.entry(table, 3, FakePython::data, 1);  // of a file
  CHECK(one.find().live.empty());
  one.space.put_word(table + 3 * 48, 0);
  one.space.put(table + 20, std::uint32_t{65});
  CHECK(one.find().live.empty());
  one.pools.entry(table, 0, arena, 1);
  one.space.put_word(FakePython::table_pointer, table + 8);
  CHECK(one.find().live.empty());
}

TEST_CASE("entries beyond the sixteenth count as far as the table's block goes, and no further") {
  Arena one;
  one.space.put_word(table - 8, 20 * 48 + 16 + 1);
  one.pools.entry(table, 0, arena, 0);
  one.pools.entry(table, 19, arena + 1024 * kib, 0);
  one.pools.entry(table, 22, arena + 2048 * kib, 0);
  CHECK(one.find().live.size() == 2);
}

TEST_CASE("a table that says it is huge is read as far as there is memory") {
  Arena one;
  one.pools.entry(table, 0, arena, 0);
  one.pools.entry(table, 100, arena + 1024 * kib, 0);
  for (const std::uint64_t size : {~std::uint64_t{0}, std::uint64_t{1} << 40, std::uint64_t{0x1000'0001}}) {
    one.space.put_word(table - 8, size);
    CHECK(one.find().live.size() == 2);
  }
}

TEST_CASE("no two arenas overlap") {
  Arena one;
  one.pools.pool(one.pool_at(0), 1, 3);
  one.touch(one.pool_at(0), page);
  for (std::uint64_t i = 0; i < 6; ++i) one.pools.entry(table, i, arena + i * 512 * kib, 0);
  CHECK(one.find().live.size() == 3);
  one.check_sum(one.walk());
}

TEST_CASE("used, free and never begun pools") {
  for_both_sizes([](Arena& one) {
    const std::uint64_t pool_bytes = one.pools.pool_bytes, blocks = one.pools.blocks(1);
    one.pools.pool(one.pool_at(0), 1, blocks, {4, 7, 5});
    for (std::uint64_t i = 0; i < blocks; ++i) {
      one.python.object(FakePools::block(one.pool_at(0), 1, i), one.python.float_type, i % 2 == 0 ? 1 : 0);
    }
    one.pools.pool(one.pool_at(0), 1, blocks, {4, 7, 5});
    one.pools.pool(one.pool_at(1), 3, 2, {1, 0});  // all are free again
    one.pools.entry(table, 0, arena, 2);
    one.touch(arena, 3 * pool_bytes);
    const auto books = one.walk();
    one.check_sum(books);
    CHECK(books.figures.arenas == 1);
    CHECK(books.figures.pools_used == 1);
    CHECK(books.figures.pools_free == 63);
    CHECK(books.figures.blocks_used == blocks - 3);
    CHECK(books.figures.blocks_free == 3);
    CHECK(books.figures.used_bytes == (blocks - 3) * 32);
    CHECK(books.blocks[floats].count + books.blocks[buffers].count == blocks - 3);
    CHECK(books.blocks[buffers].count == blocks / 2 - 2);  // 5 and 7 of those without a reference are free
    CHECK(books.free_blocks.count == 3);
    CHECK(books.free_pools.tally.bytes == 2 * pool_bytes);
    CHECK(one.types.find(one.python.float_type)->count == books.blocks[floats].count);
  });
}

TEST_CASE("a pool whose end was never touched, and one whose pages are not all alike") {
  for (const std::uint8_t second : {own, common, swapped, untouched}) {
    CAPTURE(static_cast<int>(second));
    Arena one;
    one.pools.pool(one.pool_at(0), 31, 4);
    for (std::uint64_t i = 0; i < 4; ++i) one.space.put_word(FakePools::block(one.pool_at(0), 31, i), 1);
    one.pools.entry(table, 0, arena, 1);
    one.touch(arena, page);
    one.touch(arena + page, page, second);
    const auto books = one.walk();
    one.check_sum(books);
    CHECK(books.figures.torn_pools == 0);
    CHECK(books.figures.blocks_used == 4);
    CHECK(books.blocks[buffers].tally.bytes == 4 * 512);
    CHECK(books.free_blocks.tally.swap_bytes + books.slack.tally.swap_bytes == (second == swapped ? page : 0));
  }
}

TEST_CASE("a pool whose head is in swap is free, and none of its bytes is lost") {
  Arena one;
  one.pools.pool(one.pool_at(0), 0, 5);
  one.pools.pool(one.pool_at(1), 0, 5);
  one.pools.entry(table, 0, arena, 2);
  one.touch(arena, 32 * kib);
  one.touch(one.pool_at(1), page, swapped);
  const auto books = one.walk();
  one.check_sum(books);
  CHECK(books.figures.pools_used == 1);
  CHECK(books.free_pools.tally == tally_of(12 * kib, 12 * kib, page));
}

TEST_CASE("torn pools: heads and lists that make no sense") {
  using Spoil = void (*)(Arena&, std::uint64_t);
  const std::vector<Spoil> spoils{
      [](Arena& one, std::uint64_t pool) { one.space.put(pool + 36, std::uint32_t{32}); },
      [](Arena& one, std::uint64_t pool) { one.space.put(pool + 36, ~std::uint32_t{0}); },
      [](Arena& one, std::uint64_t pool) { one.space.put(pool + 44, std::uint32_t{5}); },
      [](Arena& one, std::uint64_t pool) { one.space.put(pool, ~std::uint32_t{0}); },
      [](Arena& one, std::uint64_t pool) { one.space.put(pool, std::uint32_t{6}); },
      [](Arena& one, std::uint64_t pool) { one.space.put(pool + 40, std::uint32_t{0}); },
      [](Arena& one, std::uint64_t pool) { one.space.put(pool + 40, ~std::uint32_t{0}); },
      [](Arena& one, std::uint64_t pool) { one.space.put_word(pool + 8, pool); },
      [](Arena& one, std::uint64_t pool) { one.space.put_word(pool + 8, ~std::uint64_t{0}); },
      [](Arena& one, std::uint64_t pool) { one.space.put_word(pool + 8, FakePools::block(pool, 1, 3) + 8); },
      [](Arena& one, std::uint64_t pool) { one.space.put_word(pool + 8, FakePools::block(pool, 1, 10)); },
      [](Arena& one, std::uint64_t pool) {  // the list is a circle
        one.space.put_word(FakePools::block(pool, 1, 2), FakePools::block(pool, 1, 4));
      }};
  for (std::size_t i = 0; i < spoils.size(); ++i) {
    CAPTURE(i);
    Arena one;
    one.pools.pool(one.pool_at(0), 1, 10, {4, 2, 3});
    one.pools.pool(one.pool_at(1), 1, 3);
    one.pools.entry(table, 0, arena, 2);
    one.touch(arena, 32 * kib);
    spoils[i](one, one.pool_at(0));
    const auto books = one.walk();
    one.check_sum(books);
    CHECK(books.figures.torn_pools == 1);
    CHECK(books.figures.pools_used == 2);
    CHECK(books.figures.blocks_used == 3);
    CHECK(books.torn_bytes == 16 * kib);
  }
}

TEST_CASE("an arena that begins within a pool has one pool fewer") {
  for_both_sizes([](Arena& one) {
    const std::uint64_t start = arena + page, first = arena + std::max(page, one.pools.pool_bytes);
    const bool is_aligned = start % one.pools.pool_bytes == 0;
    one.pools.pool(first, 1, 3);
    one.pools.entry(table, 0, start, 1);
    one.touch(arena, 2 * one.pools.arena_bytes);
    const auto books = one.walk();
    one.check_sum(books);
    CHECK(books.figures.pools_used == 1);
    CHECK(books.figures.pools_used + books.figures.pools_free == (is_aligned ? 64 : 63));
    CHECK(books.figures.blocks_used == 3);
  });
}

TEST_CASE("an arena that few blocks hold names their types") {
  Arena one;
  one.pools.pool(one.pool_at(0), 1, 3);
  for (std::uint64_t i = 0; i < 2; ++i) one.python.object(FakePools::block(arena, 1, i), one.python.float_type);
  one.pools.entry(table, 0, arena, 1);
  one.touch(arena, page);
  const auto books = one.walk();
  REQUIRE(books.held.size() == 1);
  CHECK(books.held[0].blocks == 3);
  REQUIRE(books.held[0].types.size() == 2);
  CHECK(books.held[0].types[0] == std::pair{std::to_string(one.types.find(one.python.float_type)->index), 2UL});
  CHECK(books.held[0].types[1] == std::pair{std::string(), 1UL});
}

TEST_CASE("objects of pools point to what lies outside of arenas, also when looked at again") {
  Arena one;
  one.pools.pool(one.pool_at(0), 3, 2);
  one.python.list(FakePools::block(arena, 3, 0), 0x1000'2000);
  one.python.list(FakePools::block(arena, 3, 1), arena + 0x100);
  one.pools.entry(table, 0, arena, 1);
  one.touch(arena, page);
  (void)one.walk();
  CHECK(one.pointers.bag.size() == 1);
  PointerCollector fresh(one.arena_set);
  one.walker->look_again(fresh);
  CHECK(fresh.bag.size() == 0);  // nothing has changed
  one.pools.pool(one.pool_at(0), 3, 2, {1});
  one.python.list(FakePools::block(arena, 3, 0), 0x1000'3000);
  one.walker->look_again(fresh);
  CHECK(fresh.bag.size() == 1);
}

TEST_CASE("the writable parts of a file, and the rest of its .bss") {
  Arena one;
  one.space.map(FakePython::bss + FakePython::bss_bytes, page, {.path = "[heap]"});
  const auto known = one.space.space();
  CHECK(are(writable_parts(known, FakePython::path),
            {{FakePython::data, FakePython::bss}, {FakePython::bss, FakePython::bss + FakePython::bss_bytes}}));
  CHECK(writable_parts(known, "/none").empty());
}
