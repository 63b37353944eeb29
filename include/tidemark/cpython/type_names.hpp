// Purpose: what a type of the target is called: tp_name, and of a class that Python code made __qualname__ and
// __module__. Invariants: every length passes a cap; texts are as the target has them: hostile.
//
// Upstream: PyTypeObject.tp_name is a C string; PyHeapTypeObject has ht_qualname before ht_cached_keys
// (Include/cpython/object.h); __module__ is an item of the class's dict.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// Appends a C string to `text`, up to its 0 or `cap` characters; never reads beyond the page that it ends in. Errors:
/// those of reading; what was read before one stays in `text`.
[[nodiscard]] base::Result<void> append_c_string(const memory::MemorySource& memory, base::Address at, std::size_t cap,
                                                 std::string& text);
/// The same, whole or not at all.
[[nodiscard]] base::Result<std::string> read_c_string(const memory::MemorySource& memory, base::Address at,
                                                      std::size_t cap);

/// Empty when it cannot be read.
[[nodiscard]] std::string read_class_qualname(const memory::MemorySource& memory, const Layout& layout,
                                              base::Address type);
/// Of a class whose dict this is, with at most `cap` attributes. nullopt when it cannot be read.
[[nodiscard]] std::optional<std::string> read_class_module(const memory::MemorySource& memory, const Layout& layout,
                                                           base::Address dict, std::size_t cap);

}  // namespace tidemark::cpython
