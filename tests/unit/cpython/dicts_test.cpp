#include "tidemark/cpython/dicts.hpp"

#include "fake_interpreter.hpp"
#include "fake_objects.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made objects
using tidemark::base::ErrorCode;

namespace {

constexpr std::size_t cap = 1000;

std::vector<FakeItem> made_items(FakeObjects& fake, std::size_t count) {
  std::vector<FakeItem> items;
  for (std::size_t i = 0; i < count; ++i) {
    items.push_back({.key = fake.text("key_" + std::to_string(i)), .value = fake.integer(i)});
  }
  return items;
}

std::vector<std::pair<Address, Address>> pairs_of(const std::vector<DictItem>& items) {
  std::vector<std::pair<Address, Address>> pairs;
  for (const DictItem& item : items) pairs.emplace_back(item.key, item.value);
  return pairs;
}

void check_items(FakeObjects& fake, Address dict, const std::vector<FakeItem>& expected) {
  const auto contents = read_dict(fake.image(), fake.layout(), dict, cap);
  REQUIRE(contents);
  std::vector<std::pair<Address, Address>> wanted;
  for (const FakeItem& item : expected) {
    if (!item.value.is_null()) wanted.emplace_back(item.key, item.value);
  }
  CHECK(pairs_of(contents->items) == wanted);
  for (const DictItem& item : contents->items) {
    CHECK(fake.image().read_value<Address>(item.key_slot).value() == item.key);
    CHECK(fake.image().read_value<Address>(item.value_slot).value() == item.value);
  }
}

void check_error(FakeObjects& fake, Address dict, ErrorCode code) {
  const auto contents = read_dict(fake.image(), fake.layout(), dict, cap);
  REQUIRE_FALSE(contents);
  CHECK(contents.error().code == code);
}

Address keys_of(FakeObjects& fake, Address dict) {
  return fake.image().read_value<Address>(dict.plus(fake.layout().dict.keys.offset())).value();
}

}  // namespace

TEST_CASE("dicts of every kind and size are read in their order") {
  for_each_layout([](const Layout& layout) {
    for (const std::size_t count : {0U, 1U, 5U, 31U, 200U, 700U}) {
      FakeObjects fake(layout);
      auto items = made_items(fake, count);
      check_items(fake, fake.dict(items), items);
      check_items(fake, fake.dict(items, false), items);
      check_items(fake, fake.dict(items, true, true), items);
      for (std::size_t i = 0; i < items.size(); i += 3) items[i].value = {};
      check_items(fake, fake.dict(items), items);
      check_items(fake, fake.dict(items, false), items);
      check_items(fake, fake.dict(items, true, true), items);
    }
  });
}

TEST_CASE("the item of a name is found among any number of keys") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    const auto items = made_items(fake, 700);
    const auto contents = read_dict(fake.image(), layout, fake.dict(items), cap);
    REQUIRE(contents);
    for (const std::size_t i : {0U, 255U, 256U, 699U}) {
      const auto found = find_item(fake.image(), layout, contents->items, "key_" + std::to_string(i));
      REQUIRE(found);
      REQUIRE(found->has_value());
      CHECK((*found)->value == items[i].value);
    }
    for (const std::string& name : std::vector<std::string>{"key_700", "key_", "KEY_1", "", std::string(999, 'k')}) {
      const auto found = find_item(fake.image(), layout, contents->items, name);
      REQUIRE(found);
      CHECK_FALSE(found->has_value());
    }
  });
}

TEST_CASE("a key that cannot be read may be the one that is looked for") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    auto items = made_items(fake, 3);
    items[0].key = Address{0x7000'0000};
    const auto contents = read_dict(fake.image(), layout, fake.dict(items), cap);
    REQUIRE(contents);
    CHECK(find_item(fake.image(), layout, contents->items, "key_2").value().has_value());
    const auto unknown = find_item(fake.image(), layout, contents->items, "other");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == ErrorCode::fault);
  });
}

