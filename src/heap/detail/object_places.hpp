// Purpose: where builtin and well-known objects keep what lies outside of them, in bytes from the object's start.
// The same in all of CPython 3.8 to 3.15 (x86-64, with the GIL); what differs is in cpython::Layout. The truth tests
// run on each interpreter of the matrix.
#pragma once

#include <cstdint>

namespace tidemark::heap::places {

inline constexpr std::uint32_t type_base = 256;         ///< PyTypeObject.tp_base, Include/cpython/object.h
inline constexpr std::uint32_t type_dict = 264;         ///< PyTypeObject.tp_dict
inline constexpr std::uint32_t first_own_word = 16;     ///< behind PyObject_HEAD
inline constexpr std::uint32_t list_items = 24;         ///< PyListObject.ob_item, Include/cpython/listobject.h
inline constexpr std::uint32_t set_table = 40;          ///< PySetObject.table, Include/cpython/setobject.h
inline constexpr std::uint32_t bytearray_buffer = 32;   ///< PyByteArrayObject.ob_bytes, to 3.14
inline constexpr std::uint32_t array_items = 24;        ///< arrayobject.ob_item, Modules/arraymodule.c
inline constexpr std::uint32_t deque_left_block = 24;   ///< dequeobject.leftblock, Modules/_collectionsmodule.c
inline constexpr std::uint32_t deque_right_link = 520;  ///< BLOCK.rightlink: behind leftlink and 64 items
inline constexpr std::uint32_t gc_head = 16;            ///< PyGC_Head before an object that the collector may track
inline constexpr std::uint32_t pre_header = 16;  ///< before that, of types with a managed dict or weak references

/// tp_flags, Include/object.h, beyond cpython::type_flags.
inline constexpr std::uint64_t managed_weakref = 1U << 3;  ///< 3.12 on
inline constexpr std::uint64_t type_ready = 1U << 12;
inline constexpr std::uint64_t have_gc = 1U << 14;
inline constexpr std::uint64_t long_subclass = 1U << 24;
inline constexpr std::uint64_t list_subclass = 1U << 25;
inline constexpr std::uint64_t tuple_subclass = 1U << 26;
inline constexpr std::uint64_t bytes_subclass = 1U << 27;
inline constexpr std::uint64_t type_subclass = 1U << 31;

}  // namespace tidemark::heap::places
