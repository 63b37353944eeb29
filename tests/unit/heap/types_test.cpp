#include "detail/types.hpp"

#include <algorithm>
#include <functional>

#include "fake_python.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

struct Types {
  explicit Types(unsigned minor = 11) : python(space, layout_of(minor)) {}
  [[nodiscard]] TypeTable table() const { return {space, python.layout(), python.type_type, arenas}; }

  FakeSpace space;
  FakePython python;
  ArenaSet arenas;
};

}  // namespace

TEST_CASE("types are told by what they point to and say, of each layout") {
  for (const auto* layout : cpython::layouts()) {
    if (layout->free_threaded) continue;
    CAPTURE(static_cast<int>(layout->minor));
    Types types(layout->minor);
    auto table = types.table();
    const auto kind_at = [&](std::uint64_t address) {
      const auto* const entry = table.find(address);
      return entry != nullptr ? entry->kind : ObjectKind::buffer;
    };
    CHECK(kind_at(types.python.type_type) == ObjectKind::type);
    CHECK(kind_at(types.python.int_type) == ObjectKind::integer);
    CHECK(kind_at(types.python.str_type) == ObjectKind::str);
    CHECK(kind_at(types.python.bytes_type) == ObjectKind::bytes);
    CHECK(kind_at(types.python.list_type) == ObjectKind::list);
    CHECK(kind_at(types.python.float_type) == ObjectKind::floating);
    CHECK(kind_at(types.python.code_type) == ObjectKind::code);
    CHECK(kind_at(types.python.deque_type) == ObjectKind::deque);
    CHECK(table.find(types.python.list_type)->head_bytes == places::gc_head);
    CHECK(table.find(types.python.float_type)->name == "float");
    CHECK(table.qualified_name(*table.find(types.python.float_type)) == "builtins.float");
    CHECK(table.qualified_name(*table.find(types.python.deque_type)) == "collections.deque");
  }
}

TEST_CASE("a metatype and a metatype's metatype make types; what they do not lead to is none") {
  Types types;
  auto& python = types.python;
  const auto meta = python.type({.name = "Meta", .flags = cpython::type_flags::type_subclass, .basic_size = 0x378});
  const auto meta2 =
      python.type({.name = "Meta2", .flags = cpython::type_flags::type_subclass, .basic_size = 0x378, .meta = meta});
  const auto made = python.type({.name = "Made", .flags = cpython::type_flags::heap_type, .meta = meta2});
  const auto no_meta = python.type({.name = "x", .meta = python.float_type});
  auto table = types.table();
  REQUIRE(table.find(made) != nullptr);
  CHECK(table.find(made)->kind == ObjectKind::instance);
  CHECK(table.find(no_meta) == nullptr);
  CHECK(table.find(no_meta) == nullptr);  // remembered
}

TEST_CASE("false types") {
  Types types;
  auto& python = types.python;
  const auto& layout = python.layout();
  const auto make = [&](const std::function<void(std::uint64_t)>& spoil) {
    const auto at = python.type({.name = "false"});
    spoil(at);
    return at;
  };
  const auto unready = make([&](std::uint64_t at) { python.put(at, layout.type.flags, 0); });
  const auto small = make([&](std::uint64_t at) { python.put(at, layout.type.basic_size, 15); });
  const auto large = make([&](std::uint64_t at) { python.put(at, layout.type.basic_size, (1 << 20) + 1); });
  const auto negative = make([&](std::uint64_t at) { python.put(at, layout.type.item_size, -1); });
  const auto circle = make([&](std::uint64_t at) { python.put(at, layout.object.type, base::Address{at}); });
  auto table = types.table();
  for (const auto at : {unready, small, large, negative, circle}) CHECK(table.find(at) == nullptr);
  CHECK(table.find(python.int_type + 1) == nullptr);
  CHECK(table.find(python.int_type + 8) == nullptr);
  CHECK(table.find(0) == nullptr);
  CHECK(table.find(0xfff8) == nullptr);
  CHECK(table.find(0x123456788) == nullptr);  // not mapped
  CHECK(table.find(~std::uint64_t{7}) == nullptr);
  CHECK(table.find(python.int_type) != nullptr);
}

