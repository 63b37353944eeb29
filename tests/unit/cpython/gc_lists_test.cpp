#include "tidemark/cpython/gc_lists.hpp"

#include <map>

#include "fake_interpreter.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreter
using tidemark::base::ErrorCode;

namespace {

constexpr std::uint64_t nodes_start = 0x30000000;
constexpr std::uint64_t node_bytes = 64;

void for_each_layout_with_lists(const std::function<void(const Layout&)>& body) {
  for_each_layout([&](const Layout& layout) {
    if (!layout.free_threaded) body(layout);
  });
}

/// An interpreter whose collector has lists.
class Lists {
 public:
  explicit Lists(const Layout& layout) : layout_(layout), fake_(layout) {
    REQUIRE(fake_.image().add({.start = {nodes_start}, .bytes = std::vector<std::byte>(1 << 18)}));
    fake_.put(FakeInterpreter::runtime, layout.runtime.interpreters_head, FakeInterpreter::interpreter);
    for (std::size_t i = 0; i < gc_list_count; ++i) set(static_cast<GcList>(i), {});
  }

  /// New nodes, linked in a ring with the head of the list.
  std::vector<Address> fill(GcList list, std::size_t count) {
    std::vector<Address> nodes;
    for (std::size_t i = 0; i < count; ++i) {
      nodes.push_back(next_);
      next_ = next_.plus(node_bytes);
    }
    set(list, nodes);
    return nodes;
  }
  void set(GcList list, const std::vector<Address>& nodes) {
    Address before = head(list);
    for (const Address node : nodes) {
      link(before, node);
      before = node;
    }
    link(before, head(list));
  }
  void link(Address before, Address after) {
    put(before, after.value);
    put(after.plus(8), before.value | (after == head(GcList::generation0) ? 0 : 1));  // finalized
  }
  void put(Address at, std::uint64_t value) {
    REQUIRE(fake_.image().overwrite(at, std::as_bytes(std::span<const std::uint64_t, 1>(&value, 1))));
  }
  [[nodiscard]] Address head(GcList list) const {
    if (list == GcList::frozen) return fake_.collector().plus(layout_.gc.permanent_generation);
    return fake_.first_generation().plus(static_cast<std::uint64_t>(list) * layout_.generation.size_bytes);
  }
  GcLists read(const GcListLimits& limits = {}) {
    seen.clear();
    const auto lists = read_gc_lists(fake_.image(), layout_, place(), limits,
                                     [&](Address object, GcList list) { seen[list].push_back(object.minus(16)); });
    REQUIRE(lists);
    return *lists;
  }
  [[nodiscard]] static RuntimePlace place() {
    return {.runtime = FakeInterpreter::runtime, .code_type = FakeInterpreter::code_type};
  }
  [[nodiscard]] FakeInterpreter& fake() { return fake_; }

  std::map<GcList, std::vector<Address>> seen;

 private:
  const Layout& layout_;
  FakeInterpreter fake_;
  Address next_{nodes_start};
};

}  // namespace

TEST_CASE("the objects of each generation are seen, flags of links left out") {
  for_each_layout_with_lists([](const Layout& layout) {
    Lists lists(layout);
    const auto youngest = lists.fill(GcList::generation0, 3), oldest = lists.fill(GcList::generation2, 500);
    const auto frozen = lists.fill(GcList::frozen, 2);
    const auto found = lists.read();
    CHECK(found.is_whole());
    CHECK(found.counts == std::array<std::uint64_t, gc_list_count>{3, 0, 500, 2});
    CHECK(lists.seen[GcList::generation0] == youngest);
    CHECK(lists.seen[GcList::generation2] == oldest);
    CHECK(lists.seen[GcList::frozen] == frozen);
  });
}

TEST_CASE("a list with a link that does not fit ends there, and the others are seen") {
  for_each_layout_with_lists([](const Layout& layout) {
    Lists lists(layout);
    const auto youngest = lists.fill(GcList::generation0, 10);
    static_cast<void>(lists.fill(GcList::generation1, 4));
    for (const std::uint64_t wrong : {std::uint64_t{0}, std::uint64_t{0xdead'beef'dead'beef}, nodes_start,
                                      std::uint64_t{0x7000'0000'0000}, youngest[3].value}) {
      lists.put(youngest[5], wrong);  // its _gc_next
      const auto found = lists.read();
      CHECK_FALSE(found.is_whole());
      CHECK(found.is_torn == std::array{true, false, false, false});
      CHECK(found.counts == std::array<std::uint64_t, gc_list_count>{6, 4, 0, 0});
    }
  });
}

TEST_CASE("a list that a collection has taken apart has counts in the place of links") {
  for_each_layout_with_lists([](const Layout& layout) {
    Lists lists(layout);
    const auto nodes = lists.fill(GcList::generation0, 10);
    lists.put(nodes[4].plus(8), 3 << 2 | 2);  // gc_refs, and collecting
    const auto found = lists.read();
    CHECK(found.is_torn[0]);
    CHECK(found.counts[0] == 4);
  });
}

TEST_CASE("nodes and time are limited") {
  for_each_layout_with_lists([](const Layout& layout) {
    Lists lists(layout);
    static_cast<void>(lists.fill(GcList::generation0, 10));
    const auto few = lists.read({.nodes = 7});
    CHECK(few.is_over_limit);
    CHECK(few.counts[0] == 7);
    const auto late = lists.read({.is_out_of_time = [] { return true; }});
    CHECK(late.is_out_of_time);
    CHECK(late.counts[0] == 0);
    CHECK(lists.read({.nodes = 10}).is_whole());
  });
}

TEST_CASE("free-threaded builds are told to have no lists") {
  for_each_layout([](const Layout& layout) {
    if (!layout.free_threaded) return;
    FakeInterpreter fake(layout);
    const auto found = read_gc_lists(fake.image(), layout, Lists::place(), {}, [](Address, GcList) {});
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::unsupported);
  });
}
