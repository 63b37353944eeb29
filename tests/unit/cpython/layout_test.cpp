#include "tidemark/cpython/layout.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <vector>

#include "debug_offsets_v3_13_0.hpp"

using namespace tidemark::cpython;  // the room under test
using tidemark::base::Address;
using tidemark::base::ErrorCode;
using tidemark::cpython::test::words_v3_13_0;

namespace {

using Words = std::array<std::uint64_t, 73>;

std::optional<DebugOffsets> parse(const Words& words) { return parse_debug_offsets(std::as_bytes(std::span(words))); }

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
  CHECK(layouts().size() == 6);
  for (const Layout* layout : layouts()) {
    CHECK(find_layout(layout->major, layout->minor) == layout);
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
  }
  CHECK(find_layout(3, 7) == nullptr);
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
  const auto offsets = parse(words_v3_13_0);
  REQUIRE(offsets);
  CHECK_FALSE(offsets->free_threaded);
  CHECK(version_of(offsets->py_version_hex).minor == 13);
  const Layout& table = table_3_13();
  const auto stated = with_debug_offsets(table, *offsets);
  REQUIRE(stated);
  CHECK(stated->origin == LayoutOrigin::debug_offsets);
  CHECK(stated->interpreter.threads_head.offset() == table.interpreter.threads_head.offset());
  CHECK(stated->interpreter.gil.offset() == table.interpreter.gil.offset());
  CHECK(stated->interpreter.gc == table.interpreter.gc);
  CHECK(stated->gil.last_holder.offset() == table.gil.last_holder.offset());
  CHECK(stated->gil.locked.offset() == table.gil.locked.offset());
  CHECK(stated->thread.prev.offset() == table.thread.prev.offset());
  CHECK(stated->thread.next.offset() == table.thread.next.offset());
  CHECK(stated->thread.interp.offset() == table.thread.interp.offset());
  CHECK(stated->thread.current_frame.offset() == table.thread.current_frame.offset());
  CHECK(stated->thread.native_thread_id.offset() == table.thread.native_thread_id.offset());
  CHECK(stated->frame.code.offset() == table.frame.code.offset());
  CHECK(stated->frame.previous.offset() == table.frame.previous.offset());
  CHECK(stated->frame.instruction.offset() == table.frame.instruction.offset());
  CHECK(stated->frame.owner.offset() == table.frame.owner.offset());
  CHECK(stated->code.first_line.offset() == table.code.first_line.offset());
  CHECK(stated->code.filename.offset() == table.code.filename.offset());
  CHECK(stated->code.qualname.offset() == table.code.qualname.offset());
  CHECK(stated->code.line_table.offset() == table.code.line_table.offset());
  CHECK(stated->code.instructions == table.code.instructions);
  CHECK(stated->object.type.offset() == table.object.type.offset());
  CHECK(stated->object.size.offset() == table.object.size.offset());
  CHECK(stated->type.name.offset() == table.type.name.offset());
  CHECK(stated->bytes.data == table.bytes.data);
  CHECK(stated->unicode.length.offset() == table.unicode.length.offset());
  CHECK(stated->unicode.state.offset() == table.unicode.state.offset());
  CHECK(stated->unicode.ascii_data == table.unicode.ascii_data);
}

TEST_CASE("without the cookie, or cut off, there are no debug offsets") {
  Words words = words_v3_13_0;
  words[0] ^= 1;
  CHECK_FALSE(parse(words));
  CHECK_FALSE(parse_debug_offsets(std::as_bytes(std::span(words_v3_13_0)).first(debug_offsets_bytes - 1)));
}

TEST_CASE("an offset over its cap or off its alignment is refused") {
  const Layout& table = table_3_13();
  const std::vector<std::size_t> pointers{9, 10, 14, 15, 18, 20, 21, 22, 23, 25, 29, 30, 31};
  for (const std::size_t word : pointers) {
    for (const std::uint64_t value : {~0ULL, 1ULL << 32, (1ULL << 20) + 8, 0x13ULL}) {
      Words words = words_v3_13_0;
      words[word] = value;
      const auto offsets = parse(words);
      REQUIRE(offsets);
      const auto stated = with_debug_offsets(table, *offsets);
      REQUIRE_FALSE(stated);
      CHECK(stated.error().code == ErrorCode::malformed);
    }
  }
}
