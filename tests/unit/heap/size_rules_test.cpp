#include "detail/size_rules.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include "fake_python.hpp"

using namespace tidemark::heap;        // the room under test
using namespace tidemark::heap::test;  // its hand-made memory

namespace {

constexpr std::uint64_t at = 0x10000000, other = at + 0x1000;

/// One object, and memory beside it.
class Sized {
 public:
  explicit Sized(unsigned minor) : layout(layout_of(minor)) { space.map(at, 0x4000); }

  std::optional<std::uint64_t> size(SizeRule rule, std::int64_t basic, std::int64_t item = 0, std::int64_t owner = 0,
                                    std::size_t seen = 0) {
    std::vector<std::byte> bytes(seen);
    REQUIRE(space.read({at}, bytes));
    return size_by_rule(rule,
                        {.layout = layout,
                         .address = at,
                         .seen = bytes,
                         .basic_size = basic,
                         .item_size = item,
                         .owner_basic_size = owner,
                         .type_name = type_name},
                        space);
  }
  void words(std::uint64_t place, std::initializer_list<std::uint64_t> values) {
    for (const auto value : values) space.put_word(place, value), place += 8;
  }
  template <class T>
  void put(tidemark::cpython::Field<T> field, std::type_identity_t<T> value) {
    if (field.is_present()) space.put(at + field.offset(), value);
  }

  const tidemark::cpython::Layout& layout;
  FakeSpace space;
  std::string_view type_name = "";
};

constexpr std::array minors{8U, 9U, 10U, 11U, 12U, 13U, 14U, 15U};

}  // namespace

TEST_CASE("rules are found by the name of the class that has the __sizeof__") {
  CHECK(find_size_rule("object") == SizeRule::object);
  CHECK(find_size_rule("frozenset") == SizeRule::set);
  CHECK(find_size_rule("collections.OrderedDict") == SizeRule::ordered_dict);
  CHECK_FALSE(find_size_rule("").has_value());
  CHECK_FALSE(find_size_rule("OrderedDict").has_value());
  CHECK_FALSE(find_size_rule("_pickle.Pickler").has_value());
}

TEST_CASE("objects with items count them, whether their bytes are at hand or not") {
  for (const auto minor : minors) {
    Sized made(minor);
    made.words(at, {1, 0, 7});
    for (const std::size_t seen : {std::size_t{0}, std::size_t{20}, most_sized_bytes}) {
      CHECK(made.size(SizeRule::object, 33, 1, 0, seen) == 40);
      CHECK(made.size(SizeRule::object, 48, 0, 0, seen) == 48);
      made.words(at + 32, {12});
      CHECK(made.size(SizeRule::list, 40, 0, 0, seen) == 40 + 12 * 8);
    }
    made.words(at, {1, 0, std::numeric_limits<std::uint64_t>::max()});
    CHECK_FALSE(made.size(SizeRule::object, 33, 1).has_value());
    made.words(at, {1, 0, std::uint64_t{1} << 62});
    CHECK_FALSE(made.size(SizeRule::object, 33, 8).has_value());
    CHECK_FALSE(made.size(SizeRule::object, -1, 8).has_value());
  }
}

TEST_CASE("an int counts its digits, and 0 one from 3.11 on") {
  for (const auto minor : minors) {
    Sized made(minor);
    const bool has_tag = made.layout.integer.tag.is_present();
    made.words(at, {1, 0, has_tag ? 3U << 3 | 2U : static_cast<std::uint64_t>(-3)});
    CHECK(made.size(SizeRule::integer, 24, 4) == 36);
    made.words(at, {1, 0, has_tag ? 1U : 0U});
    CHECK(made.size(SizeRule::integer, 24, 4) == (minor < 11 ? 24 : 28));
  }
}

TEST_CASE("a str counts its characters and the copies that it has of them") {
  for (const auto minor : minors) {
    Sized made(minor);
    const auto& where = made.layout.unicode;
    const auto set = [&](std::int64_t length, unsigned bits) {
      made.put(where.length, length);
      made.put(where.state, bits << where.kind_bit);
    };
    set(5, 1 | 8 | 16 | 32);  // compact, ascii, ready
    CHECK(made.size(SizeRule::str, 80) == where.ascii_data + 6);
    set(5, 2 | 8 | 32);
    CHECK(made.size(SizeRule::str, 80) == where.compact_data + 12);
    made.words(at + where.ascii_data, {15, other});  // its UTF-8
    CHECK(made.size(SizeRule::str, 80) == where.compact_data + 12 + 16);
    made.words(at + where.ascii_data, {0, 0});
    set(5, 4 | 32);
    made.words(at + where.compact_data, {other});
    CHECK(made.size(SizeRule::str, 80) == where.compact_data + 8 + 24);
    set(-1, 1 | 8 | 16);
    CHECK_FALSE(made.size(SizeRule::str, 80).has_value());
  }
}

