// Purpose: one object of the target as text, as repr() would say it, as far as memory alone tells: no code of the
// target runs, so a __repr__ of its own is not followed. Invariants: whatever the target has, the text is valid UTF-8
// without control characters and without what changes the direction of text, no wider than asked for, and made of a
// bounded number of reads. What cannot be read is said in place ("<unreadable at 0x…>").
//
// builtin values  as repr(): 1, -7, 1.5, 'text', b'bytes', [1, 2, … 98 more], {'a': 1}, {1, 2}, None
// large ints      "int of 1,234 bits", beyond 40 digits
// subclasses      Name(value); named tuples Point(x=1, y=2); members of an enum <Colour.RED: 1>
// exceptions      ValueError('no', 1)
// instances       shop.Order(number=7, lines=[…]): __dict__ and __slots__, those of the bases first
// numpy arrays    ndarray(shape=(3, 4), dtype=float64, 96 B)
// types, functions, modules, code  <class 'm.Q'>, <function m.f>, <module 'os'>, <code of f>
// all else        <module.Type at 0x…>
#pragma once

#include <cstddef>
#include <string>

#include "tidemark/base/address.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

struct RenderOptions {
  std::size_t columns = 72;  ///< of a terminal; what is longer ends with "…"
  std::size_t depth = 2;     ///< containers within containers that are shown; deeper ones are "[…]"
  std::size_t items = 8;     ///< of one container, or attributes of one instance; the rest is counted
};

/// No text is longer, whatever is asked for.
inline constexpr std::size_t max_render_columns = 10'000;
/// Objects that one text is made of.
inline constexpr std::size_t max_rendered_objects = 1'000;

[[nodiscard]] std::string render_object(const memory::MemorySource& memory, const Layout& layout, base::Address object,
                                        const RenderOptions& options = {});

/// "module.qualname" of a type; "int", "collections.deque". Empty when it cannot be read.
[[nodiscard]] std::string render_type_name(const memory::MemorySource& memory, const Layout& layout,
                                           base::Address type);

}  // namespace tidemark::cpython
