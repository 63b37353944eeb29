// What `--type` shows: which types it means, histogram, places of the collector, samples.
#include "fake_census.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;
using model::GcPlace;

namespace {

constexpr std::array minors{9U, 11U, 12U, 13U, 14U};

std::uint64_t places_of(const model::CensusFocus& focus, GcPlace place) {
  return focus.places[static_cast<std::size_t>(place)];
}
std::uint64_t list_at(const CensusHeap& made, std::uint64_t i) {
  return CensusHeap::block(made.heap.pool_at(0), 3, i) + places::gc_head;
}

/// One object each of classes "Order" of two modules, a nested one, and "Orders".
struct Orders : CensusHeap {
  Orders() : CensusHeap({.minor = 12}) {
    const auto pool = add_pool(3, 4);
    std::uint64_t i = 0;
    for (const auto* name : {"shop.models.Order", "old.Order", "Order", "shop.Orders"}) {
      types.push_back(heap.python.type({.name = name, .flags = instance_flags, .basic_size = 48, .base = object_type}));
      heap.python.object(block(pool, 3, i++) + places::gc_head, types.back());
    }
    // The bare one is Outer.Order: what is in its ht_qualname.
    const std::uint64_t qualname = keys + 0x100;
    heap.python.text_object(qualname, 11);
    heap.space.put_text(qualname + layout.unicode.ascii_data, "Outer.Order");
    heap.space.put_word(types[2] + layout.type.cached_keys.offset() - 8, qualname);
  }
  std::vector<std::string> names(const std::string& focus) {
    std::vector<std::string> found;
    for (const auto& one : read(focus).focuses) found.push_back(one.type);
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<std::uint64_t> types;
};

}  // namespace

TEST_CASE("focus: a name is every module's, a whole name that one") {
  Orders made;
  using Names = std::vector<std::string>;
  CHECK(made.names("Order") == Names{"Outer.Order", "old.Order", "shop.models.Order"});
  CHECK(made.names("shop.models.Order") == Names{"shop.models.Order"});
  CHECK(made.names("Outer.Order") == Names{"Outer.Order"});
  CHECK(made.names("Orders") == Names{"shop.Orders"});
  CHECK(made.names("list") == Names{"builtins.list"});
  CHECK(made.names("order").empty());
  CHECK(made.names("models.Order").empty());
  CHECK(made.names("rder").empty());
  CHECK(made.names("float").empty());  // a type that has no objects
}

TEST_CASE("focus: objects by where the collector has them; what is in no list is untracked") {
  for (const auto minor : minors) {
    CAPTURE(minor);
    CensusHeap made({.minor = minor});
    made.link_list(made.generation(0), {list_at(made, 3), list_at(made, 4)});
    made.link_list(made.generation(1), {list_at(made, 6)});
    made.link_list(made.generation(2), {list_at(made, 8), list_at(made, 9), list_at(made, 10)});
    made.link_list(made.frozen(), {list_at(made, 11)});
    const auto census = made.read("list");
    REQUIRE(census.focuses.size() == 1);
    const auto& focus = census.focuses[0];
    CHECK(places_of(focus, GcPlace::generation0) == 2);
    CHECK(places_of(focus, GcPlace::generation1) == 1);
    CHECK(places_of(focus, GcPlace::generation2) == 3);
    CHECK(places_of(focus, GcPlace::frozen) == 1);
    CHECK(places_of(focus, GcPlace::untracked) == 10);
    CHECK(places_of(focus, GcPlace::unknown) == 0);
    CHECK(census.notes.empty());
    for (const auto& sample : focus.samples) {
      if (sample.address.value == list_at(made, 6)) CHECK(sample.place == GcPlace::generation1);
    }
  }
}

TEST_CASE("focus: when the lists cannot be followed the rest is unknown, not untracked") {
  CensusHeap made;
  made.link_list(made.generation(0), {list_at(made, 3), list_at(made, 4)});
  made.heap.space.put_word(list_at(made, 4) - 8, 0);  // does not lead back
  auto census = made.read("list");
  REQUIRE(census.focuses.size() == 1);
  CHECK(places_of(census.focuses[0], GcPlace::generation0) == 1);
  CHECK(places_of(census.focuses[0], GcPlace::unknown) == 16);
  REQUIRE(census.notes.size() == 1);
  CHECK(census.notes[0].find("could not be followed to their ends") != std::string::npos);

  made.heap.python.put(FakePython::runtime, made.layout.runtime.interpreters_main, base::Address{0});
  census = made.read("list");
  CHECK(places_of(census.focuses[0], GcPlace::unknown) == 17);
  REQUIRE(census.notes.size() == 1);
  CHECK(census.notes[0].starts_with("The collector's lists could not be read: "));
}

TEST_CASE("focus: what the collector never has is untracked, without its lists being read") {
  CensusHeap made;
  made.heap.python.put(FakePython::runtime, made.layout.runtime.interpreters_main, base::Address{0});
  const auto census = made.read("str");
  REQUIRE(census.focuses.size() == 1);
  CHECK(places_of(census.focuses[0], GcPlace::untracked) == 11);
  CHECK(census.focuses[0].samples.at(0).place == GcPlace::untracked);
  CHECK(census.notes.empty());
}

TEST_CASE("focus: the histogram, and samples with what they are") {
  CensusHeap made({.minor = 12});
  const std::uint64_t first = CensusHeap::block(made.heap.pool_at(1), 7, 0);
  made.heap.space.put(first, UINT32_MAX);
  made.heap.space.put_text(first + made.layout.unicode.ascii_data, std::string(60, 'x'));
  made.samples = 100;
  const auto focus = made.read("builtins.str").focuses.at(0);
  CHECK(focus.type == "builtins.str");
  CHECK(focus.address.value == made.heap.python.str_type);
  const model::Bytes small = made.layout.unicode.ascii_data + 61, large = made.layout.unicode.ascii_data + 0x7b1;
  CHECK(focus.sizes == std::vector<model::SizeBucket>{{.from = 64, .count = 10, .bytes = 10 * small},
                                                      {.from = 1024, .count = 1, .bytes = large}});
  REQUIRE(focus.samples.size() == 11);
  CHECK(std::is_sorted(focus.samples.begin(), focus.samples.end(),
                       [](const auto& left, const auto& right) { return left.address < right.address; }));
  const auto sample = std::ranges::find(focus.samples, first, [](const auto& one) { return one.address.value; });
  REQUIRE(sample != focus.samples.end());
  CHECK(sample->is_immortal);
  CHECK(sample->bytes == small);
  CHECK(sample->held_bytes == 128);
  CHECK(sample->value.find("xxxx") != std::string::npos);
  CHECK(sample->value.size() <= 72 + 2);  // an ellipsis has three bytes
  CHECK(std::ranges::count(focus.samples, 1, &model::ObjectSample::refcount) == 10);

  made.samples = 3;
  CHECK(made.read("str").focuses.at(0).samples.size() == 3);
  made.samples = 0;
  CHECK(made.read("str").focuses.at(0).samples.empty());
}
