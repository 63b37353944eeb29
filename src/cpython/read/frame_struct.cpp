#include "frame_struct.hpp"

#include <algorithm>

namespace tidemark::cpython {

namespace {

using base::Address;

/// Where the frame is in its code, in bytes from the first instruction.
std::optional<std::int64_t> instruction_in(const Layout& layout, Address code, const Piece& piece) {
  if (const auto index = piece.get(layout.frame.last_instruction)) {
    if (layout.frame.last_instruction_bytes == 0) return std::nullopt;
    return std::int64_t{*index} * layout.frame.last_instruction_bytes;
  }
  const auto instruction = piece.get(layout.frame.instruction);
  if (!instruction) return std::nullopt;
  return static_cast<std::int64_t>(instruction->value - code.plus(layout.code.instructions).value);
}

}  // namespace

Extent frame_extent(const Layout& layout) {
  const auto& frame = layout.frame;
  return extent_of(frame.code, frame.previous, frame.instruction, frame.last_instruction, frame.owner, frame.executing);
}

std::optional<Frame> decode_frame(const Layout& layout, Address address, const Piece& piece) {
  auto code = piece.get(layout.frame.code);
  const auto previous = piece.get(layout.frame.previous);
  if (!code || !previous) return std::nullopt;
  code->value &= ~layout.frame.code_tags;
  const auto instruction = instruction_in(layout, *code, piece);
  const auto owner = piece.get(layout.frame.owner);
  const bool has_owner = layout.frame.owner.is_present() || layout.frame.owner_generator || layout.frame.owner_c_stack;
  if (!instruction || (has_owner && !owner)) return std::nullopt;
  return Frame{.address = address,
               .code = *code,
               .previous = *previous,
               .instruction_bytes = *instruction,
               .owner = owner.value_or(0),
               .is_executing = piece.get(layout.frame.executing).value_or(layout.frame.executing_value) ==
                               layout.frame.executing_value};
}

bool is_same_call(const Frame& a, const Frame& b) {
  return a.code == b.code && a.previous == b.previous && a.owner == b.owner;
}

bool is_shim(const Layout& layout, const Frame& frame) {
  return layout.frame.owner_c_stack && frame.owner >= *layout.frame.owner_c_stack;
}

bool is_begun(const Layout& layout, const Frame& frame, const CodeHead& code) {
  if (layout.frame.owner_generator && frame.owner == *layout.frame.owner_generator) return true;
  return frame.instruction_bytes >= std::max(code.first_traceable, 0) * code_unit_bytes;
}

base::Result<std::int64_t> code_unit_of(const Frame& frame, std::int64_t code_units) {
  // As CPython: the instruction before the first one stands for a frame that has not run yet.
  const std::int64_t unit = frame.instruction_bytes / code_unit_bytes;
  if (frame.instruction_bytes % code_unit_bytes == 0 && unit >= -1 && unit < code_units) return unit;
  return base::fail(base::Error{.code = base::ErrorCode::torn,
                                .doing = "read a frame",
                                .address = frame.address,
                                .detail = "the instruction is not in its code"});
}

}  // namespace tidemark::cpython
