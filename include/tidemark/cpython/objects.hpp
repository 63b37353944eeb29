// Purpose: strings, bytes and ints of the target as values of ours.
// Invariant: what a header says of its length passes a named cap before anything is allocated or read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// Longer names are cut here and end with an ellipsis.
inline constexpr std::size_t max_name_characters = 4096;
/// Of one code object; 1 MiB of table stands for some 200,000 instructions.
inline constexpr std::size_t max_line_table_bytes = 1 << 20;
/// Characters of a C string.
inline constexpr std::size_t max_c_string_bytes = 64;

/// A place where an object can be: not null, aligned as malloc and pymalloc align, in user space.
[[nodiscard]] bool is_plausible_pointer(base::Address address);

/// What the state word of a PyUnicode says: all of its characters are ASCII and follow its head.
[[nodiscard]] bool is_compact_ascii(const Layout& layout, std::uint32_t state);

/// A compact PyUnicode of any kind as UTF-8; surrogates, which UTF-8 cannot hold, become U+FFFD. Errors: those of
/// reading, `malformed` (no compact string; a kind that does not exist).
[[nodiscard]] base::Result<std::string> read_unicode(const memory::MemorySource& memory, const Layout& layout,
                                                     base::Address object);

/// Where a compact PyUnicode lies, from its length to the end of its characters (of which max_name_characters count).
/// Errors: as read_unicode.
[[nodiscard]] base::Result<Extent> unicode_extent(const memory::MemorySource& memory, const Layout& layout,
                                                  base::Address object);

/// Where a PyLong lies that read_integer reads, from its size to the end of its digits. Errors: as read_integer.
[[nodiscard]] base::Result<Extent> integer_extent(const memory::MemorySource& memory, const Layout& layout,
                                                  base::Address object);

/// A PyLong that is not negative and no longer than 64 bits. Errors: those of reading, `malformed` (any other int).
[[nodiscard]] base::Result<std::uint64_t> read_integer(const memory::MemorySource& memory, const Layout& layout,
                                                       base::Address object);

/// The contents of a bytes object. Errors: those of reading, `malformed` (a negative size), `limit`.
[[nodiscard]] base::Result<std::vector<std::byte>> read_bytes_object(const memory::MemorySource& memory,
                                                                     const Layout& layout, base::Address object,
                                                                     std::size_t cap_bytes);

}  // namespace tidemark::cpython
