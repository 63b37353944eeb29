#include "detail/recogniser.hpp"

#include "one_block.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

TEST_CASE("objects of one size") {
  OneBlock block;
  block.python.object(place, block.python.float_type);
  CHECK(block.is(32, block.python.float_type));
  CHECK(block.is(24, block.python.float_type));
  CHECK_FALSE(block.is(16, block.python.float_type));  // does not fit
  CHECK_FALSE(block.is(48, block.python.float_type));  // of another size class
}

TEST_CASE("what has no reference is kept by a free list of its type") {
  OneBlock block;
  block.python.object(place, block.python.float_type, 0);
  CHECK(block.look(32).type == nullptr);
}

TEST_CASE("ints, by their digits, in both ways to count them") {
  for (const unsigned minor : {8U, 11U, 12U, 14U}) {
    CAPTURE(minor);
    OneBlock block(minor);
    block.python.integer(place, 1);
    CHECK(block.is(32, block.python.int_type));
    CHECK(block.look(160).type == nullptr);
    block.python.integer(place, 20);
    CHECK(block.is(112, block.python.int_type));
    CHECK(block.look(96).type == nullptr);
    block.python.integer(place, 0);  // has room for one digit
    CHECK(block.is(32, block.python.int_type));
    // A block of 16 bytes cannot even say how many.
    CHECK(block.look(16).type == nullptr);
  }
}

TEST_CASE("negative ints, and sizes that are none") {
  OneBlock block;
  block.python.integer(place, -3);
  CHECK(block.is(48, block.python.int_type));
  for (const auto digits : {INT64_MIN, INT64_MAX, INT64_MIN + 1, std::int64_t{1} << 36}) {
    block.python.integer(place, digits);
    CHECK(block.look(48).type == nullptr);
    block.python.sized(place, block.python.bytes_type, digits);
    CHECK(block.look(48).type == nullptr);
  }
}

TEST_CASE("bytes") {
  OneBlock block;
  block.python.sized(place, block.python.bytes_type, 15);
  CHECK(block.is(48, block.python.bytes_type));
  CHECK(block.look(32).type == nullptr);
  block.python.sized(place, block.python.bytes_type, 100);
  CHECK(block.is(144, block.python.bytes_type));
}

