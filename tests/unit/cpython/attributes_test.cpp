#include "tidemark/cpython/attributes.hpp"

#include "fake_interpreter.hpp"
#include "fake_objects.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made objects
using tidemark::base::ErrorCode;

namespace {

constexpr std::size_t cap = 1000;
constexpr Keeps all_ways[] = {Keeps::dict_at_offset, Keeps::dict_at_end, Keeps::managed_dict, Keeps::values};

/// Runs the body for each way that each layout knows.
void for_each_way(const std::function<void(FakeObjects&, Keeps)>& body) {
  for_each_layout([&](const Layout& layout) {
    for (const Keeps keeps : all_ways) {
      FakeObjects fake(layout);
      CAPTURE(static_cast<int>(keeps));
      if (fake.knows(keeps)) body(fake, keeps);
    }
  });
}

std::vector<FakeItem> made_attributes(FakeObjects& fake) {
  return {{.key = fake.text("first"), .value = fake.integer(1)},
          {.key = fake.text("deleted"), .value = {}},
          {.key = fake.text("third"), .value = fake.integer(3)}};
}

tidemark::base::Result<Attributes> read(FakeObjects& fake, Address object) {
  const auto type = fake.image().read_value<Address>(object.plus(fake.layout().object.type.offset()));
  REQUIRE(type);
  const auto shape = read_type_shape(fake.image(), fake.layout(), *type);
  REQUIRE(shape);
  return read_attributes(fake.image(), fake.layout(), object, *shape, cap);
}

void check_read(FakeObjects& fake, Address object, const std::vector<FakeItem>& expected) {
  const auto found = read(fake, object);
  REQUIRE(found);
  std::size_t at = 0;
  for (const FakeItem& item : expected) {
    if (item.value.is_null()) continue;
    REQUIRE(at < found->items.size());
    CHECK(found->items[at].key == item.key);
    CHECK(found->items[at].value == item.value);
    CHECK(fake.image().read_value<Address>(found->items[at].value_slot).value() == item.value);
    ++at;
  }
  CHECK(at == found->items.size());
  for (const Word& word : found->words) CHECK(fake.image().read_value<std::uint64_t>(word.at).value() == word.value);
}

}  // namespace

TEST_CASE("attributes are found wherever an object keeps them") {
  for_each_way([](FakeObjects& fake, Keeps keeps) {
    const auto attributes = made_attributes(fake);
    check_read(fake, fake.instance(keeps, attributes), attributes);
    check_read(fake, fake.instance(keeps, {}), {});
  });
}

TEST_CASE("values that no longer hold are not read: the dict is") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    if (!layout.attributes.values_are_inline) return;
    const Address object = fake.instance(Keeps::values, made_attributes(fake));
    fake.put(object.plus(FakeObjects::instance_bytes), layout.attributes.values_valid, 0);
    check_read(fake, object, {});
    const std::vector<FakeItem> others{{.key = fake.text("other"), .value = fake.integer(4)}};
    fake.put_at(object.plus(static_cast<std::uint64_t>(std::int64_t{layout.attributes.dict})), fake.dict(others));
    check_read(fake, object, others);
  });
}

TEST_CASE("objects without attributes have none") {
  for_each_way([](FakeObjects& fake, Keeps keeps) {
    TypeShape shape = fake.shape(keeps);
    shape.flags &= ~type_flags::inline_values;
    check_read(fake, fake.object(fake.type(shape), 512), {});
    check_read(fake, fake.object(fake.type({.flags = type_flags::heap_type, .basic_size = 16}), 16), {});
  });
}

TEST_CASE("sizes and offsets that make no sense are errors") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    const auto error_of = [&](TypeShape shape, std::int64_t size) {
      const Address object = fake.object(fake.type(shape), 512);
      fake.put(object, layout.object.size, size);
      const auto found = read(fake, object);
      REQUIRE_FALSE(found);
      return found.error().code;
    };
    TypeShape shape = fake.shape(Keeps::dict_at_end);
    for (const std::int64_t size : {INT64_MAX, INT64_MIN, std::int64_t{1} << 40}) {
      CHECK(error_of(shape, size) == ErrorCode::malformed);
    }
    CHECK(error_of(shape, std::int64_t{1} << 30) == ErrorCode::fault);
    shape.item_size = -4;
    CHECK(error_of(shape, 5) == ErrorCode::malformed);
    shape.item_size = 4;
    shape.basic_size = INT64_MIN;
    CHECK(error_of(shape, 5) == ErrorCode::malformed);
    shape.basic_size = 64;
    for (const std::int64_t offset : {INT64_MIN, INT64_MAX, std::int64_t{1} << 40}) {
      shape.dict_offset = offset;
      CHECK(error_of(shape, 5) == ErrorCode::fault);
    }
  });
}

TEST_CASE("values without keys to name them are torn") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    if (!fake.knows(Keeps::values)) return;
    const Address object = fake.instance(Keeps::values, made_attributes(fake));
    const auto type = fake.image().read_value<Address>(object.plus(layout.object.type.offset()));
    REQUIRE(type);
    fake.put(*type, layout.type.cached_keys, {});
    const auto found = read(fake, object);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::torn);
  });
}

TEST_CASE("attributes that move while they are read are torn") {
  for_each_way([](FakeObjects& fake, Keeps keeps) {
    const auto attributes = made_attributes(fake);
    const Address object = fake.instance(keeps, attributes);
    const auto before = read(fake, object);
    REQUIRE(before);
    const Word moved = before->words.front();
    const Address type = fake.image().read_value<Address>(object.plus(fake.layout().object.type.offset())).value();
    const auto shape = read_type_shape(fake.image(), fake.layout(), type);
    REQUIRE(shape);
    int reads = 0;
    const WatchedMemory memory(fake.image(), [&](Address at) {
      if (at == moved.at && ++reads == 2) fake.put_at(moved.at, moved.value + 0x1000);
      return tidemark::base::Result<void>{};
    });
    const auto found = read_attributes(memory, fake.layout(), object, *shape, cap);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::torn);
  });
}
