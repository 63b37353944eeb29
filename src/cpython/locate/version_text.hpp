// Purpose: the version of a CPython before 3.11, which exports none as a number: Py_GetVersion keeps it as text.
// Invariant: a text is taken for the version only as a whole: number, build in parentheses, compiler in brackets.
#pragma once

#include <optional>
#include <string_view>

#include "module.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// Of the zero-filled memory of a module, in which the text is looked for. That of 3.8 to 3.10 has 130 KiB.
inline constexpr std::size_t max_zero_filled_bytes = 8 << 20;

/// The first version in `bytes` that is one: "3.9.18 (main, May  9 2026, 07:33:49) \n[GCC 12.2.0]".
[[nodiscard]] std::optional<Version> find_version(std::string_view bytes);

/// Py_GetVersion's buffer, which the interpreter fills while it starts. nullopt: it has not, or its page is not
/// resident.
[[nodiscard]] std::optional<Version> find_version(const Module& module, const memory::MemorySource& memory);

}  // namespace tidemark::cpython
