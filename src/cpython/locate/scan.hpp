// Purpose: a runtime that no table of symbols names, found by what it holds.
// Invariants: what is found here is a guess that was checked by its links alone: it is used only after the strict
// self-check. Only memory of one module is searched, at most max_writable_bytes of it.
#pragma once

#include <optional>
#include <vector>

#include "module.hpp"
#include "segment_copy.hpp"
#include "tidemark/cpython/layout.hpp"

namespace tidemark::cpython {

/// More places that look like a runtime are not tried.
inline constexpr std::size_t max_scan_candidates = 16;
/// Interpreters of one process that are walked.
inline constexpr std::size_t max_scanned_interpreters = 256;

/// Where the cookie of _Py_DebugOffsets stands (3.13 on), in the order of the addresses.
[[nodiscard]] std::vector<base::Address> scan_for_cookie(const std::vector<SegmentCopy>& copies);

/// Where something is initialised, names a main interpreter that the list of interpreters leads to, and the newest
/// thread state of which points back at it and at no other before it.
[[nodiscard]] std::vector<base::Address> scan_for_runtime(const std::vector<SegmentCopy>& copies, const Layout& layout,
                                                          const memory::MemorySource& memory);

/// PyCode_Type: a type of the size that the layout says, of the name "code", whose own type is "type".
[[nodiscard]] std::optional<base::Address> scan_for_code_type(const std::vector<SegmentCopy>& copies,
                                                              const Layout& layout, const Module& module,
                                                              const memory::MemorySource& memory);

/// The name of a type is a constant, whose page is often not resident: then it is as in the file.
[[nodiscard]] base::Result<bool> is_type_named(const Layout& layout, const Module& module,
                                               const memory::MemorySource& memory, base::Address type,
                                               std::string_view name);

}  // namespace tidemark::cpython
