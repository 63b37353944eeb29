// Sizes that a census takes from beside its objects: keys of dicts, values of instances, buffers.
#include "detail/object_sizer.hpp"

#include "fake_census.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

constexpr std::uint32_t class_of(std::uint64_t block_bytes) { return static_cast<std::uint32_t>(block_bytes / 16 - 1); }

/// An instance whose attributes lie in a block of their own, and the keys that its class shares.
struct Instance : CensusHeap {
  explicit Instance(unsigned minor) : CensusHeap({.minor = minor}) {
    type = heap.python.type({.name = "shop.Order",
                             .flags = instance_flags | cpython::type_flags::managed_dict,
                             .basic_size = 16,
                             .base = object_type});
    at = block(add_pool(class_of(48), 1), class_of(48), 0) + places::gc_head + places::pre_header;
    heap.python.object(at, type);
    heap.python.put(type, layout.type.cached_keys, base::Address{keys});
    set_keys(5, 25);
    mark_values();
  }
  void set_keys(std::int64_t used, std::int64_t usable) {
    heap.python.put(keys, layout.dict_keys.entries_used, used);
    heap.space.put(keys + layout.dict_keys.entries_used.offset() - 8, usable);
  }
  /// 3.11 has a word for them, 3.12 the lowest bit of the dict's.
  void mark_values() {
    const auto where = layout.attributes.values != 0 ? layout.attributes.values : layout.attributes.dict;
    heap.space.put_word(at + static_cast<std::uint64_t>(where), FakeHeap::more_main | 1);
  }
  void mark_dict() {
    if (layout.attributes.values != 0) {
      heap.space.put_word(at + static_cast<std::uint64_t>(layout.attributes.values), 0);
    }
    heap.space.put_word(at + static_cast<std::uint64_t>(layout.attributes.dict), FakeHeap::more_main);
  }
  [[nodiscard]] model::CensusType row() const { return row_of(read(), "shop.Order"); }

  std::uint64_t type = 0, at = 0;
};

}  // namespace

TEST_CASE("a dict counts the keys that are its own, and holds their block; shared ones are nobody's") {
  for (const unsigned minor : {8U, 9U, 10U, 11U, 12U, 13U, 14U, 15U}) {
    CAPTURE(minor);
    CensusHeap made({.minor = minor});
    const auto pool = made.add_pool(class_of(64), 3);
    const auto own_keys = made.dict_keys(CensusHeap::keys, 1);
    (void)made.dict_keys(CensusHeap::keys + 0x200, 2);
    for (std::uint64_t i = 0; i < 3; ++i) {
      made.dict(CensusHeap::block(pool, class_of(64), i) + places::gc_head,
                i == 0 ? CensusHeap::keys : CensusHeap::keys + 0x200, i == 2 ? FakeHeap::more_main : 0);
    }
    const auto row = row_of(made.read(), "builtins.dict");
    // Values that a dict with shared keys has: used and usable ones, to 3.10 what the table has room for.
    const std::uint64_t values = 80;
    CHECK(row.count == 3);
    CHECK(row.bytes == 3 * 64 + own_keys + values);
    CHECK(row.held_bytes == 3 * 64 + (own_keys + 15) / 16 * 16 + values);
    CHECK_FALSE(row.has_own_sizeof);
  }
}

