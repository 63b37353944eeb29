// Purpose: what each `__sizeof__` that is known computes, from an object's bytes.
// Invariants: sizes are without what lies before the object, which sys.getsizeof() adds (see below); what is read
// passes a cap, and an object that no rule can be of has no size. Builds with the GIL only.
//
// Sources, CPython 3.8 to 3.15; what differs from release to release is in cpython::Layout:
//
//   rule           computes                                                          where
//   object         tp_basicsize + ob_size * tp_itemsize; also of bytes, tuple,       Objects/typeobject.c
//                  memoryview, mmap, StringIO, partial, and generators to 3.10
//   integer        head + 4 for each digit; from 3.11.2 on 0 has one, from 3.12      Objects/longobject.c
//                  on the head is tp_basicsize
//   str            one or two blocks, and cached UTF-8 and wchar_t copies            Objects/unicodeobject.c
//   list           + 8 for each of `allocated`                                       Objects/listobject.c
//   bytearray      + ob_alloc; 3.15: + the head of the bytes object that it has      Objects/bytearrayobject.c
//   dict           + 8 for each value of shared keys, + keys that only it has        Objects/dictobject.c
//                  (dk_refcnt is 1); frozendict (3.15) too
//   ordered_dict   + od_fast_nodes and a node of 32 bytes for each item              Objects/odictobject.c
//   set            + 16 for each slot of a table that is not the small one           Objects/setobject.c
//   type           sizeof(PyHeapTypeObject) + the keys that instances share; a       Objects/typeobject.c
//                  static type, which is in no allocator's block, has no size here
//   code           + co_extra; to 3.10 + co_cell2arg and the caches of opcodes       Objects/codeobject.c
//   frame          3.11 on: + 8 for each local and slot of the stack of its code;    Objects/frameobject.c
//                  to 3.10 the same less one
//   generator      3.11 on: + 8 for each local and slot of the stack of its code     Objects/genobject.c
//   deque          + blocks of 528 bytes                                             Modules/_collectionsmodule.c
//   array          + allocated * itemsize                                            Modules/arraymodule.c
//   bytes_io       + sys.getsizeof() of a buffer that only it has                    Modules/_io/bytesio.c
//   buffered       + buffer_size, unless it is detached                              Modules/_io/bufferedio.c
//   struct_format  + 32 for each code of its format, and one more                    Modules/_struct.c
//   element        + sizeof(ElementObjectExtra), + 8 for each of more than 4         Modules/_elementtree.c
//   decimal        + 8 for each word of a coefficient that is not inside             Modules/_decimal/_decimal.c
//   product        + 8 for each pool                                                 Modules/itertoolsmodule.c
//   combinations   + 8 for each of r; also with replacement                          Modules/itertoolsmodule.c
//   permutations   + 8 for each of r and of the pool                                 Modules/itertoolsmodule.c
//   ndarray        + 16 for each dimension, + the data where it owns them            numpy/core/src/multiarray
//   numpy_scalar   + the item once more                                              scalartypes.c.src
//
// sys.getsizeof() adds sizeof(PyGC_Head) of a type that the collector knows, and from 3.11 on two words of one with a
// managed dict, from 3.12 on or with managed weak references (_PyType_PreHeaderSize): TypeEntry::head_bytes.
//
// Not known: _pickle.Pickler and Unpickler, ctypes' StgDict and CType_Type, _queue.SimpleQueue (3.15), all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::heap {

enum class SizeRule : std::uint8_t {
  object,
  integer,
  str,
  list,
  bytearray,
  dict,
  ordered_dict,
  set,
  type,
  code,
  frame,
  generator,
  deque,
  array,
  bytes_io,
  buffered,
  struct_format,
  element,
  decimal,
  product,
  combinations,
  permutations,
  ndarray,
  numpy_scalar,
};

/// Of the class whose `__sizeof__` it is (cpython::find_sizeof), by its tp_name; only for one that is no Python class.
[[nodiscard]] std::optional<SizeRule> find_size_rule(std::string_view owner);

/// No rule looks at more of the object itself.
inline constexpr std::size_t most_sized_bytes = 224;

struct SizedObject {
  const cpython::Layout& layout;
  std::uint64_t address = 0;
  std::span<const std::byte> seen;  ///< from its start on, as many as there are at hand: the rest is read when needed
  std::int64_t basic_size = 0, item_size = 0;  ///< of its type
  std::int64_t owner_basic_size = 0;           ///< tp_basicsize of the class whose __sizeof__ it is
  std::string_view type_name = {};             ///< tp_name of its type
};

/// What `__sizeof__` says. `memory` is read only where a rule needs more than `seen`. nullopt: what lies there is no
/// such object, or cannot be read.
[[nodiscard]] std::optional<std::uint64_t> size_by_rule(SizeRule rule, const SizedObject& object,
                                                        const memory::MemorySource& memory);

/// From 3.15 on a bytearray has its bytes in a bytes object of its own; `basic_size` is that of bytearray.
[[nodiscard]] constexpr bool has_bytes_object(std::int64_t basic_size) { return basic_size >= 64; }

/// Bytes of a PyDictKeysObject with its table (_PyDict_KeysSize).
[[nodiscard]] std::optional<std::uint64_t> size_of_keys(const cpython::Layout& layout, std::uint64_t keys,
                                                        const memory::MemorySource& memory);

}  // namespace tidemark::heap