TEST_CASE("strings: one, two and four bytes to a character, and such as lie elsewhere") {
  for (const unsigned minor : {11U, 13U}) {
    CAPTURE(minor);
    OneBlock block(minor);
    const auto& unicode = block.python.layout().unicode;
    const auto rounded = [](std::uint64_t size) { return (size + 15) / 16 * 16; };
    block.python.text_object(place, 100);
    CHECK(block.is(rounded(unicode.ascii_data + 101), block.python.str_type));
    CHECK(block.look(rounded(unicode.ascii_data + 101) - 16).type == nullptr);
    block.python.text_object(place, 100, 2, false);
    CHECK(block.is(rounded(unicode.compact_data + 202), block.python.str_type));
    block.python.text_object(place, 100, 4, false);
    CHECK(block.is(rounded(unicode.compact_data + 404), block.python.str_type));
    block.python.text_object(place, 100'000, 1, false, false);
    CHECK(block.is(rounded(unicode.compact_data + 8), block.python.str_type));
    block.python.text_object(place, 10, 3, false);  // no such kind
    CHECK(block.look(112).type == nullptr);
    block.python.text_object(place, -1);
    CHECK(block.look(64).type == nullptr);
    block.python.text_object(place, INT64_MAX, 4, false);
    CHECK(block.look(64).type == nullptr);
  }
}

TEST_CASE("objects of the collector lie behind its head") {
  OneBlock block;
  block.python.list(place, 0x3000'0000);
  CHECK(block.is(64, block.python.list_type, places::gc_head));
  block.clear();
  block.python.sized(place, block.python.list_type, 3);  // where none can be
  CHECK(block.look(48).type == nullptr);
  block.clear();
  block.python.object(place + places::gc_head, block.python.float_type);
  CHECK(block.look(48).type == nullptr);
}

TEST_CASE("a managed dict has a head before that of the collector") {
  OneBlock block;
  const auto made = block.python.type(
      {.name = "Made",
       .flags = cpython::type_flags::have_gc | cpython::type_flags::heap_type | cpython::type_flags::managed_dict,
       .basic_size = 16});
  block.python.object(place + 32, made);
  CHECK(block.is(48, made, 32));
  block.clear();
  block.python.object(place + 16, made);
  CHECK(block.look(48).type == nullptr);
}

TEST_CASE("PYTHONMALLOC=debug wraps what it gives") {
  OneBlock block;
  for (const char api : {'o', 'm', 'r'}) {
    block.clear();
    block.debug_head(24, api);
    block.python.object(place + 16, block.python.float_type);
    const auto found = block.look(48);
    CHECK(found.is_debug);
    REQUIRE(found.type != nullptr);
    CHECK(found.type->address == block.python.float_type);
    CHECK(found.offset == 16);
  }
  block.debug_head(24, 'x');
  CHECK_FALSE(block.look(48).is_debug);
  block.debug_head(40, 'o');  // more than there is
  CHECK_FALSE(block.look(48).is_debug);
  block.debug_head(~std::uint64_t{0}, 'o');
  CHECK_FALSE(block.look(48).is_debug);
  block.clear();
  block.debug_head(56, 'o');
  block.python.list(place + 16, 0);
  const auto found = block.look(80);
  CHECK(found.is_debug);
  CHECK(found.offset == 16 + places::gc_head);
}

TEST_CASE("debug heads within debug heads end") {
  OneBlock block;
  const std::uint64_t size = 4096;
  std::uint64_t asked = size;
  for (std::uint64_t at = place; asked > 48; at += 16) {
    asked -= 24;
    block.space.put(at, __builtin_bswap64(asked));
    block.space.put_word(at + 8, debug_letter | 'o');
  }
  CHECK(block.look(size).type == nullptr);
}

TEST_CASE("blocks of any size and any words are looked at within their bounds") {
  // Each one in memory of its own, so that a sanitizer sees a read beyond it.
  OneBlock block;
  const auto& python = block.python;
  const std::vector<std::uint64_t> words{0,
                                         1,
                                         ~std::uint64_t{0},
                                         python.int_type,
                                         python.str_type,
                                         python.bytes_type,
                                         python.list_type,
                                         python.float_type,
                                         debug_letter | 'o',
                                         __builtin_bswap64(16),
                                         __builtin_bswap64(40)};
  std::uint64_t random = 1;
  for (int i = 0; i < 200'000; ++i) {
    const auto next = [&] { return (random = random * 6364136223846793005 + 1442695040888963407) >> 33; };
    const std::uint64_t size = (next() % 5 + 1) * 16;
    const std::unique_ptr<std::byte[]> bytes(new std::byte[size]);
    for (std::uint64_t at = 0; at < size; at += 8) std::memcpy(bytes.get() + at, &words[next() % words.size()], 8);
    const auto found = block.recogniser.look({.bytes = bytes.get(), .seen = size, .size = size, .slack = 16});
    if (found.type == nullptr) continue;
    REQUIRE(found.offset < size);
    block.recogniser.visit_pointers(*found.type, bytes.get() + found.offset, size - found.offset, [](std::uint64_t) {});
  }
}

TEST_CASE("what an object points to") {
  OneBlock block;
  const auto pointers = [&](std::uint64_t size) {
    std::vector<std::uint64_t> all;
    const auto found = block.look(size);
    REQUIRE(found.type != nullptr);
    block.recogniser.visit_pointers(*found.type, block.bytes.data() + found.offset, size - found.offset,
                                    [&](std::uint64_t one) { all.push_back(one); });
    return all;
  };
  block.python.list(place, 0x3000'0000);
  CHECK(pointers(64) == std::vector<std::uint64_t>{0x3000'0000});
  block.clear();
  block.python.sized(place, block.python.bytes_type, 15);
  CHECK(pointers(48).empty());
  const auto other = block.python.type({.name = "x.other", .basic_size = 32});
  block.clear();
  block.python.object(place, other);
  block.space.put_word(place + 16, 0x1111'0000);
  block.space.put_word(place + 24, 0x2222'0000);
  CHECK(pointers(32) == std::vector<std::uint64_t>{0x1111'0000, 0x2222'0000});
}
