// Stacks of threads, and the owners of chunks.
#include "detail/threads.hpp"

#include "detail/owners.hpp"
#include "fake_python.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

constexpr std::uint64_t stack = 0x7f00'0001'0000, bytes = 0x20000, end = stack + bytes;

struct Stack {
  Stack() {
    space.map(stack - page, page, {.readable = false, .writable = false});
    space.map(stack, bytes);
  }
  void descriptor(std::uint64_t at, std::int32_t tid) {
    space.put_word(at, at);
    space.put_word(at + 16, at);
    space.put(at + 0x2d0, tid);
  }
  [[nodiscard]] std::vector<ThreadStackPlace> find(const std::vector<std::uint64_t>& known = {}) const {
    return find_stacks(space.space(), space, {41, 42}, known);
  }
  FakeSpace space;
};

}  // namespace

TEST_CASE_FIXTURE(Stack, "a stack is known by the descriptor at its end") {
  CHECK(find().empty());
  descriptor(end - 0x940, 42);
  auto found = find();
  REQUIRE(found.size() == 1);
  CHECK(found[0].thread_pointer == end - 0x940);
  CHECK(found[0].range == Range{stack, end});
  CHECK(found[0].is_in_use);
  CHECK(found[0].is_guarded);
  descriptor(end - 0x940, 43);  // of nobody now
  found = find();
  REQUIRE(found.size() == 1);
  CHECK_FALSE(found[0].is_in_use);
}

TEST_CASE_FIXTURE(Stack, "what is no descriptor is no stack") {
  descriptor(end - 0x940 + 8, 42);  // not aligned
  CHECK(find().empty());
  space.put_word(end - 0x940, end - 0x940);  // half of one
  CHECK(find().empty());
  descriptor(end - 0x18000, 42);  // far from the end
  CHECK(find().empty());
}

TEST_CASE_FIXTURE(Stack, "a descriptor that somebody knows is found far from the end, too") {
  descriptor(end - 0x18000, 42);
  CHECK(find({0, 1, end - 0x18000 + 8, ~std::uint64_t{0}, end}).empty());
  const auto found = find({1, end - 0x18000, 0x5555'0000});
  REQUIRE(found.size() == 1);
  CHECK(found[0].thread_pointer == end - 0x18000);
}

TEST_CASE("without a guard page only what is near the descriptor is a stack") {
  Stack made;
  constexpr std::uint64_t other = 0x7f00'1000'0000;
  made.space.map(other, bytes);
  made.descriptor(other + bytes - 0x940, 41);
  const auto found = made.find();
  REQUIRE(found.size() == 1);
  CHECK_FALSE(found[0].is_guarded);
  CHECK(found[0].range == Range{other + bytes - 0x5000, other + bytes});
}

TEST_CASE("stacks in one mapping, with guard pages between them") {
  FakeSpace space;
  constexpr std::uint64_t start = 0x7f00'2000'0000, each = 64 * page;
  space.map(start, 3 * each);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const std::uint64_t descriptor = start + (i + 1) * each - 0x940;
    space.put_word(descriptor, descriptor);
    space.put_word(descriptor + 16, descriptor);
    if (i != 0) space.set_pages(start + i * each, page, proc::page_guard);
  }
  const auto found = find_stacks(space.space(), space, {}, {});
  REQUIRE(found.size() == 3);
  CHECK_FALSE(found[0].is_guarded);
  CHECK(found[1].range == Range{start + each + page, start + 2 * each});
  CHECK(found[2].range == Range{start + 2 * each + page, start + 3 * each});
  CHECK(found[2].is_guarded);
  space.set_pages(start, 3 * each, proc::page_guard);  // nothing but guards
  CHECK(find_stacks(space.space(), space, {}, {}).empty());
}

TEST_CASE_FIXTURE(Stack, "a descriptor on a page that is in swap is not looked at") {
  descriptor(end - 0x940, 42);
  space.set_pages(end - page, page, swapped);
  CHECK(find().empty());
}

namespace {

/// Chunks at 0x10000'0000 and so on, with an owner's type.
struct Owned {
  Owned() : python(space, layout_of(11)) { space.map(0x1'0000'0000, 16 * page); }
  [[nodiscard]] RawOwners find(bool with_types = true) {
    bag.sort();
    fresh.sort();
    return find_owners(raw, {&fresh, &bag}, with_types ? &types : nullptr, space.space());
  }
  FakeSpace space;
  FakePython python;
  ArenaSet arenas;
  TypeTable types{space, python.layout(), python.type_type, arenas};
  PointerBag bag, fresh;
  RawChunks raw;
};

constexpr auto at_kind = [](ObjectKind kind) { return static_cast<std::size_t>(kind); };

}  // namespace

TEST_CASE_FIXTURE(Owned, "a chunk is its pointer's, of the newer ones first, or nobody's") {
  const auto list = types.find(python.list_type)->index, text = types.find(python.str_type)->index;
  for (std::uint64_t i = 0; i < 4; ++i) raw.add({.address = 0x1'0000'0000 + i * 0x100, .bytes = 0x100});
  raw.add({.address = 0x1'0000'1000, .bytes = 0x2000, .is_mapped = true});
  bag.add(0x1'0000'0010, list);
  bag.add(0x1'0000'0110, list);
  fresh.add(0x1'0000'0150, text);
  bag.add(0x1'0000'0208, list);  // its head: not inside
  auto owners = find();
  CHECK(owners.python[at_kind(ObjectKind::list)].tally.bytes == 0x100);
  CHECK(owners.python[at_kind(ObjectKind::str)].tally.bytes == 0x100);
  CHECK(owners.native.count == 2);
  CHECK(owners.native_mapped.tally.bytes == 0x2000);
  REQUIRE(owners.native_sizes.size() == 2);
  CHECK(owners.native_sizes[0].chunk_bytes == 0x2000);
  CHECK(owners.native_sizes[1].count == 2);
  CHECK(types.at(list).malloc_bytes == 0x100);
  CHECK(find(false).native.count == 4);
}

TEST_CASE_FIXTURE(Owned, "the blocks of a deque follow each other, also in a circle") {
  const auto deque = types.find(python.deque_type)->index;
  constexpr std::uint64_t first = 0x1'0000'0010;
  bag.add(first, deque);
  for (std::uint64_t i = 0; i < 5; ++i) {
    space.put_word(first + i * 0x1000 + places::deque_right_link, first + (i + 1) % 5 * 0x1000);
  }
  follow_deques(space, types, bag);
  bag.sort();
  CHECK(bag.size() == 5);
  space.put_word(first + places::deque_right_link, 0x1234'5670);  // leads nowhere
  PointerBag other;
  other.add(first, deque);
  follow_deques(space, types, other);
  other.sort();
  CHECK(other.size() == 2);
}
