// Purpose: which line an instruction belongs to, out of co_linetable (PEP 626; the location table of 3.11 on,
// Objects/locations.md of CPython).
// Invariant: the table is hostile: no byte outside it is touched, whatever it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "tidemark/base/result.hpp"

namespace tidemark::cpython {

/// `code_unit` counts the 2-byte units from the first instruction. Before the first one (-1: a frame that has not run
/// yet) it is `first_line`, as in PyCode_Addr2Line. nullopt: the instruction has no line. Errors: `malformed` for an
/// entry that is cut off, a number that is too long, or a table that ends before the instruction.
[[nodiscard]] base::Result<std::optional<std::int64_t>> line_of(std::span<const std::byte> table,
                                                                std::int32_t first_line, std::int64_t code_unit);

}  // namespace tidemark::cpython