TEST_CASE("a dict counts the keys that only it has, and the values of shared ones") {
  for (const auto minor : minors) {
    Sized made(minor);
    const auto& keys = made.layout.dict_keys;
    made.put(made.layout.dict.keys, {other});
    made.words(other, {1});
    const auto put = [&](auto field, auto value) {
      if (field.is_present()) made.space.put(other + field.offset(), value);
    };
    put(keys.size, std::int64_t{16});
    put(keys.log2_size, std::uint8_t{4});
    put(keys.log2_index_bytes, std::uint8_t{4});
    put(keys.kind, std::uint8_t{1});
    put(keys.entries_used, std::int64_t{7});
    made.space.put(other + keys.entries_used.offset() - 8, std::int64_t{3});
    const std::uint64_t table = keys.indices + 16 + 10 * (minor < 11 ? 24U : 16U);
    CHECK(made.size(SizeRule::dict, 48) == 48 + table);
    CHECK(size_of_keys(made.layout, other, made.space) == table);
    made.words(other, {2});
    CHECK(made.size(SizeRule::dict, 48) == 48);
    made.put(made.layout.dict.values, {at + 0x2000});
    CHECK(made.size(SizeRule::dict, 48) == 48 + 10 * 8);
    put(keys.size, std::int64_t{15});
    put(keys.log2_size, std::uint8_t{60});
    CHECK_FALSE(made.size(SizeRule::dict, 48).has_value());
    made.put(made.layout.dict.keys, {0xdead0000});
    CHECK_FALSE(made.size(SizeRule::dict, 48).has_value());
  }
}

TEST_CASE("a set counts its table, unless it is the one inside") {
  Sized made(13);
  made.words(at, {1, 0, 5, 5, 31, other});
  CHECK(made.size(SizeRule::set, 200) == 200 + 32 * 16);
  made.words(at, {1, 0, 5, 5, 7, at + 64});
  CHECK(made.size(SizeRule::set, 200) == 200);
  made.words(at, {1, 0, 5, 5, std::uint64_t{1} << 63, other});
  CHECK_FALSE(made.size(SizeRule::set, 200).has_value());
}

TEST_CASE("a bytearray of 3.15 has a bytes object, with a head") {
  Sized made(15);
  made.words(at, {1, 0, 1000, 1000});
  CHECK(made.size(SizeRule::bytearray, 64, 0, 64) == 1097);
  CHECK(made.size(SizeRule::bytearray, 56, 0, 56) == 1056);
  made.words(at, {1, 0, 0, 0});
  CHECK(made.size(SizeRule::bytearray, 64, 0, 64) == 64);
}

TEST_CASE("objects of the library count what they have outside") {
  Sized made(13);
  made.words(at, {1, 0, 500, 0, 0, 1});
  CHECK(made.size(SizeRule::deque, 216) == 4440);
  made.words(at, {1, 0, 100, 0, 102, other});
  made.words(other, {std::uint64_t{4} << 32 | 'i'});
  CHECK(made.size(SizeRule::array, 64) == 472);
  made.words(at, {1, 0, other});
  made.words(other, {1, 0, 5000});
  CHECK(made.size(SizeRule::bytes_io, 64) == 64 + 33 + 5000);
  made.words(other, {2, 0, 5000});
  CHECK(made.size(SizeRule::bytes_io, 64) == 64);
  made.words(at, {1, 0, 0, 0, other});
  made.words(other, {9, 0, 0, 0, 9, 0, 0, 0, 0});
  CHECK(made.size(SizeRule::struct_format, 56) == 56 + 3 * 32);
  made.words(at, {1, 0, 0, 0x80, 0, 0, 0, 16});
  CHECK(made.size(SizeRule::decimal, 104) == 104);
  made.words(at, {1, 0, 0, 0, 0, 0, 0, 16});
  CHECK(made.size(SizeRule::decimal, 104) == 232);
}

TEST_CASE("an array of NumPy counts its data when it owns them, by the item that NumPy 1 or 2 states") {
  Sized made(13);
  made.words(at, {1, 0, other, 2, at + 0x2000, 0, 0, other, 4});
  made.words(at + 0x2000, {3, 4});
  made.words(other, {1, 0, 0, 0, std::uint64_t{8} << 32 | 8U});
  CHECK(made.size(SizeRule::ndarray, 96) == 224);
  made.words(other, {1, 0, 0, 0, 0, 16, 16});
  CHECK(made.size(SizeRule::ndarray, 96) == 96 + 32 + 192);
  made.words(at, {1, 0, other, 2, at + 0x2000, 0, 0, other, 0});
  CHECK(made.size(SizeRule::ndarray, 96) == 128);
  made.words(at, {1, 0, other, 200});
  CHECK_FALSE(made.size(SizeRule::ndarray, 96).has_value());
  made.type_name = "numpy.float64";
  CHECK(made.size(SizeRule::numpy_scalar, 24) == 32);
  made.type_name = "numpy.void";
  CHECK_FALSE(made.size(SizeRule::numpy_scalar, 64).has_value());
}

TEST_CASE("no rule is of a free-threaded build") {
  const auto* const layout = tidemark::cpython::find_layout(3, 14, true);
  REQUIRE(layout != nullptr);
  FakeSpace space;
  CHECK_FALSE(size_by_rule(SizeRule::object, {.layout = *layout, .address = at, .seen = {}, .basic_size = 16}, space));
}
