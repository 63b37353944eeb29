// Deques, arrays, decimals, slices: what is shown of them, and of memory that only claims to be one. What repr() says
// of them on each interpreter is compared in tests/live/test_objects_read.py.
#include <limits>

#include "fake_interpreter.hpp"
#include "read/render_numbers.hpp"
#include "shown_objects.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made objects

namespace {

constexpr std::uint64_t block_items = 64, block_bytes = 8 * (block_items + 2);

/// Objects of modules.
struct Collections : Shown {
  explicit Collections(const Layout& layout) : Shown(layout), head(layout.object.size.end()) {}

  /// `numbers` of one-digit ints, the first at `index` of its block.
  [[nodiscard]] Address deque(std::uint64_t numbers, std::uint64_t index, std::int64_t longest = -1) {
    const Address at = fake.object(deque_type, 128);
    Address block = fake.allocate(block_bytes);
    fake.put(at, fake.layout().object.size, static_cast<std::int64_t>(numbers));
    fake.put_at(at.plus(head), block);
    fake.put_at(at.plus(head + 16), index);
    fake.put_at(at.plus(head + 40), longest);
    for (std::uint64_t number = 0; number < numbers; ++number, ++index) {
      if (index == block_items) {
        const Address next = fake.allocate(block_bytes);
        fake.put_at(block.plus(block_bytes - 8), next);
        block = next;
        index = 0;
      }
      fake.put_at(block.plus(8 * (1 + index)), fake.integer(number % 10));
    }
    return at;
  }
  template <class T>
  [[nodiscard]] Address array(char code, const std::vector<T>& items) {
    const Address at = fake.object(array_type, 128), body = fake.allocate(items.size() * sizeof(T) + 8);
    const Address descriptor = fake.allocate(32);
    for (std::size_t i = 0; i < items.size(); ++i) fake.put_at(body.plus(i * sizeof(T)), items[i]);
    fake.put_at(descriptor, code);
    fake.put(at, fake.layout().object.size, static_cast<std::int64_t>(items.size()));
    fake.put_at(at.plus(head), body);
    fake.put_at(at.plus(head + 16), descriptor);
    return at;
  }

  std::uint64_t head;
  Address deque_type = type("collections.deque", 0), array_type = type("array.array", 0);
};

/// A PyDecObject's fields, and the words of its coefficient.
struct DecimalFields {
  std::uint8_t flags = 0;
  std::int64_t exponent = 0, digits = 1;
  std::vector<std::uint64_t> words{7};
};

std::optional<std::string> said(const DecimalFields& made) {
  FakeObjects fake(*layouts().front());
  const Address at = fake.allocate(128), data = fake.allocate(8 * made.words.size() + 8);
  fake.put_at(at.plus(8), made.flags);
  fake.put_at(at.plus(16), made.exponent);
  fake.put_at(at.plus(24), made.digits);
  fake.put_at(at.plus(48), data);
  for (std::size_t i = 0; i < made.words.size(); ++i) fake.put_at(data.plus(8 * i), made.words[i]);
  return decimal_text(fake.image(), at);
}

}  // namespace

TEST_CASE("a deque shows its items across its blocks, and how long it may get") {
  for_each_layout([](const Layout& layout) {
    Collections made(layout);
    CHECK(made.text(made.deque(0, 31)) == "deque([])");
    CHECK(made.text(made.deque(3, 31)) == "deque([0, 1, 2])");
    CHECK(made.text(made.deque(3, 62)) == "deque([0, 1, 2])");  // the third in the next block
    CHECK(made.text(made.deque(3, 62, 5)) == "deque([0, 1, 2], maxlen=5)");
    CHECK(made.text(made.deque(200, 63), {.items = 2}) == "deque([0, 1, … 198 more])");
    CHECK(made.text(made.deque(3, 0), {.depth = 0}) == "deque([…])");
  });
}

TEST_CASE("a deque that says nonsense of itself is read no further than was asked") {
  Collections made(*layouts().front());
  const Address deque = made.deque(3, 62);
  made.fake.put(deque, made.fake.layout().object.size, std::numeric_limits<std::int64_t>::max());
  CHECK(made.text(deque, {.items = 3}) == "deque([0, 1, 2, … 9,223,372,036,854,775,804 more])");
  made.fake.put(deque, made.fake.layout().object.size, -1);
  CHECK(made.text(deque).starts_with("<unreadable at 0x"));
  const Address astray = made.deque(3, 0);
  made.fake.put_at(astray.plus(made.head + 16), std::uint64_t{1} << 60);  // beyond its block, whose next is none
  CHECK(made.text(astray) == "deque([… 3])");
}

