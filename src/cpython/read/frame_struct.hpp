// Purpose: one frame as the target keeps it, whatever its version: a PyFrameObject to 3.10, an _PyInterpreterFrame
// after. Invariant: nothing here follows a pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "code_cache.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"

namespace tidemark::cpython {

inline constexpr std::int64_t code_unit_bytes = 2;  // sizeof(_Py_CODEUNIT)

struct Frame {
  base::Address address;
  base::Address code, previous;
  std::int64_t instruction_bytes = 0;  ///< from the code object's own first instruction; negative before it
  std::int32_t bytecode_index = 0;     ///< which copy of the instructions it runs; 0: the code object's own
  std::uint8_t owner = 0;              ///< 0 where the layout has none
  bool is_executing = true;            ///< false when the frame itself says that it does not run

  bool operator==(const Frame&) const = default;
};

/// What is read of a frame.
[[nodiscard]] Extent frame_extent(const Layout& layout);

/// nullopt when the piece lacks a field.
[[nodiscard]] std::optional<Frame> decode_frame(const Layout& layout, base::Address address, const Piece& piece);

/// Whether two copies are of the same call: all but the instruction.
[[nodiscard]] bool is_same_call(const Frame& a, const Frame& b);

/// A frame that C pushed and that no traceback shows.
[[nodiscard]] bool is_shim(const Layout& layout, const Frame& frame);

/// Whether it can be a frame that lies by itself. What a pointer that is out of date leads to mostly can not.
[[nodiscard]] bool may_be_loose(const Layout& layout, const Frame& frame);

/// _PyFrame_IsIncomplete of CPython 3.11 on, turned round. To 3.10 a frame that has not begun is the innermost one only
/// for the moment before its first instruction; its caller is where the program is. One that runs a copy of the
/// instructions that `code` does not know counts as begun: code_unit_of refuses it.
[[nodiscard]] bool is_begun(const Layout& layout, const Frame& frame, const CachedCode& code);

/// The code unit that the frame is at, in whichever copy of its code it runs. Error: `torn` when it is not in it. -1 is
/// a frame that has not run yet (a fresh generator).
[[nodiscard]] base::Result<std::int64_t> code_unit_of(const Frame& frame, const CachedCode& code);

}  // namespace tidemark::cpython
