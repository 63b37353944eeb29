// Purpose: the attributes that an object of the target has of its own (its __dict__), wherever its version keeps them.
// Invariants: as of dicts.hpp. What led to the attributes is given along with them as words of the target: as long as
// these are the same, the attributes are there.
//
// Upstream: _PyObject_GetDictPtr (Objects/object.c) for types with tp_dictoffset; for Py_TPFLAGS_MANAGED_DICT (3.11 on)
// Include/internal/pycore_object.h: 3.11 has a pointer to values and one to a dict before the object, 3.12 one word
// that is either, 3.13 on a pointer to a dict before it and, with Py_TPFLAGS_INLINE_VALUES, the values behind it, which
// hold until their `valid` is 0.
#pragma once

#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/dicts.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// tp_flags, Include/object.h.
namespace type_flags {
inline constexpr std::uint64_t inline_values = 1U << 2;    ///< 3.13 on
inline constexpr std::uint64_t managed_weakref = 1U << 3;  ///< 3.12 on
inline constexpr std::uint64_t managed_dict = 1U << 4;     ///< 3.11 on
inline constexpr std::uint64_t heap_type = 1U << 9;
inline constexpr std::uint64_t ready = 1U << 12;
inline constexpr std::uint64_t have_gc = 1U << 14;
inline constexpr std::uint64_t long_subclass = 1U << 24;
inline constexpr std::uint64_t list_subclass = 1U << 25;
inline constexpr std::uint64_t tuple_subclass = 1U << 26;
inline constexpr std::uint64_t bytes_subclass = 1U << 27;
inline constexpr std::uint64_t str_subclass = 1U << 28;
inline constexpr std::uint64_t dict_subclass = 1U << 29;
inline constexpr std::uint64_t exception_subclass = 1U << 30;
inline constexpr std::uint64_t type_subclass = 1U << 31;
}  // namespace type_flags

/// What a type says of its instances.
struct TypeShape {
  std::uint64_t flags = 0;
  std::int64_t basic_size = 0, item_size = 0;
  std::int64_t dict_offset = 0;    ///< negative: from the end of the object
  base::Address cached_keys = {};  ///< null for a type that is no heap type

  [[nodiscard]] bool has(std::uint64_t flag) const { return (flags & flag) != 0; }
};

/// Errors: those of reading, `malformed` (the layout lacks a field).
[[nodiscard]] base::Result<TypeShape> read_type_shape(const memory::MemorySource& memory, const Layout& layout,
                                                      base::Address type);

/// A word of the target, as it was.
struct Word {
  base::Address at;
  std::uint64_t value = 0;

  bool operator==(const Word&) const = default;
};

/// Where the attributes of one object are at the moment: in a dict, in values under the keys that its type shares, or
/// (both null) nowhere: it has none.
struct AttributePlace {
  base::Address dict;
  base::Address first_value;  ///< the keys are the type's cached_keys
  std::vector<Word> words;    ///< in the object itself
};

/// `shape` is that of the object's type. Errors: those of reading, `malformed`.
[[nodiscard]] base::Result<AttributePlace> find_attributes(const memory::MemorySource& memory, const Layout& layout,
                                                           base::Address object, const TypeShape& shape);

struct Attributes {
  std::vector<DictItem> items;
  std::vector<Word> words;  ///< where they are: in the object, and in its dict
};

/// Errors: as read_dict; `torn` also when the object moved its attributes meanwhile.
[[nodiscard]] base::Result<Attributes> read_attributes(const memory::MemorySource& memory, const Layout& layout,
                                                       base::Address object, const TypeShape& shape, std::size_t cap);

}  // namespace tidemark::cpython
