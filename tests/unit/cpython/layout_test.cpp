#include "tidemark/cpython/layout.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "debug_offsets_v3_13_0.hpp"
#include "stated_words.hpp"
#include "tidemark/cpython/layout_fields.hpp"

using namespace tidemark::cpython;  // the room under test
using tidemark::base::Address;
using tidemark::base::ErrorCode;
using tidemark::cpython::test::stated_words;
using tidemark::cpython::test::words_v3_13_0;

namespace {

/// A _PyRuntime that begins with these words.
struct Start {
  explicit Start(std::span<const std::uint64_t> words) { std::ranges::copy(words, bytes.begin()); }

  [[nodiscard]] std::optional<DebugOffsets> parse() const {
    return parse_debug_offsets(std::as_bytes(std::span(bytes)));
  }

  std::array<std::uint64_t, debug_offsets_bytes / sizeof(std::uint64_t)> bytes{};
};

const Layout& table_3_13() {
  const Layout* table = find_layout(3, 13);
  REQUIRE(table != nullptr);
  return *table;
}

}  // namespace

TEST_CASE("a field that is absent is not offset 0") {
  const Field<Address> absent;
  const Field<Address> first(0);
  CHECK_FALSE(absent.is_present());
  CHECK(first.is_present());
  CHECK(extent_of(absent).size() == 0);
  CHECK(extent_of(absent, Field<std::uint8_t>(5), Field<std::uint32_t>(8)).first == 5);
  CHECK(extent_of(absent, Field<std::uint8_t>(5), Field<std::uint32_t>(8)).end == 12);
}

TEST_CASE("a piece gives only what is wholly inside it") {
  const std::array<std::byte, 8> bytes{std::byte{1}, std::byte{2}};
  const Piece piece{.bytes = bytes, .first = 16};
  CHECK(piece.get(Field<std::uint16_t>(16)) == 0x0201);
  CHECK_FALSE(piece.get(Field<std::uint16_t>(15)));
  CHECK_FALSE(piece.get(Field<std::uint16_t>(23)));
  CHECK_FALSE(piece.get(Field<std::uint64_t>{}));
}

TEST_CASE("every table can be found by its version and names a way to the frame and to the GIL") {
  CHECK(layouts().size() == 11);
  for (const Layout* layout : layouts()) {
    CHECK(find_layout(layout->major, layout->minor, layout->free_threaded) == layout);
    CHECK_FALSE(layout->runtime_sizes.empty());
    CHECK(layout->thread.cframe.is_present() != layout->thread.current_frame.is_present());
    CHECK(layout->thread.cframe.is_present() == layout->cframe.current_frame.is_present());
    CHECK(layout->runtime.tstate_current.is_present() != layout->interpreter.gil.is_present());
    CHECK(layout->interpreter.gil.is_present() == layout->gil.locked.is_present());
    CHECK(layout->runtime.interpreters_main.end() <= layout->runtime_sizes.front());
    CHECK(layout->thread.native_thread_id.is_present() != layout->thread.pthread.is_present());
    CHECK(layout->frame.instruction.is_present() != layout->frame.last_instruction.is_present());
    CHECK(layout->frame.instruction.is_present() != layout->code.bytecode.is_present());
    CHECK(layout->runtime.gc.has_value() == (layout->interpreter.gc == 0));
    CHECK((layout->gc.generation0.is_present() || layout->gc.generations != 0));
    CHECK(layout->gc.stats.is_present() == (layout->gc.generation_stats == 0));
    CHECK(layout->free_threaded == layout->thread.alloc_count.is_present());
    CHECK(layout->has_debug_offsets == !layout->stated_offsets.empty());
  }
  CHECK(find_layout(3, 7) == nullptr);
  CHECK(find_layout(3, 12, true) == nullptr);
  CHECK(find_layout(3, 99) == nullptr);
}

TEST_CASE("the parts of PY_VERSION_HEX") {
  const Version version = version_of(0x030d00c2);
  CHECK(version.major == 3);
  CHECK(version.minor == 13);
  CHECK(version.micro == 0);
  CHECK(version.release_level == 0xc);
  CHECK(version.serial == 2);
}

TEST_CASE("what 3.13.0 states of itself is what its table says") {
  const Start start(words_v3_13_0);
  const auto offsets = start.parse();
  REQUIRE(offsets);
  CHECK_FALSE(offsets->free_threaded);
  CHECK(version_of(offsets->py_version_hex).minor == 13);
  const Layout& table = table_3_13();
  const auto stated = with_debug_offsets(table, *offsets);
  REQUIRE(stated);
  CHECK(stated->origin == LayoutOrigin::debug_offsets);
  for (const auto name : differences(*stated, table)) FAIL_CHECK(name);
}

TEST_CASE("what is stated replaces what the table says, entry by entry") {
  for (const Layout* table : layouts()) {
    for (const auto& stated : table->stated_offsets) {
      CAPTURE(stated.entry);
      auto words = stated_words(*table);
      words[stated.position / 8] += 8;
      const Start start(words);
      const auto offsets = start.parse();
      REQUIRE(offsets);
      CHECK(offsets->free_threaded == table->free_threaded);
      const auto layout = with_debug_offsets(*table, *offsets);
      REQUIRE(layout);
      CHECK(differences(*layout, *table) == std::vector{stated.entry});
    }
  }
}

TEST_CASE("a collector's struct that ends before generation0: 3.14.0 to 3.14.4") {
  const Layout* table = find_layout(3, 14);
  REQUIRE(table != nullptr);
  auto words = stated_words(*table);
  const auto size = std::ranges::find(table->stated_offsets, "gc.size_bytes", &StatedOffset::entry);
  REQUIRE(size != table->stated_offsets.end());
  words[size->position / 8] = table->gc.generation0.offset();
  const Start start(words);
  const auto layout = with_debug_offsets(*table, *start.parse());
  REQUIRE(layout);
  CHECK_FALSE(layout->gc.generation0.is_present());
  CHECK(layout->gc.generations != 0);
}

TEST_CASE("without the cookie, or cut off, there are no debug offsets") {
  Start start(words_v3_13_0);
  CHECK(start.parse());
  CHECK_FALSE(parse_debug_offsets(std::as_bytes(std::span(start.bytes)).first(debug_offsets_bytes - 1)));
  start.bytes[0] ^= 1;
  CHECK_FALSE(start.parse());
}

TEST_CASE("an offset over its cap is refused, and one off its alignment") {
  for (const Layout* table : layouts()) {
    for (const auto& stated : table->stated_offsets) {
      CAPTURE(stated.entry);
      for (const std::uint64_t value : {~0ULL, 1ULL << 32, (1ULL << 20) + 8}) {
        Start start(stated_words(*table));
        start.bytes[stated.position / 8] = value;
        const auto layout = with_debug_offsets(*table, *start.parse());
        REQUIRE_FALSE(layout);
        CHECK(layout.error().code == ErrorCode::malformed);
      }
    }
    const auto head = std::ranges::find(table->stated_offsets, "interpreter.threads_head", &StatedOffset::entry);
    if (head == table->stated_offsets.end()) continue;
    Start start(stated_words(*table));
    start.bytes[head->position / 8] = 0x13;
    CHECK_FALSE(with_debug_offsets(*table, *start.parse()));
  }
}
