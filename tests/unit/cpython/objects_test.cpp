#include "tidemark/cpython/objects.hpp"

#include <string>

#include "fake_interpreter.hpp"
#include "fake_objects.hpp"
#include "read/copies.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made interpreters
using tidemark::base::ErrorCode;

namespace {

const Address place = FakeInterpreter::string(0);

/// A compact string that is not ASCII, of `width` bytes a character.
template <class Character>
std::string text_of(FakeInterpreter& fake, const std::basic_string<Character>& characters,
                    unsigned width = sizeof(Character)) {
  fake.set_string(place, characters.size(), width, false);
  for (std::size_t i = 0; i < characters.size(); ++i) {
    fake.put_at(place.plus(fake.layout().unicode.compact_data + i * width), characters[i]);
  }
  return read_unicode(fake.image(), fake.layout(), place).value_or("(error)");
}

ErrorCode error_of(FakeInterpreter& fake) {
  const auto text = read_unicode(fake.image(), fake.layout(), place);
  REQUIRE_FALSE(text);
  return text.error().code;
}

}  // namespace

TEST_CASE("strings of every kind become UTF-8") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_ascii(place, "Worker.run.<locals>.<lambda>");
    CHECK(read_unicode(fake.image(), layout, place).value_or("") == "Worker.run.<locals>.<lambda>");
    CHECK(text_of(fake, std::string("caf\xe9")) == "café");
    CHECK(text_of(fake, std::u16string(u"Ωmega→")) == "Ωmega→");
    CHECK(text_of(fake, std::u32string(U"a𝔘b€é")) == "a𝔘b€é");
    CHECK(text_of(fake, std::string()).empty());
  });
}

TEST_CASE("what UTF-8 cannot hold is replaced") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    CHECK(text_of(fake, std::u16string{u'a', char16_t{0xdcff}, u'b'}) == "a\uFFFDb");
    CHECK(text_of(fake, std::u32string{char32_t{0xd800}, char32_t{0xdfff}, char32_t{0x110000}}) ==
          "\uFFFD\uFFFD\uFFFD");
  });
}

TEST_CASE("a long name is cut at its cap, and an absurd length costs no memory") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_ascii(place, "x");
    fake.set_string(place, max_name_characters + 1, 1, true);
    const std::string ellipsis = "…";
    const auto text = read_unicode(fake.image(), layout, place);
    REQUIRE(text);
    CHECK(text->size() == max_name_characters + ellipsis.size());
    CHECK(text->ends_with(ellipsis));
    fake.set_string(place, std::size_t{1} << 62, 4, false);
    CHECK(read_unicode(fake.image(), layout, place).has_value());
    CHECK(unicode_extent(fake.image(), layout, place)->size() < 8 * max_name_characters);
  });
}

TEST_CASE("heads that make no sense are malformed") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_string(place, ~std::size_t{0}, 1, true);
    CHECK(error_of(fake) == ErrorCode::malformed);
    for (const unsigned kind : {0U, 3U, 5U, 6U, 7U}) {
      fake.set_string(place, 4, kind, false);
      CHECK(error_of(fake) == ErrorCode::malformed);
    }
    fake.set_string(place, 4, 1, true, false);
    CHECK(error_of(fake) == ErrorCode::malformed);
    for (const Address at : {Address{}, Address{7}, Address{~0ULL}})
      CHECK_FALSE(read_unicode(fake.image(), layout, at));
  });
}

TEST_CASE("a bytes object is read whole or not at all") {
  for_each_layout([](const Layout& layout) {
    FakeInterpreter fake(layout);
    fake.set_bytes(place, {1, 2, 3});
    const auto bytes = read_bytes_object(fake.image(), layout, place, 3);
    REQUIRE(bytes);
    CHECK(*bytes == std::vector{std::byte{1}, std::byte{2}, std::byte{3}});
    const auto over = read_bytes_object(fake.image(), layout, place, 2);
    REQUIRE_FALSE(over);
    CHECK(over.error().code == ErrorCode::limit);
    fake.put(place, layout.object.size, -1);
    const auto negative = read_bytes_object(fake.image(), layout, place, 100);
    REQUIRE_FALSE(negative);
    CHECK(negative.error().code == ErrorCode::malformed);
  });
}

TEST_CASE("ints of up to 64 bits") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    for (const std::uint64_t value :
         {0ULL, 1ULL, (1ULL << 30) - 1, 1ULL << 30, 140'015'214'025'600ULL, 1ULL << 60, 1ULL << 63, ~0ULL}) {
      const auto read = read_integer(fake.image(), layout, fake.integer(value));
      REQUIRE(read);
      CHECK(*read == value);
    }
  });
}

TEST_CASE("ints that are negative, longer or broken are malformed") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    const auto check_malformed = [&](Address object) {
      const auto read = read_integer(fake.image(), layout, object);
      REQUIRE_FALSE(read);
      CHECK(read.error().code == ErrorCode::malformed);
    };
    check_malformed(fake.integer(5, true));
    check_malformed({});
    const Address longer = fake.integer(~0ULL);
    fake.put_at(longer.plus(layout.integer.digits + 8), std::uint32_t{16});  // 2^64
    check_malformed(longer);
    const Address broken = fake.integer(5);
    fake.put_at(broken.plus(layout.integer.digits), std::uint32_t{1} << 30);
    check_malformed(broken);
    for (const std::int64_t digits : {std::int64_t{4}, std::int64_t{1} << 40, INT64_MAX >> 3}) {
      const Address many = fake.integer(5);
      fake.put(many, layout.object.size, digits);
      fake.put(many, layout.integer.tag, static_cast<std::uint64_t>(digits) << 3);
      check_malformed(many);
    }
  });
}

TEST_CASE("a layout, which may be the process's own word, that puts what an object holds before its size") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    constexpr std::size_t max_copied_bytes = 256;
    Layout wrong = layout;
    wrong.integer.digits = 0;
    const auto integer = copy_integer(fake.image(), wrong, fake.integer(5));
    if (integer) CHECK(integer->witness.bytes.size() <= max_copied_bytes);
    wrong.unicode.ascii_data = 0;
    const auto text = copy_text(fake.image(), wrong, fake.text("name"));
    REQUIRE(text);
    CHECK(text->witness.bytes.size() <= max_copied_bytes);
  });
}