TEST_CASE("tables of keys that make no sense are refused before anything is allocated") {
  for_each_layout([](const Layout& layout) {
    const auto& field = layout.dict_keys;
    FakeObjects fake(layout);
    const Address dict = fake.dict(made_items(fake, 5));
    const Address keys = keys_of(fake, dict);
    for (const std::int64_t count : {std::int64_t{-1}, std::int64_t{6}, INT64_MAX, INT64_MIN}) {
      fake.put(keys, field.entries_used, count);
      check_error(fake, dict, ErrorCode::malformed);
    }
    fake.put(keys, field.entries_used, 5);
    for (const std::int64_t slots : {std::int64_t{0}, std::int64_t{-8}, std::int64_t{9}, INT64_MAX, INT64_MIN}) {
      if (!field.size.is_present()) break;
      fake.put(keys, field.size, slots);
      check_error(fake, dict, ErrorCode::malformed);
    }
    if (!field.log2_size.is_present()) return;
    for (const int log2 : {41, 64, 255}) {
      fake.put(keys, field.log2_size, static_cast<std::uint8_t>(log2));
      check_error(fake, dict, ErrorCode::malformed);
    }
    fake.put(keys, field.log2_size, 3);
    fake.put(keys, field.log2_index_bytes, 63);
    check_error(fake, dict, ErrorCode::malformed);
    fake.put(keys, field.log2_index_bytes, 3);
    fake.put(keys, field.kind, 3);
    check_error(fake, dict, ErrorCode::malformed);
  });
}

TEST_CASE("more entries than the cap are a limit, also where they would be in memory") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    const Address dict = fake.dict({});
    const Address keys = keys_of(fake, dict);
    fake.put(keys, layout.dict_keys.size, std::int64_t{1} << 40);
    fake.put(keys, layout.dict_keys.log2_size, 40);
    fake.put(keys, layout.dict_keys.log2_index_bytes, 43);
    fake.put(keys, layout.dict_keys.entries_used, std::int64_t{1} << 39);
    check_error(fake, dict, ErrorCode::limit);
    const auto uncapped = read_dict(fake.image(), layout, dict, SIZE_MAX);
    REQUIRE_FALSE(uncapped);
    CHECK(uncapped.error().code == ErrorCode::limit);
  });
}

TEST_CASE("entries that are cut off are a fault, what is no pointer is torn") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    const Address dict = fake.dict(made_items(fake, 5));
    const Address split = fake.dict(made_items(fake, 5), true, true);
    fake.put(split, layout.dict.values, Address{FakeObjects::start + FakeObjects::size_bytes - 16});
    check_error(fake, split, ErrorCode::fault);
    fake.put(split, layout.dict.values, Address{3});
    check_error(fake, split, ErrorCode::torn);
    fake.put(dict, layout.dict.keys, Address{FakeObjects::start + FakeObjects::size_bytes - 16});
    check_error(fake, dict, ErrorCode::fault);
    for (const Address wrong : {Address{}, Address{5}, Address{~0ULL}}) {
      fake.put(dict, layout.dict.keys, wrong);
      check_error(fake, dict, ErrorCode::torn);
      check_error(fake, wrong, ErrorCode::torn);
    }
  });
}

TEST_CASE("a dict that moves while it is read is torn") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    const auto items = made_items(fake, 5);
    const Address dict = fake.dict(items);
    const Address keys = keys_of(fake, dict);
    const Address other = fake.keys(items, true, true);
    const auto torn_by = [&](const std::function<void()>& move) {
      int reads = 0;
      const WatchedMemory memory(fake.image(), [&](Address) {
        if (++reads == 4) move();  // the entries have been copied
        return tidemark::base::Result<void>{};
      });
      const auto contents = read_dict(memory, layout, dict, cap);
      REQUIRE_FALSE(contents);
      CHECK(contents.error().code == ErrorCode::torn);
    };
    torn_by([&] { fake.put(keys, layout.dict_keys.entries_used, 4); });
    fake.put(keys, layout.dict_keys.entries_used, 5);
    torn_by([&] { fake.put(dict, layout.dict.keys, other); });
    fake.put(dict, layout.dict.keys, keys);
    torn_by([&] { fake.put(dict, layout.dict.used, 6); });
    // An item that was taken away before its head says so.
    check_error(fake, dict, ErrorCode::torn);
    fake.put(dict, layout.dict.used, 5);
    check_items(fake, dict, items);
  });
}
