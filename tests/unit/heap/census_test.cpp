#include "tidemark/heap/census.hpp"

#include "fake_census.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

template <class Body>
void for_each_minor(Body&& body) {
  for (const unsigned minor : {9U, 11U, 12U, 13U, 14U}) {
    CAPTURE(minor);
    CensusHeap made({.minor = minor});
    body(made);
  }
}

bool has_note(const model::Census& census, std::string_view words) {
  return std::any_of(census.notes.begin(), census.notes.end(),
                     [&](const auto& note) { return note.find(words) != std::string::npos; });
}

}  // namespace

TEST_CASE("census: each object of pymalloc and of malloc is counted once, with its size and what it holds") {
  for_each_minor([](CensusHeap& made) {
    const auto census = made.read();
    CHECK(census.python_version == "3.11.2");
    CHECK(census.python_allocator == "pymalloc");
    CHECK(census.types.size() == 4);
    const auto str = row_of(census, "builtins.str"), list = row_of(census, "builtins.list");
    const auto ascii_head = made.layout.unicode.ascii_data;
    CHECK(str.count == 11);
    CHECK(str.bytes == 10 * (ascii_head + 61) + ascii_head + 0x7b1);
    CHECK(str.held_bytes == 10 * 128 + 0x810);
    CHECK(str.module == "builtins");
    CHECK(str.address.value == made.heap.python.str_type);
    CHECK_FALSE(str.has_own_sizeof);
    CHECK(list.count == 17);
    CHECK(list.bytes == 17 * (40 + places::gc_head));
    CHECK(list.held_bytes == 17 * 64);
    CHECK(row_of(census, "collections.deque").count == 1);
    CHECK(row_of(census, "mmap.mmap").bytes == 72);
    CHECK(census.summary.total_objects == 30);
    CHECK(census.summary.unique_types == 4);
    CHECK(census.summary.total_bytes == str.bytes + list.bytes + (64 + places::gc_head) + 72);
    CHECK(census.summary.total_held_bytes == str.held_bytes + list.held_bytes + 80 + 80);
    CHECK(census.types[0].type == "builtins.str");  // most bytes first
    CHECK(census.focuses.empty());
    CHECK(census.notes.empty());
  });
}

TEST_CASE("census: what a list has allocated is of its size, and the block of it is held") {
  CensusHeap made;
  const std::uint64_t list = CensusHeap::block(made.heap.pool_at(0), 3, 3) + places::gc_head;
  made.heap.space.put_word(list + 32, 5);
  auto census = made.read();
  CHECK(row_of(census, "builtins.list").bytes == 17 * 56 + 5 * 8);
  CHECK(row_of(census, "builtins.list").held_bytes == 17 * 64 + 48);
  made.heap.space.put_word(list + 32, 1000);  // of malloc, then
  census = made.read();
  CHECK(row_of(census, "builtins.list").held_bytes == 17 * 64 + 8016);
}

TEST_CASE("census: str that are interned, and objects that are immortal from 3.12 on") {
  for_each_minor([](CensusHeap& made) {
    const std::uint64_t first = CensusHeap::block(made.heap.pool_at(1), 7, 0);
    auto& python = made.heap.python;
    const auto state = made.heap.space.word(first + made.layout.unicode.state.offset() / 8 * 8);
    python.put(first, made.layout.unicode.state, static_cast<std::uint32_t>(state) | 1U);
    made.heap.space.put(CensusHeap::block(made.heap.pool_at(1), 7, 1), UINT32_MAX);
    const auto str = row_of(made.read(), "builtins.str");
    CHECK(str.interned == 1);
    CHECK(str.immortal == (made.layout.minor >= 12 ? 1 : 0));
    CHECK(str.count == 11);
  });
}

TEST_CASE("census: types of one name are rows of their own, a class that has its own __sizeof__ is said") {
  CensusHeap made;
  const auto pool = made.add_pool(2, 3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto type = made.heap.python.type({.name = "shop.Order",
                                             .flags = CensusHeap::instance_flags,
                                             .basic_size = 32,
                                             .base = i == 0 ? 0 : made.object_type});
    made.heap.python.object(CensusHeap::block(pool, 2, i) + places::gc_head, type);
  }
  const auto census = made.read();
  CHECK(census.types.size() == 4 + 3);
  CHECK(std::ranges::count(census.types, "shop.Order", &model::CensusType::type) == 3);
  CHECK(std::ranges::count(census.types, true, &model::CensusType::has_own_sizeof) == 1);
  CHECK(row_of(census, "shop.Order").module == "shop");
}