TEST_CASE("arrays show their numbers by their type code") {
  for_each_layout([](const Layout& layout) {
    Collections made(layout);
    CHECK(made.text(made.array<std::int8_t>('b', {-128, 5})) == "array('b', [-128, 5])");
    CHECK(made.text(made.array<std::uint8_t>('B', {255})) == "array('B', [255])");
    CHECK(made.text(made.array<std::int16_t>('h', {-2})) == "array('h', [-2])");
    CHECK(made.text(made.array<std::uint32_t>('I', {4'000'000'000})) == "array('I', [4000000000])");
    CHECK(made.text(made.array<std::int64_t>('q', {INT64_MIN})) == "array('q', [-9223372036854775808])");
    CHECK(made.text(made.array<std::uint64_t>('L', {UINT64_MAX})) == "array('L', [18446744073709551615])");
    CHECK(made.text(made.array<float>('f', {1.5F})) == "array('f', [1.5])");
    CHECK(made.text(made.array<double>('d', {0.1, -0.0})) == "array('d', [0.1, -0.0])");
    CHECK(made.text(made.array<char32_t>('w', {U'a', U'é'})) == "array('w', 'aé')");
    CHECK(made.text(made.array<int>('i', {})) == "array('i')");
    CHECK(made.text(made.array<int>('i', std::vector<int>(100, 1)), {.items = 2}) == "array('i', [1, 1, … 98 more])");
    CHECK(made.text(made.array<int>('?', {1})).starts_with("<array.array at 0x"));
    const Address array = made.array<int>('i', {1});
    made.fake.put(array, layout.object.size, std::numeric_limits<std::int64_t>::max());
    CHECK(made.text(array, {.items = 1}) == "array('i', [1, … 9,223,372,036,854,775,806 more])");
  });
}

TEST_CASE("decimals are written as str() writes them") {
  CHECK(said({}) == "7");
  CHECK(said({.flags = 1, .exponent = -2, .digits = 3, .words = {150}}) == "-1.50");
  CHECK(said({.exponent = 3}) == "7E+3");
  CHECK(said({.exponent = -6}) == "0.000007");
  CHECK(said({.exponent = -7}) == "7E-7");
  CHECK(said({.exponent = -9, .digits = 2, .words = {25}}) == "2.5E-8");
  CHECK(said({.digits = 20, .words = {0, 1}}) == "10000000000000000000");
  CHECK(said({.digits = 21, .words = {5, 12}}) == "120000000000000000005");
  CHECK(said({.flags = 2, .digits = 0}) == "Infinity");
  CHECK(said({.flags = 3, .digits = 0}) == "-Infinity");
  CHECK(said({.flags = 4, .digits = 0}) == "NaN");
  CHECK(said({.flags = 8, .digits = 1}) == "sNaN7");
  CHECK(said({.digits = 41, .words = {1, 1, 100}}) == "a number of 41 digits");
}

TEST_CASE("what is no decimal is none") {
  CHECK(said({.digits = 0}) == std::nullopt);
  CHECK(said({.digits = -1}) == std::nullopt);
  CHECK(said({.exponent = INT64_MIN}) == std::nullopt);
  CHECK(said({.exponent = INT64_MAX}) == std::nullopt);
  CHECK(said({.digits = 2}) == std::nullopt);                                              // has one
  CHECK(said({.digits = 20, .words = {10'000'000'000'000'000'000U, 1}}) == std::nullopt);  // no word of 19 digits
}

TEST_CASE("slices and ranges") {
  for_each_layout([](const Layout& layout) {
    Collections made(layout);
    const auto three = [&](std::string_view name, Address start, Address stop, Address step) {
      const Address at = made.fake.object(made.type(name, 0), 64);
      const std::uint64_t head = layout.object.type.end();
      made.fake.put_at(at.plus(head), start);
      made.fake.put_at(at.plus(head + 8), stop);
      made.fake.put_at(at.plus(head + 16), step);
      return made.text(at);
    };
    const Address one = made.fake.integer(1), two = made.fake.integer(2);
    CHECK(three("slice", one, two, one) == "slice(1, 2, 1)");
    CHECK(three("range", one, two, one) == "range(1, 2)");
    CHECK(three("range", one, two, two) == "range(1, 2, 2)");
    CHECK(three("slice", one, made.fake.text("x"), {}) == "slice(1, 'x', <unreadable at 0x0>)");
  });
}
