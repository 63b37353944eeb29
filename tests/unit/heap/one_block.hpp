// Purpose: a block of an allocator made by hand, and what the recogniser says of it.
#pragma once

#include <vector>

#include "detail/recogniser.hpp"
#include "fake_python.hpp"

namespace tidemark::heap::test {

inline constexpr std::uint64_t place = 0x2000'0000;  ///< where the block lies
inline constexpr std::uint64_t debug_letter = std::uint64_t{0xfd'fdfd'fdfd'fdfd} << 8;

/// One block at a time.
struct OneBlock {
  explicit OneBlock(unsigned minor = 11) : python(space, layout_of(minor)) { space.map(place, 4 * page); }

  [[nodiscard]] Recognised look(std::uint64_t size, std::uint64_t slack = 16) {
    bytes.assign(size, {});
    REQUIRE(space.image().read({place}, bytes));
    return recogniser.look({.bytes = bytes.data(), .seen = size, .size = size, .slack = slack});
  }
  [[nodiscard]] bool is(std::uint64_t size, std::uint64_t type, std::uint32_t offset = 0) {
    const auto found = look(size);
    return found.type != nullptr && found.type->address == type && found.offset == offset;
  }
  void clear() { REQUIRE(space.image().overwrite({place}, std::vector<std::byte>(4 * page))); }
  void debug_head(std::uint64_t asked, char api) {
    space.put(place, __builtin_bswap64(asked));
    space.put_word(place + 8, debug_letter | static_cast<unsigned char>(api));
  }

  FakeSpace space;
  FakePython python;
  ArenaSet arenas;
  TypeTable types{space, python.layout(), python.type_type, arenas};
  Recogniser recogniser{types};
  std::vector<std::byte> bytes;
};

}  // namespace tidemark::heap::test
