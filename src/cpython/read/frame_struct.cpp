#include "frame_struct.hpp"

#include <algorithm>

#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

/// In bytes from the code object's own first instruction.
std::optional<std::int64_t> instruction_in(const Layout& layout, Address code, const Piece& piece) {
  if (const auto index = piece.get(layout.frame.last_instruction)) {
    if (layout.frame.last_instruction_bytes == 0) return std::nullopt;
    return std::int64_t{*index} * layout.frame.last_instruction_bytes;
  }
  const auto instruction = piece.get(layout.frame.instruction);
  if (!instruction) return std::nullopt;
  return static_cast<std::int64_t>(instruction->value - code.plus(layout.code.instructions).value);
}

/// In bytes from the first instruction of the copy that the frame runs; nullopt when there is no such copy.
std::optional<std::int64_t> instruction_in_copy(const Frame& frame, const CachedCode& code) {
  if (frame.bytecode_index == 0) return frame.instruction_bytes;
  const auto& starts = code.bytecodes;
  if (frame.bytecode_index < 0 || static_cast<std::size_t>(frame.bytecode_index) >= starts.size()) return std::nullopt;
  const Address start = starts[static_cast<std::size_t>(frame.bytecode_index)];
  if (start.is_null()) return std::nullopt;
  // Modulo 2^64, as what a hostile target may say of both.
  const std::uint64_t distance = start.value - starts.front().value;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(frame.instruction_bytes) - distance);
}

}  // namespace

Extent frame_extent(const Layout& layout) {
  const auto& frame = layout.frame;
  return extent_of(frame.code, frame.previous, frame.instruction, frame.last_instruction, frame.owner, frame.executing,
                   frame.bytecode_index);
}

std::optional<Frame> decode_frame(const Layout& layout, Address address, const Piece& piece) {
  auto code = piece.get(layout.frame.code);
  const auto previous = piece.get(layout.frame.previous);
  if (!code || !previous) return std::nullopt;
  code->value &= ~layout.frame.code_tags;
  const auto instruction = instruction_in(layout, *code, piece);
  const auto owner = piece.get(layout.frame.owner);
  const auto index = piece.get(layout.frame.bytecode_index);
  const bool has_owner = layout.frame.owner.is_present() || layout.frame.owner_generator || layout.frame.owner_c_stack;
  if (!instruction || (has_owner && !owner)) return std::nullopt;
  if (layout.frame.bytecode_index.is_present() && !index) return std::nullopt;
  return Frame{.address = address,
               .code = *code,
               .previous = *previous,
               .instruction_bytes = *instruction,
               .bytecode_index = index.value_or(0),
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

bool may_be_loose(const Layout& layout, const Frame& frame) {
  if (is_shim(layout, frame)) return frame.owner <= *layout.frame.owner_c_stack + 1;  // 3.14 has two kinds
  const bool lies_in_chunks = layout.thread.datastack_chunk.is_present();
  if (lies_in_chunks && layout.frame.owner_generator && frame.owner != *layout.frame.owner_generator) return false;
  return is_plausible_pointer(frame.code) && frame.code.value % alignof(void*) == 0;
}

bool is_begun(const Layout& layout, const Frame& frame, const CachedCode& code) {
  if (layout.frame.owner_generator && frame.owner == *layout.frame.owner_generator) return true;
  const auto instruction = instruction_in_copy(frame, code);
  return !instruction || *instruction >= std::max(code.head.first_traceable, 0) * code_unit_bytes;
}

base::Result<std::int64_t> code_unit_of(const Frame& frame, const CachedCode& code) {
  if (const auto instruction = instruction_in_copy(frame, code)) {
    // As CPython: the instruction before the first one stands for a frame that has not run yet.
    const std::int64_t unit = *instruction / code_unit_bytes;
    if (*instruction % code_unit_bytes == 0 && unit >= -1 && unit < code.code_units) return unit;
  }
  return base::fail(base::Error{.code = base::ErrorCode::torn,
                                .doing = "read a frame",
                                .address = frame.address,
                                .detail = "the instruction is not in its code"});
}

}  // namespace tidemark::cpython
