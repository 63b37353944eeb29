// Purpose: where builtin and well-known objects keep what lies outside of them, in bytes from the object's start.
// The same in all of CPython 3.8 to 3.15 (x86-64, with the GIL); what differs is in cpython::Layout. The truth tests
// run on each interpreter of the matrix.
#pragma once

#include <cstdint>

namespace tidemark::heap::places {

inline constexpr std::uint32_t first_own_word = 16;     ///< behind PyObject_HEAD
inline constexpr std::uint32_t list_items = 24;         ///< PyListObject.ob_item, Include/cpython/listobject.h
inline constexpr std::uint32_t set_table = 40;          ///< PySetObject.table, Include/cpython/setobject.h
inline constexpr std::uint32_t bytearray_buffer = 32;   ///< PyByteArrayObject.ob_bytes, to 3.14
inline constexpr std::uint32_t array_items = 24;        ///< arrayobject.ob_item, Modules/arraymodule.c
inline constexpr std::uint32_t deque_left_block = 24;   ///< dequeobject.leftblock, Modules/_collectionsmodule.c
inline constexpr std::uint32_t deque_right_link = 520;  ///< BLOCK.rightlink: behind leftlink and 64 items
inline constexpr std::uint32_t gc_head = 16;            ///< PyGC_Head before an object that the collector may track
inline constexpr std::uint32_t pre_header = 16;  ///< before that, of types with a managed dict or weak references

}  // namespace tidemark::heap::places
