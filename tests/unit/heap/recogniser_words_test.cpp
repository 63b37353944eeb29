// What tells an object from what only looks like one: its first word; and sizes that are not those of its type.
#include <tuple>

#include "one_block.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

/// The float's first word.
bool is_float_with(OneBlock& block, std::uint64_t word) {
  block.clear();
  block.python.object(place, block.python.float_type);
  block.space.put_word(place, word);
  return block.look(32).type != nullptr;
}

}  // namespace

TEST_CASE("a first word that is a link or an address is no reference count") {
  for (const unsigned minor : {9U, 11U, 12U, 14U}) {
    CAPTURE(minor);
    OneBlock block(minor);
    CHECK(is_float_with(block, 1));
    CHECK(is_float_with(block, UINT32_MAX));
    CHECK(is_float_with(block, 0x5555'0001));                 // many, as an address of brk's without relocation
    CHECK(is_float_with(block, std::uint64_t{1} << 48 | 7));  // flags, from 3.14 on
    CHECK_FALSE(is_float_with(block, 0));                     // the last one of a free list
    CHECK_FALSE(is_float_with(block, 0x7f30'0000'0040));      // a link of a free list
    CHECK_FALSE(is_float_with(block, 0x1'0000'0000));
    CHECK_FALSE(is_float_with(block, 0x0001'0001'0000'0000));
    CHECK_FALSE(is_float_with(block, ~std::uint64_t{0}));      // a table of keys, none of which is used
    CHECK_FALSE(is_float_with(block, 0xffff'ffff'ff02'01ff));  // one that is
  }
}

TEST_CASE("addresses as small as counts, in a program that is not position-independent") {
  constexpr std::uint64_t brk = 0x1000'0000, brk_end = brk + 0x10'0000, unused = FakePython::bss + 0x800;
  OneBlock block;
  CHECK(is_float_with(block, brk));
  CHECK(is_float_with(block, block.python.float_type));
  block.types.set_low_places({FakePython::text, FakePython::bss + FakePython::bss_bytes}, {brk, brk_end});
  CHECK_FALSE(is_float_with(block, brk));
  CHECK_FALSE(is_float_with(block, brk_end - 8));
  CHECK(is_float_with(block, brk_end));
  CHECK(is_float_with(block, brk + 4));                        // no address of a block
  CHECK_FALSE(is_float_with(block, block.python.float_type));  // an object in the program's data
  CHECK(is_float_with(block, unused));                         // none there
  CHECK(is_float_with(block, FakePython::text - 8));
  CHECK(is_float_with(block, 3));
}

TEST_CASE("a buffer of two words behind which a type still stands is no object()") {
  OneBlock block;
  const auto bare = block.python.type({.name = "object"});
  const auto is_object = [&](std::uint64_t word) {
    block.clear();
    block.python.object(place, bare);
    block.space.put_word(place, word);
    return block.is(16, bare);
  };
  CHECK(is_object(1));
  CHECK(is_object(0x101));
  CHECK_FALSE(is_object(0x100));
  CHECK_FALSE(is_object(0x0302'0100));  // numbers from 0 up
  CHECK(is_float_with(block, 0x100));   // what is longer has more to know it by
}

TEST_CASE("generators and frames: what stands where a number of items would is none, from 3.11 on") {
  for (const unsigned minor : {9U, 10U, 11U, 14U}) {
    CAPTURE(minor);
    OneBlock block(minor);
    for (const auto* name : {"generator", "coroutine", "async_generator", "frame", "x.sized"}) {
      CAPTURE(name);
      const auto type =
          block.python.type({.name = name, .flags = cpython::type_flags::have_gc, .basic_size = 112, .item_size = 8});
      block.clear();
      block.python.sized(place + places::gc_head, type, 0x7f30'0000'0000);
      const bool has_frame_inside = minor >= 11 && std::string_view(name) != "x.sized";
      CHECK(block.is(256, type, places::gc_head) == has_frame_inside);
      CHECK(block.is(2064, type, places::gc_head) == has_frame_inside);  // of a function with many locals
      block.python.sized(place + places::gc_head, type, 10);
      CHECK(block.is(208, type, places::gc_head));
    }
  }
}

TEST_CASE("a datetime without a time zone is shorter by a word than its type says") {
  OneBlock block;
  const auto datetime = block.python.type({.name = "datetime.datetime", .basic_size = 48});
  const auto time = block.python.type({.name = "datetime.time", .basic_size = 40});
  const auto other = block.python.type({.name = "datetime.timezone", .basic_size = 40});
  block.python.object(place, time);
  CHECK(block.is(32, time));
  CHECK(block.is(48, time));
  CHECK(block.look(16).type == nullptr);
  block.python.object(place, datetime);
  CHECK(block.is(48, datetime));
  CHECK(block.look(32).type == nullptr);
  block.python.object(place, other);
  CHECK(block.look(32).type == nullptr);
  CHECK(block.is(48, other));
}

namespace {

/// Objects of a class made in Python (3.13 on), and what lies behind them.
struct WithValues : OneBlock {
  explicit WithValues() : OneBlock(13) { python.object(object, made); }

  /// Capacity, used, embedded, valid: the head of PyDictValues.
  void say(unsigned capacity, unsigned used = 0, unsigned embedded = 1, unsigned valid = 1) {
    space.put_word(object + 16, capacity | used << 8 | embedded << 16 | valid << 24);
  }

  static constexpr std::uint64_t object = place + 32;
  std::uint64_t flags =
      cpython::type_flags::have_gc | cpython::type_flags::heap_type | cpython::type_flags::managed_dict;
  std::uint64_t made =
      python.type({.name = "Made", .flags = flags | cpython::type_flags::inline_values, .basic_size = 16});
};

}  // namespace

TEST_CASE("the values behind an object say how large its block is") {
  WithValues block;
  block.say(4);  // 48, a head of 8, four values, eight bytes of their order
  CHECK(block.is(96, block.made, 32));
  CHECK(block.is(112, block.made, 32));  // made when the class had room for one more
  CHECK(block.look(80).type == nullptr);
  CHECK(block.look(128).type == nullptr);
  CHECK(block.look(320).type == nullptr);
  block.say(30, 30);
  CHECK(block.is(336, block.made, 32));
  CHECK(block.look(304).type == nullptr);
  CHECK(block.look(96).type == nullptr);
  const auto without = block.python.type({.name = "Other", .flags = block.flags, .basic_size = 16});
  block.python.object(WithValues::object, without);
  CHECK(block.is(48, without, 32));
  CHECK(block.look(96).type == nullptr);
}

TEST_CASE("what cannot be the values of an object is none, and the block is no object") {
  WithValues block;
  block.say(4, 4, 1, 0);  // moved to a dict
  CHECK(block.is(96, block.made, 32));
  for (const auto& [used, embedded, valid] : {std::tuple{5U, 1U, 1U}, {0U, 0U, 1U}, {0U, 2U, 1U}, {0U, 1U, 2U}}) {
    block.say(4, used, embedded, valid);
    CHECK(block.look(96).type == nullptr);
  }
  block.say(0);
  CHECK(block.look(64).type == nullptr);
  block.say(31);  // more than a class shares
  CHECK(block.look(336).type == nullptr);
  CHECK(block.look(48).type == nullptr);  // no room for any
}

TEST_CASE("a chunk may be longer by what could not be split off") {
  constexpr std::uint64_t of_malloc = 2 * 16;
  OneBlock block;
  block.python.object(place, block.python.float_type);
  CHECK(block.look(24, of_malloc).type != nullptr);
  CHECK(block.look(40, of_malloc).type != nullptr);
  CHECK(block.look(40, 16).type == nullptr);  // pymalloc has no such blocks
  CHECK(block.look(56, of_malloc).type == nullptr);
}