TEST_CASE("dicts whose keys cannot be read or make no sense count with their fixed part") {
  CensusHeap made;
  const auto pool = made.add_pool(class_of(64), 3);
  (void)made.dict_keys(CensusHeap::keys, 1);
  made.heap.python.put(CensusHeap::keys, made.layout.dict_keys.log2_size, 60);
  const std::array<std::uint64_t, 3> keys{0, 0xdead'0000, CensusHeap::keys};
  for (std::uint64_t i = 0; i < 3; ++i) {
    made.dict(CensusHeap::block(pool, class_of(64), i) + places::gc_head, keys[i]);
  }
  const auto row = row_of(made.read(), "builtins.dict");
  CHECK(row.count == 3);
  CHECK(row.bytes == 3 * 64);
  CHECK(row.held_bytes == 3 * 64);
}

TEST_CASE("more dicts than wait for their keys at once are all counted, in focus too; few calls read their keys") {
  constexpr std::uint64_t most_at_once = 4096;
  CensusHeap made;
  made.heap.space.set_pages(FakeHeap::arenas, made.heap.shape.arena_bytes, own);
  const auto own_keys = made.dict_keys(CensusHeap::keys, 1);
  std::uint64_t dicts = 0;
  for (int pools = 0; pools < 20; ++pools) {
    const auto fit = made.heap.pools.blocks(class_of(64));
    const auto pool = made.add_pool(class_of(64), fit);
    for (std::uint64_t i = 0; i < fit; ++i, ++dicts) {
      made.dict(CensusHeap::block(pool, class_of(64), i) + places::gc_head, CensusHeap::keys);
    }
  }
  REQUIRE(dicts > most_at_once);
  const auto census = made.read("dict");
  const auto row = row_of(census, "builtins.dict");
  CHECK(row.count == dicts);
  CHECK(row.bytes == dicts * (64 + own_keys));
  REQUIRE(census.focuses.size() == 1);
  REQUIRE(census.focuses[0].sizes.size() == 1);
  CHECK(census.focuses[0].sizes[0].count == dicts);
  CHECK(census.focuses[0].samples.at(0).bytes == 64 + own_keys);
}

TEST_CASE("instances of 3.11 and 3.12 hold the block of their values until they have a dict") {
  for (const unsigned minor : {11U, 12U}) {
    CAPTURE(minor);
    Instance made(minor);
    constexpr std::uint64_t of_30 = 32 + 30 * 8;
    CHECK(made.row().count == 1);
    CHECK(made.row().bytes == 48);
    CHECK(made.row().held_bytes == 48 + of_30);
    made.set_keys(1, 2);
    CHECK(made.row().held_bytes == 48 + 8 + 3 * 8);
    made.set_keys(1, 30);  // more than CPython shares
    CHECK(made.row().held_bytes == 48);
    made.set_keys(-1, 30);
    CHECK(made.row().held_bytes == 48);
    made.set_keys(5, 25);
    made.mark_dict();
    CHECK(made.row().held_bytes == 48);
    made.mark_values();
    made.heap.python.put(made.type, made.layout.type.cached_keys, base::Address{0});
    CHECK(made.row().held_bytes == 48);
  }
}

TEST_CASE("instances of 3.13 on have their values in their own block") {
  for (const unsigned minor : {13U, 14U}) {
    CAPTURE(minor);
    CHECK(Instance(minor).row().held_bytes == 48);
  }
}

TEST_CASE("a str that is not compact holds its characters; one that is ends in its block") {
  CensusHeap made({.minor = 12});
  const std::uint64_t str = CensusHeap::block(made.heap.pool_at(1), 7, 0);
  const auto before = row_of(made.read(), "builtins.str");
  made.heap.python.text_object(str, 1000, 1, false, false);
  made.heap.space.put_word(str + made.layout.unicode.compact_data, FakeHeap::more_main);
  const auto after = row_of(made.read(), "builtins.str");
  const std::uint64_t large = made.layout.unicode.compact_data + 8 + 1001;
  CHECK(after.bytes - before.bytes == large - (made.layout.unicode.ascii_data + 61));
  CHECK(after.held_bytes - before.held_bytes == BlockSizes::of_malloc(large - 128));
}

TEST_CASE("a deque holds its blocks, an array of NumPy what malloc took for its data") {
  CensusHeap made;
  auto& python = made.heap.python;
  const std::uint64_t deque = CensusHeap::block(FakeHeap::arenas + made.heap.shape.arena_bytes, 4, 0) + places::gc_head;
  python.put(python.deque_type, made.layout.type.methods, base::Address{CensusHeap::methods});
  made.heap.space.put_word(deque + 16, 100);
  const auto row = row_of(made.read(), "collections.deque");
  CHECK(row.bytes == 80 + 2 * 528);
  CHECK(row.held_bytes == 80 + 2 * BlockSizes::of_malloc(528));

  const auto array_type = python.type({.name = "numpy.ndarray", .basic_size = 96, .base = made.object_type});
  python.put(array_type, made.layout.type.methods, base::Address{CensusHeap::methods});
  const std::uint64_t array = CensusHeap::block(made.add_pool(class_of(96), 1), class_of(96), 0);
  const std::uint64_t shape = CensusHeap::keys, item = CensusHeap::keys + 0x40;
  python.object(array, array_type);
  std::uint64_t at = array + 16;
  for (const std::uint64_t word :
       {FakeHeap::more_main, std::uint64_t{1}, shape, std::uint64_t{0}, std::uint64_t{0}, item, std::uint64_t{4}}) {
    made.heap.space.put_word(at, word);
    at += 8;
  }
  made.heap.space.put_word(shape, 1000);
  made.heap.space.put_word(item + 32, std::uint64_t{8} << 32 | 8U);
  const auto numbers = row_of(made.read(), "numpy.ndarray");
  CHECK(numbers.bytes == 96 + 16 + 8000);
  CHECK(numbers.held_bytes == 96 + BlockSizes::of_malloc(16 + 8000));
}

TEST_CASE("objects under PYTHONMALLOC=debug are of the size that they would be without") {
  CensusHeap made;
  const auto pool = made.add_pool(class_of(48), 1);
  const std::uint64_t at = CensusHeap::block(pool, class_of(48), 0);
  made.heap.space.put_word(at, __builtin_bswap64(24));
  made.heap.space.put_word(at + 8, std::uint64_t{0xfd'fdfd'fdfd'fdfd} << 8 | 'o');
  made.heap.python.object(at + 16, made.heap.python.float_type);
  const auto row = row_of(made.read(), "builtins.float");
  CHECK(row.count == 1);
  CHECK(row.bytes == 24);
  CHECK(row.held_bytes == 48);
}
