#include <limits>

#include "fake_interpreter.hpp"
#include "read/render_numbers.hpp"
#include "read/render_text.hpp"
#include "shown_objects.hpp"
#include "tidemark/base/text.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made objects

namespace {

constexpr std::uint64_t list_flag = 1U << 25, tuple_flag = 1U << 26, exception_flag = 1U << 30;

std::string quoted(std::u32string_view characters, std::size_t columns = 72) {
  RenderText text(columns);
  text.put_quoted(std::span(characters.data(), characters.size()), true);
  return std::move(text).take();
}

}  // namespace

TEST_CASE("floats and complex numbers are written as repr() writes them") {
  CHECK(float_text(0.0) == "0.0");
  CHECK(float_text(-0.0) == "-0.0");
  CHECK(float_text(1.5) == "1.5");
  CHECK(float_text(-100.0) == "-100.0");
  CHECK(float_text(0.0001) == "0.0001");
  CHECK(float_text(0.00001) == "1e-05");
  CHECK(float_text(9999999999999998.0) == "9999999999999998.0");
  CHECK(float_text(1e16) == "1e+16");
  CHECK(float_text(1.25e-300) == "1.25e-300");
  CHECK(float_text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(float_text(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(float_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(complex_text(0.0, 2) == "2j");
  CHECK(complex_text(-0.0, 2) == "(-0+2j)");
  CHECK(complex_text(1.5, -2) == "(1.5-2j)");
}

TEST_CASE("strings are quoted and escaped as repr() does it") {
  CHECK(quoted(U"plain") == "'plain'");
  CHECK(quoted(U"it's") == "\"it's\"");
  CHECK(quoted(U"'\"") == "'\\'\"'");
  CHECK(quoted(U"\n\t\r\\") == "'\\n\\t\\r\\\\'");
  CHECK(quoted(U"\x1b[31m\x7f\x9b") == "'\\x1b[31m\\x7f\\x9b'");
  CHECK(quoted(U"é€\U0001f600") == "'é€\U0001f600'");
  CHECK(quoted(U"\u202e\u2028\ufeff\ue000") == "'\\u202e\\u2028\\ufeff\\ue000'");
  CHECK(quoted(std::u32string{0xd800, 0x10ffff, 0x110000, 0xffffffff}) == "'\\ud800\\U0010ffff\\U00110000\\Uffffffff'");
}

TEST_CASE("a text is cut to its width, wide characters counted twice") {
  CHECK(quoted(U"12345678", 10) == "'12345678'");
  CHECK(quoted(U"123456789", 10) == "'12345678…");
  CHECK(quoted(U"中文中文中文", 10) == "'中文中文…");
  CHECK(quoted(U"abc", 1) == "…");
  CHECK(quoted(U"abc", 0).empty());
}

TEST_CASE("bytes of a name that are no UTF-8, or that a terminal would obey, are escaped") {
  RenderText text(72);
  text.put_name("a\xff\x1b[2J\xe2\x80\xae");
  CHECK(std::move(text).take() == "a\\xff\\x1b[2J\\u202e");
}

TEST_CASE("builtin values are shown as repr() shows them, in each layout") {
  for_each_layout([](const Layout& layout) {
    Shown made(layout);
    auto& fake = made.fake;
    const Address list_type = made.type("list", list_flag), tuple_type = made.type("tuple", tuple_flag);
    const Address one = fake.integer(1), minus = fake.integer(1234567890123, true), word = fake.text("two");
    CHECK(made.text(one) == "1");
    CHECK(made.text(minus) == "-1234567890123");
    CHECK(made.text(fake.integer(0)) == "0");
    CHECK(made.text(word) == "'two'");
    CHECK(made.text(made.list(list_type, {one, word})) == "[1, 'two']");
    CHECK(made.text(made.list(list_type, {})) == "[]");
    CHECK(made.text(made.tuple(tuple_type, {one})) == "(1,)");
    CHECK(made.text(made.tuple(tuple_type, {})) == "()");
    CHECK(made.text(fake.dict({{word, one}, {one, word}}, false)) == "{'two': 1, 1: 'two'}");
    CHECK(made.text(fake.dict({{word, one}}, true, true)) == "{'two': 1}");
    CHECK(made.text(fake.dict({})) == "{}");
    CHECK(made.text(made.list(list_type, std::vector<Address>(100, one)), {.items = 2}) == "[1, 1, … 98 more]");
    const Address deep = made.list(list_type, {made.list(list_type, {made.list(list_type, {one})})});
    CHECK(made.text(deep, {.depth = 2}) == "[[[…]]]");
    CHECK(made.text(deep, {.depth = 3}) == "[[[1]]]");
  });
}

TEST_CASE("what holds itself is shown once") {
  for_each_layout([](const Layout& layout) {
    Shown made(layout);
    const Address type = made.type("list", list_flag);
    const Address list = made.list(type, {Address{}});
    const auto array = made.fake.image().read_value<Address>(list.plus(layout.object.size.end())).value();
    made.fake.put_at(array, list);
    CHECK(made.text(list, {.depth = 9}) == "[[...]]");
  });
}

TEST_CASE("instances show their attributes wherever they are kept") {
  for_each_layout([](const Layout& layout) {
    Shown made(layout);
    const std::vector<FakeItem> attributes{{made.fake.text("first"), made.fake.integer(1)},
                                           {made.fake.text("unset"), Address{}},
                                           {made.fake.text("second"), made.fake.text("2")}};
    for (const Keeps keeps : {Keeps::dict_at_offset, Keeps::managed_dict, Keeps::values}) {
      if (!made.fake.knows(keeps)) continue;
      const Address instance = made.fake.instance(keeps, attributes);
      made.name(made.fake.image().read_value<Address>(instance.plus(layout.object.type.offset())).value(), "Order");
      CHECK(made.text(instance) == "Order(first=1, second='2')");
      CHECK(made.text(instance, {.depth = 0}) == "Order(…)");
      CHECK(made.text(instance, {.items = 1}) == "Order(first=1, … 1 more)");
    }
  });
}

TEST_CASE("instances with slots show those that are set, those of the bases first") {
  for_each_layout([](const Layout& layout) {
    Shown made(layout);
    const auto with_slot = [&](std::string_view type_name, std::string_view slot, std::int64_t offset, Address base) {
      const Address type = made.type(type_name, type_flags::heap_type), members = made.fake.allocate(160);
      const Address text = made.fake.allocate(16);
      made.fake.put_text(text, slot);
      made.fake.put_at(members, text);
      made.fake.put_at(members.plus(8), std::int32_t{16});
      made.fake.put_at(members.plus(16), offset);
      made.fake.put_at(members.plus(40), text);  // another, of a C type: no slot
      made.fake.put_at(members.plus(48), std::int32_t{1});
      made.fake.put_at(members.plus(56), std::int64_t{40});
      made.fake.put(type, layout.type.members, members);
      made.fake.put(type, layout.type.base, base);
      return type;
    };
    const Address base = with_slot("Base", "x", 40, {}), derived = with_slot("Derived", "y", 48, base);
    const Address instance = made.fake.object(derived, 64);
    CHECK(made.text(instance) == "Derived()");
    made.fake.put_at(instance.plus(40), made.fake.integer(1));
    made.fake.put_at(instance.plus(48), made.fake.integer(2));
    CHECK(made.text(instance) == "Derived(x=1, y=2)");
  });
}

TEST_CASE("exceptions show their arguments") {
  for_each_layout([](const Layout& layout) {
    Shown made(layout);
    const Address type = made.type("ValueError", exception_flag), tuple_type = made.type("tuple", tuple_flag);
    const Address error = made.fake.object(type, 96);
    made.fake.put_at(error.plus(layout.object.type.end() + 8), made.tuple(tuple_type, {made.fake.text("no")}));
    CHECK(made.text(error) == "ValueError('no')");
  });
}

TEST_CASE("what is no object, or says nonsense of itself, is said in place") {
  for_each_layout([](const Layout& layout) {
    Shown made(layout);
    CHECK(made.text({}) == "<unreadable at 0x0>");
    CHECK(made.text({0x1234567}) == "<unreadable at 0x1234567>");
    CHECK(made.text({0xdead0000}) == "<unreadable at 0xdead0000>");
    const Address list = made.list(made.type("list", list_flag), {});
    made.fake.put(list, layout.object.size, std::numeric_limits<std::int64_t>::max());
    CHECK(made.text(list, {.items = 1}).find(", … 9,223,372,036,854,775,806 more]") != std::string::npos);
    made.fake.put(list, layout.object.size, -1);
    CHECK(made.text(list).find("<unreadable at 0x") == 0);
    const Address word = made.fake.text("abc");
    made.fake.put(word, layout.unicode.length, std::numeric_limits<std::int64_t>::max());
    const std::string text = made.text(word);  // as far as there is memory
    CHECK(tidemark::base::is_printable(text));
  });
}

TEST_CASE("an int of more than 40 digits is told by its bits") {
  for_each_layout([](const Layout& layout) {
    Shown made(layout);
    const Address number = made.fake.object(made.fake.int_type, 512);
    constexpr std::uint64_t digits = 100;
    for (std::uint64_t i = 0; i < digits; ++i) made.fake.put_at(number.plus(layout.integer.digits + 4 * i), 1U);
    made.fake.put(number, layout.object.size, digits);
    made.fake.put(number, layout.integer.tag, digits << 3);
    CHECK(made.text(number) == "int of 2,971 bits");
  });
}