TEST_CASE("no type lies in an arena") {
  Types types;
  types.arenas.assign({{FakePython::data, FakePython::data + 0x1'0000}});
  auto table = types.table();
  CHECK(table.find(types.python.int_type) == nullptr);
}

TEST_CASE("a class keeps its data where its base does; a circle of bases ends") {
  Types types;
  auto& python = types.python;
  constexpr auto heap_type = cpython::type_flags::heap_type;
  const auto child = python.type({.name = "Child", .flags = heap_type, .basic_size = 80, .base = python.deque_type});
  const auto grandchild = python.type({.name = "Grandchild", .flags = heap_type, .basic_size = 80, .base = child});
  const auto one = python.type({.name = "One", .flags = heap_type});
  const auto two = python.type({.name = "Two", .flags = heap_type, .base = one});
  python.put(one, types.python.layout().type.base, base::Address{two});
  auto table = types.table();
  REQUIRE(table.find(grandchild) != nullptr);
  CHECK(table.find(grandchild)->kind == ObjectKind::deque);
  CHECK(table.find(child)->kind == ObjectKind::deque);
  REQUIRE(table.find(one) != nullptr);
  CHECK(table.find(one)->kind == ObjectKind::instance);
  CHECK(table.find(two)->kind == ObjectKind::instance);
}

TEST_CASE("bases that go on for a hundred thousand types are not followed to the end") {
  Types types;
  constexpr std::uint64_t start = 0x4000'0000, unit = 0x200, count = 100'000;
  types.space.map(start, (count + 1) * unit / page * page + page);
  const auto& layout = types.python.layout();
  for (std::uint64_t at = start; at < start + count * unit; at += unit) {
    types.python.put(at, layout.object.type, base::Address{types.python.type_type});
    types.python.put(at, layout.type.basic_size, 16);
    types.python.put(at, layout.type.flags, cpython::type_flags::ready);
    types.python.put(at, layout.type.base, base::Address{at + unit});
  }
  auto table = types.table();
  CHECK(table.find(start) != nullptr);
  CHECK(table.all().size() < 100);
}

TEST_CASE("a table that is asked for many addresses still knows its types") {
  Types types;
  auto table = types.table();
  const auto* const entry = table.find(types.python.int_type);
  REQUIRE(entry != nullptr);
  for (std::uint64_t i = 0; i < 1'300'000; ++i) REQUIRE(table.find(0x10'0000'0000 + i * 8) == nullptr);
  CHECK(table.find(types.python.int_type) == entry);
  CHECK(table.find(types.python.str_type) != nullptr);
}

TEST_CASE("a name ends where memory does, and is cut") {
  Types types;
  types.space.map(0x9000'0000, page);
  types.space.put_text(0x9000'0000 + page - 3, "abc");
  const auto cut_off = types.python.type({.name = "x"});
  types.python.put(cut_off, types.python.layout().type.name, base::Address{0x9000'0000 + page - 3});
  const auto gone = types.python.type({.name = "x"});
  types.python.put(gone, types.python.layout().type.name, base::Address{0x1234'5678});
  types.space.map(0xa000'0000, page);
  types.space.put_text(0xa000'0000, std::string(1000, 'n'));
  const auto long_one = types.python.type({.name = "x"});
  types.python.put(long_one, types.python.layout().type.name, base::Address{0xa000'0000});
  auto table = types.table();
  CHECK(table.find(cut_off)->name == "abc");
  CHECK(table.find(gone)->name.empty());
  CHECK_FALSE(table.qualified_name(*table.find(gone)).empty());
  CHECK(table.find(long_one)->name.size() <= 128);
}

TEST_CASE("arenas: overlapping ones count once, the borders are right") {
  constexpr std::uint64_t mib = 1 << 20;
  ArenaSet arenas;
  CHECK_FALSE(arenas.holds(0));
  arenas.assign({{8 * mib, 9 * mib}, {4 * mib + page, 5 * mib + page}, {8 * mib + page, 10 * mib}});
  CHECK(arenas.ranges() == std::vector<Range>{{4 * mib + page, 5 * mib + page}, {8 * mib, 9 * mib}});
  CHECK_FALSE(arenas.holds(4 * mib + page - 1));
  CHECK(arenas.holds(4 * mib + page));
  CHECK(arenas.holds(5 * mib + page - 1));
  CHECK_FALSE(arenas.holds(5 * mib + page));
  CHECK_FALSE(arenas.holds(9 * mib));
  CHECK_FALSE(arenas.holds(~std::uint64_t{0}));
  // So far apart that there is no bit for each.
  arenas.assign({{mib, 2 * mib}, {std::uint64_t{1} << 62, (std::uint64_t{1} << 62) + mib}});
  CHECK(arenas.holds(mib + 5));
  CHECK(arenas.holds((std::uint64_t{1} << 62) + 5));
  CHECK_FALSE(arenas.holds(3 * mib));
  arenas.assign({});
  CHECK_FALSE(arenas.holds(mib + 5));
}

TEST_CASE("arenas: small ones, one behind the other and with gaps smaller than they are") {
  constexpr std::uint64_t first = (1 << 20) + page, arena = 256 << 10;
  ArenaSet arenas;
  arenas.assign({{first, first + arena},
                 {first + arena, first + 2 * arena},
                 {first + 2 * arena + page, first + 3 * arena + page},
                 {first + 5 * arena, first + 6 * arena}});
  for (std::uint64_t at = first - 2 * arena; at < first + 8 * arena; at += page / 2) {
    const bool is_in_one = std::ranges::any_of(arenas.ranges(), [&](const Range& range) { return range.holds(at); });
    CHECK(arenas.holds(at) == is_in_one);
  }
}
