// Purpose: whether a block of an allocator is a Python object, and what it points to outside of itself.
// Invariants: a block counts as an object only when the word where its type would stand is a type (types.hpp), its
// reference count is not 0 and the size that the type gives fits the block. Works on copied bytes alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "object_places.hpp"
#include "types.hpp"
#include "window.hpp"

namespace tidemark::heap {

/// A block as its allocator gives it.
struct Block {
  const std::byte* bytes = nullptr;  ///< of its first `seen` bytes
  std::uint64_t seen = 0;
  std::uint64_t size = 0;   ///< usable
  std::uint64_t slack = 0;  ///< an object that fills the block is smaller by less than this
};

struct Recognised {
  TypeEntry* type = nullptr;  ///< null: no object
  std::uint32_t offset = 0;   ///< where the object begins in the block
  bool is_debug = false;      ///< wrapped by PYTHONMALLOC=debug: what it holds begins 16 bytes on
};

class Recogniser {
 public:
  explicit Recogniser(TypeTable& types);

  [[nodiscard]] Recognised look(const Block& block);

  /// Calls `visit(address)` for each word that may lead to memory of the object's own. `object` has `seen` bytes.
  template <class Visit>
  void visit_pointers(const TypeEntry& type, const std::byte* object, std::uint64_t seen, Visit&& visit) const;

 private:
  [[nodiscard]] TypeEntry* object_at(const Block& block, std::uint32_t offset, bool wants_gc);
  [[nodiscard]] bool fits(const TypeEntry& type, const Block& block, std::uint32_t offset) const;
  /// Whether the values of an object's attributes can begin at `begin` of it; `room` is what the block has from there.
  [[nodiscard]] static bool fits_values(std::span<const std::byte> object, std::uint64_t begin, std::uint64_t room,
                                        std::uint64_t slack);
  [[nodiscard]] std::uint64_t size_of_int(const std::byte* object, std::uint64_t seen) const;
  [[nodiscard]] std::uint64_t size_of_str(const std::byte* object, std::uint64_t seen) const;
  [[nodiscard]] bool is_ascii_str(const std::byte* object, std::uint64_t seen, bool& is_compact) const;

  TypeTable& types_;
  const cpython::Layout& layout_;
  std::uint32_t type_at_, size_at_;
};

/// PYTHONMALLOC=debug puts before a block its size (big-endian), a letter and 7 times 0xFD: Objects/obmalloc.c, 3.8 on.
[[nodiscard]] bool is_debug_head(const std::byte* block, std::uint64_t seen);
inline constexpr std::uint32_t debug_head_bytes = 16;
inline constexpr std::uint32_t debug_tail_bytes = 8;

template <class Visit>
void Recogniser::visit_pointers(const TypeEntry& type, const std::byte* object, std::uint64_t seen,
                                Visit&& visit) const {
  const auto word_at = [&](std::uint64_t at) {
    if (at + sizeof(std::uint64_t) <= seen) visit(load(object + at));
  };
  switch (type.kind) {
    case ObjectKind::integer:
    case ObjectKind::floating:
    case ObjectKind::bytes:
    case ObjectKind::tuple:
    case ObjectKind::function:
    case ObjectKind::mmap:
      return;  // all of it is in one piece, or in a mapping
    case ObjectKind::list:
      return word_at(places::list_items);
    case ObjectKind::dict:
      word_at(layout_.dict.keys.is_present() ? layout_.dict.keys.offset() : seen);
      return word_at(layout_.dict.values.is_present() ? layout_.dict.values.offset() : seen);
    case ObjectKind::set:
      return word_at(places::set_table);
    case ObjectKind::bytearray:
      return word_at(places::bytearray_buffer);
    case ObjectKind::array:
      return word_at(places::array_items);
    case ObjectKind::str: {
      bool is_compact = true;
      if (is_ascii_str(object, seen, is_compact)) return;
      // PyCompactUnicodeObject.utf8 (Include/cpython/unicodeobject.h); else PyUnicodeObject.data.
      word_at(layout_.unicode.ascii_data + sizeof(std::uint64_t));
      if (!is_compact) word_at(layout_.unicode.compact_data);
      return;
    }
    default:
      break;
  }
  // Its fixed part: items behind it are objects, or bytes that mean nothing.
  const auto end = std::min<std::uint64_t>(seen, static_cast<std::uint64_t>(type.basic_size));
  for (std::uint64_t at = places::first_own_word; at + sizeof(std::uint64_t) <= end; at += sizeof(std::uint64_t)) {
    visit(load(object + at));
  }
}

}  // namespace tidemark::heap