TEST_CASE("census: a chunk whose rest of 16 bytes could not be split off is an object's") {
  CensusHeap made;
  made.heap.python.object(made.cut_native(0x30), made.heap.python.float_type);
  const auto row = row_of(made.read(), "builtins.float");
  CHECK(row.count == 1);
  CHECK(row.bytes == 24);
  CHECK(row.held_bytes == 0x30);
  CensusHeap longer;
  longer.heap.python.object(longer.cut_native(0x40), longer.heap.python.float_type);
  CHECK(row_of(longer.read(), "builtins.float").count == 0);
}

TEST_CASE("census: all blocks in use were looked at, as the ledger counts them") {
  for_each_minor([](CensusHeap& made) {
    const auto census = made.read();
    const auto ledger = made.heap.read();
    std::uint64_t blocks = ledger.pymalloc.blocks_used + ledger.malloc.mapped_chunks;
    for (const auto& arena : ledger.malloc.arenas) blocks += arena.chunks_in_use;
    CHECK(census.coverage == model::CensusCoverage{.blocks = blocks});
    CHECK(census.coverage.share() == 1);
    for (const auto& row : ledger.types) {
      if (row.type != "(buffers)") CHECK(row_of(census, row.type).count == row.count);
    }
    CHECK(census.cost.bytes_read > 3 * made.heap.shape.pool_bytes);
  });
}

TEST_CASE("census: a pool that never stands still is torn, with the blocks that its head says") {
  CensusHeap made;
  made.heap.space.put_word(made.heap.pool_at(1) + 8, 1);
  const auto census = made.read();
  CHECK(row_of(census, "builtins.str").count == 1);
  CHECK(census.coverage.torn_pools == 1);
  CHECK(census.coverage.torn_blocks == 10);
  CHECK(census.coverage.share() < 1);
  CHECK_FALSE(census.coverage.is_out_of_budget);
}

TEST_CASE("census: chunks that lead nowhere are torn, up to where they make sense again") {
  CensusHeap made;
  made.heap.python.object(made.heap.deque_blocks[1] + 16, made.object_type);
  made.heap.python.put(made.object_type, made.layout.type.basic_size, 0x220 - 8);
  CHECK(row_of(made.read(), "builtins.object").count == 1);
  made.heap.space.put_word(made.heap.deque_blocks[0] + 8, 0x13);
  const auto census = made.read();
  CHECK(census.coverage.torn_chunks == 1);
  CHECK(census.coverage.torn_bytes == 0x220);
  CHECK(census.coverage.share() < 1);
  CHECK(row_of(census, "builtins.object").count == 1);
  CHECK(row_of(census, "builtins.str").count == 11);
}

TEST_CASE("census: pages that went away while it was read are lost") {
  CensusHeap made;
  const Moment moment(made.heap.space.space());
  made.heap.space.set_pages(made.heap.pool_at(0), page, untouched);
  const auto census = made.read_at(moment);
  CHECK(census.coverage.lost_bytes >= page);
  CHECK(census.coverage.share() < 1);
  CHECK(row_of(census, "builtins.list").count == 0);
}

TEST_CASE("census: a budget that is spent at once leaves all out, and says how much") {
  CensusHeap made;
  for (const std::int64_t budget : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN}) {
    const auto census = made.read("list", budget);
    CHECK(census.coverage.is_out_of_budget);
    CHECK(census.coverage.blocks == 0);
    CHECK(census.summary.total_objects == 0);
    CHECK(census.focuses.empty());
    // Arenas, the main arena to its end, two of a thread, two mapped chunks, and what else may be one.
    CHECK(census.coverage.left_out_bytes >=
          3 * made.heap.shape.pool_bytes + page + 20 * page + 2 * 3 * page + FakeHeap::mapped_bytes - page);
    CHECK(census.coverage.share() == 0);
  }
}

TEST_CASE("census: what cannot be told is said") {
  CensusHeap made;
  made.heap.python.put(made.heap.python.code_type, made.layout.object.type, base::Address{0});
  auto census = made.read();
  CHECK(census.types.empty());
  CHECK(has_note(census, "types could not be read: no object is known"));

  FakeSpace space;
  FakePython python(space, layout_of(11));
  python.object(python.code_type, python.type_type);
  const Moment moment(space.space());
  const PythonPlace place{
      .layout = python.layout(), .place = python.place(), .module_path = FakePython::path, .version = "3.11.2"};
  census = read_census({.memory = space, .moment = moment, .python = place});
  CHECK(has_note(census, "Neither pymalloc nor a malloc of glibc was found"));
  CHECK(census.python_allocator == "malloc");
}
