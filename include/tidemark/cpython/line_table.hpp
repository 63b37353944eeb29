// Purpose: which line an instruction belongs to, out of a code object's table, in each of the formats that there are:
// co_lnotab (Objects/lnotab_notes.txt of CPython 3.9), the ranges of PEP 626 (the same of 3.10), the location table
// (Objects/locations.md of 3.11 on).
// Invariant: the table is hostile: no byte outside it is touched, whatever it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"

namespace tidemark::cpython {

/// `code_unit` counts the 2-byte units from the first instruction. Before the first one (-1: a frame that has not run
/// yet) it is `first_line`, as in PyCode_Addr2Line. nullopt: the instruction has no line. Errors: `malformed` for an
/// entry that is cut off, a number that is too long, or a table that ends before the instruction (a lnotab ends with
/// the last line, which goes on to the end of the code).
[[nodiscard]] base::Result<std::optional<std::int64_t>> line_of(Layout::LineTable format,
                                                                std::span<const std::byte> table,
                                                                std::int32_t first_line, std::int64_t code_unit);

}  // namespace tidemark::cpython
