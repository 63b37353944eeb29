#include "tidemark/cpython/sizeof.hpp"

#include "fake_interpreter.hpp"
#include "fake_objects.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made objects
using tidemark::base::ErrorCode;

namespace {

/// Classes with methods, dicts and an order of resolution.
class Classes {
 public:
  explicit Classes(const Layout& layout) : fake(layout) { object = make("object", 0, {"__repr__", "__sizeof__"}); }

  Address make(std::string_view name, std::uint64_t flags, const std::vector<std::string_view>& methods) {
    const auto& where = fake.layout().type;
    const Address type = fake.type({.flags = flags, .basic_size = 16}),
                  array = fake.allocate(32 * (methods.size() + 1));
    fake.put(type, where.name, text(name));
    for (std::size_t i = 0; i < methods.size(); ++i) fake.put_at(array.plus(32 * i), text(methods[i]));
    if (!methods.empty()) fake.put(type, where.methods, array);
    return type;
  }
  Address text(std::string_view characters) {
    const Address at = fake.allocate(characters.size() + 1);
    fake.put_text(at, characters);
    return at;
  }
  void derive(Address type, const std::vector<Address>& order) {
    const Address tuple = fake.allocate(64 + 8 * order.size());
    fake.put(tuple, fake.layout().object.size, static_cast<std::int64_t>(order.size()));
    for (std::size_t i = 0; i < order.size(); ++i) fake.put_at(tuple.plus(fake.layout().tuple.items + 8 * i), order[i]);
    fake.put(type, fake.layout().type.mro, tuple);
    if (order.size() > 1) fake.put(type, fake.layout().type.base, order[1]);
  }
  void define(Address type, const std::vector<std::string_view>& names) {
    std::vector<FakeItem> items;
    for (const auto name : names) items.push_back({.key = fake.text(name), .value = fake.integer(1)});
    fake.put(type, fake.layout().type.dict, fake.dict(items));
  }
  SizeofOwner find(Address type) {
    const auto owner = find_sizeof(fake.image(), fake.layout(), type);
    REQUIRE(owner);
    return *owner;
  }

  FakeObjects fake;
  Address object;
};

}  // namespace

TEST_CASE("a type made in C has what its methods name, or its base") {
  for_each_layout([](const Layout& layout) {
    Classes classes(layout);
    const Address list = classes.make("list", 0, {"append", "__sizeof", "__sizeof__x", "__sizeof__"});
    const Address floating = classes.make("float", 0, {"hex"}), bare = classes.make("bare", 0, {});
    for (const Address type : {list, floating, bare}) classes.derive(type, {type, classes.object});
    CHECK(classes.find(list) == SizeofOwner{.type = list, .name = "list"});
    CHECK(classes.find(floating) == SizeofOwner{.type = classes.object, .name = "object"});
    CHECK(classes.find(bare).type == classes.object);
    CHECK(classes.find(classes.object).type == classes.object);
  });
}

TEST_CASE("a class made in Python has what its dict has, and the order of resolution decides") {
  for_each_layout([](const Layout& layout) {
    Classes classes(layout);
    const Address list = classes.make("list", 0, {"__sizeof__"});
    const Address mixin = classes.make("Mixin", type_flags::heap_type, {});
    const Address items = classes.make("Items", type_flags::heap_type, {});
    classes.define(mixin, {"__module__", "__sizeof__"});
    classes.define(items, {"__module__"});
    classes.derive(items, {items, mixin, list, classes.object});
    CHECK(classes.find(items) == SizeofOwner{.type = mixin, .name = "Mixin", .is_python = true});
    classes.derive(items, {items, list, mixin, classes.object});
    CHECK(classes.find(items) == SizeofOwner{.type = list, .name = "list"});
  });
}

TEST_CASE("a class that several derive from is read once") {
  for_each_layout([](const Layout& layout) {
    Classes classes(layout);
    const Address base = classes.make("Base", type_flags::heap_type, {});
    const Address one = classes.make("One", type_flags::heap_type, {});
    const Address two = classes.make("Two", type_flags::heap_type, {});
    for (const Address type : {one, two}) classes.derive(type, {type, base, classes.object});
    SizeofFinder finder(classes.fake.image(), layout);
    CHECK(finder.find(one).value().type == classes.object);
    classes.define(base, {"__sizeof__"});
    CHECK(finder.find(two).value().type == classes.object);
    CHECK(classes.find(two).type == base);  // by another, which has not seen it
  });
}

TEST_CASE("without an order that can be read the bases are followed, and what is not read is said") {
  for_each_layout([](const Layout& layout) {
    Classes classes(layout);
    const Address list = classes.make("list", 0, {"__sizeof__"});
    const Address items = classes.make("Items", type_flags::heap_type, {});
    classes.define(items, {});
    classes.fake.put(items, layout.type.base, list);
    CHECK(classes.find(items).type == list);
    classes.fake.put(items, layout.type.mro, Address{0xdead0000});
    CHECK(classes.find(items).type == list);
    classes.derive(items, {items, Address{0xdead0000}, list});
    CHECK(classes.find(items) == SizeofOwner{.type = list, .name = "list", .has_unread_class = true});
    classes.fake.put(items, layout.type.dict, Address{0xdead0000});
    classes.derive(items, {items, list});
    CHECK(classes.find(items) == SizeofOwner{.type = list, .name = "list", .has_unread_class = true});
  });
}

TEST_CASE("bases in a ring and methods without an end are left") {
  for_each_layout([](const Layout& layout) {
    Classes classes(layout);
    const Address one = classes.make("one", 0, {}), two = classes.make("two", 0, {});
    classes.fake.put(one, layout.type.base, two);
    classes.fake.put(two, layout.type.base, one);
    const auto owner = find_sizeof(classes.fake.image(), layout, one);
    REQUIRE_FALSE(owner);
    CHECK(owner.error().code == ErrorCode::not_found);
    const Address endless = classes.make("endless", 0, std::vector<std::string_view>(max_type_methods + 1, "x"));
    classes.derive(endless, {endless, classes.object});
    CHECK(classes.find(endless) == SizeofOwner{.type = classes.object, .name = "object", .has_unread_class = true});
    CHECK_FALSE(find_sizeof(classes.fake.image(), layout, {}));
  });
}
