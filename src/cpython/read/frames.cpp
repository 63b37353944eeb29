#include "frames.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tidemark/cpython/line_table.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;

constexpr std::int64_t code_unit_bytes = 2;  // sizeof(_Py_CODEUNIT)
/// Of the parts of a frame or code object that are read.
constexpr std::size_t max_struct_bytes = 512;

base::Unexpected refused(ErrorCode code, Address at, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = "read a frame", .address = at, .detail = detail});
}

Extent frame_extent(const Layout& layout) {
  const auto& frame = layout.frame;
  return extent_of(frame.code, frame.previous, frame.instruction, frame.last_instruction, frame.owner);
}

/// Where the frame is in its code, in bytes from the first instruction.
std::optional<std::int64_t> instruction_in(const Layout& layout, Address code, const Piece& piece) {
  if (const auto index = piece.get(layout.frame.last_instruction)) {
    return std::int64_t{*index} * layout.frame.last_instruction_bytes;
  }
  const auto instruction = piece.get(layout.frame.instruction);
  if (!instruction) return std::nullopt;
  return static_cast<std::int64_t>(instruction->value - code.plus(layout.code.instructions).value);
}

std::optional<Frame> decode_frame(const Layout& layout, Address address, const Piece& piece) {
  const auto code = piece.get(layout.frame.code);
  const auto previous = piece.get(layout.frame.previous);
  if (!code || !previous) return std::nullopt;
  const auto instruction = instruction_in(layout, *code, piece);
  const auto owner = piece.get(layout.frame.owner);
  if (!instruction || (layout.frame.owner.is_present() && !owner)) return std::nullopt;
  return Frame{.address = address,
               .code = *code,
               .previous = *previous,
               .instruction_bytes = *instruction,
               .owner = owner.value_or(0)};
}

/// Reads an extent into a buffer that the caller owns.
base::Result<Piece> read_piece(const memory::MemorySource& memory, Address address, Extent extent,
                               std::array<std::byte, max_struct_bytes>& buffer) {
  if (!is_plausible_pointer(address)) return refused(ErrorCode::torn, address, "not a pointer to a struct");
  if (extent.size() > buffer.size()) return refused(ErrorCode::malformed, address, "the layout's struct is too long");
  const auto into = std::span(buffer).first(extent.size());
  if (auto read = memory.read(address.plus(extent.first), into); !read) return base::fail(std::move(read).error());
  return Piece{.bytes = into, .first = extent.first};
}

bool same_frame(const Frame& a, const Frame& b) {
  return a.code == b.code && a.previous == b.previous && a.owner == b.owner;
}

}  // namespace

base::Result<Address> FrameReader::current_frame(const memory::MemorySource& memory, const ThreadState& thread) const {
  if (!layout_.thread.cframe.is_present()) return thread.frame_source;
  if (!is_plausible_pointer(thread.frame_source)) {
    return refused(ErrorCode::torn, thread.frame_source, "not a pointer to a cframe");
  }
  return memory.read_value<Address>(thread.frame_source.plus(layout_.cframe.current_frame.offset()));
}

base::Result<Frame> FrameReader::read_frame(const memory::MemorySource& memory, Address address) const {
  std::array<std::byte, max_struct_bytes> buffer;
  auto piece = read_piece(memory, address, frame_extent(layout_), buffer);
  if (!piece) return base::fail(std::move(piece).error());
  const auto frame = decode_frame(layout_, address, *piece);
  if (!frame) return refused(ErrorCode::malformed, address, "the layout lacks a field");
  return *frame;
}

base::Result<CodeHead> FrameReader::read_code(const memory::MemorySource& memory, Address address) const {
  std::array<std::byte, max_struct_bytes> buffer;
  auto piece = read_piece(memory, address, code_extent(layout_), buffer);
  if (!piece) return base::fail(std::move(piece).error());
  const auto code = decode_code(layout_, code_type_, *piece);
  if (!code) return refused(ErrorCode::torn, address, "not a code object");
  return *code;
}

bool FrameReader::is_shim(const Frame& frame) const {
  return layout_.frame.owner_c_stack && frame.owner >= *layout_.frame.owner_c_stack;
}

/// _PyFrame_IsIncomplete of CPython 3.11 to 3.13, turned round. To 3.10 a frame that has not begun is the innermost
/// one only for the moment before its first instruction; its caller is where the program is.
bool FrameReader::is_begun(const Frame& frame, const CodeHead& code) const {
  if (layout_.frame.owner_generator && frame.owner == *layout_.frame.owner_generator) return true;
  return frame.instruction_bytes >= std::max(code.first_traceable, 0) * code_unit_bytes;
}

/// The names are the code's own only if it is still there once they are read: strings are freed with it and their
/// memory is used again at once.
base::Result<void> FrameReader::load_code(const memory::MemorySource& memory, Address code, const CodeHead& head) {
  if (const CachedCode* known = cache_.find(code); known != nullptr && known->head == head) return {};
  if (auto loaded = cache_.load(memory, layout_, code, head); !loaded) return loaded;
  const auto again = read_code(memory, code);
  if (again && *again == head) return {};
  cache_.forget(code);
  return again ? refused(ErrorCode::torn, code, "another code object") : base::fail(again.error());
}

base::Result<FramePath> FrameReader::follow(const memory::MemorySource& memory, const ThreadState& thread) {
  auto first = current_frame(memory, thread);
  if (!first) return base::fail(std::move(first).error());
  FramePath path{
      .thread = thread.address, .frame_source = thread.frame_source, .first_frame = *first, .skipped = {}, .frame = {}};
  for (Address at = *first; !at.is_null(); at = path.skipped.back().previous) {
    if (path.skipped.size() == max_skipped_frames) return refused(ErrorCode::limit, at, "too many frames to skip");
    auto frame = read_frame(memory, at);
    if (!frame) return base::fail(std::move(frame).error());
    if (!is_shim(*frame)) {
      auto code = read_code(memory, frame->code);
      if (!code) return base::fail(std::move(code).error());
      if (is_begun(*frame, *code)) {
        path.frame = *frame;
        if (auto loaded = load_code(memory, frame->code, *code); !loaded) return base::fail(std::move(loaded).error());
        break;
      }
    }
    path.skipped.push_back(*frame);
  }
  return path;
}

void FrameReader::add_first_copies(Batch& batch, const FramePath& path) {
  ids_ = {};
  for (const Frame& skipped : path.skipped) ids_.frames.push_back(batch.add(skipped.address, frame_extent(layout_)));
  if (!path.frame) return;
  ids_.frames.push_back(batch.add(path.frame->address, frame_extent(layout_)));
  ids_.code = add_code(batch, path.frame->code);
}

FrameReader::CodeIds FrameReader::add_code(Batch& batch, Address code) const {
  CodeIds ids{.head = batch.add(code, code_extent(layout_)), .witnesses = {}};
  const CachedCode* known = cache_.find(code);
  if (known == nullptr) return ids;
  for (const Witness& witness : known->witnesses) {
    ids.witnesses.push_back(
        batch.add(witness.address, {.first = 0, .end = static_cast<std::uint32_t>(witness.bytes.size())}));
  }
  return ids;
}

void FrameReader::add_way(Batch& batch, const FramePath& path) {
  if (!layout_.thread.cframe.is_present()) return;
  ids_.cframe = batch.add(path.frame_source, extent_of(layout_.cframe.current_frame));
}

void FrameReader::add_second_copies(Batch& batch, const FramePath& path) {
  batch.begin_second_copies();
  for (const Frame& skipped : path.skipped)
    ids_.frames_again.push_back(batch.add(skipped.address, frame_extent(layout_)));
  if (!path.frame) return;
  ids_.code_again = add_code(batch, path.frame->code);
  ids_.frames_again.push_back(batch.add(path.frame->address, frame_extent(layout_)));
}

base::Result<void> FrameReader::check_way(const Batch& batch, const FramePath& path, const ThreadState& thread) const {
  if (thread.address != path.thread || thread.frame_source != path.frame_source) {
    return refused(ErrorCode::torn, path.thread, "the thread has another frame");
  }
  if (!ids_.cframe) return {};
  if (const auto& status = batch.status(*ids_.cframe); !status) return status;
  if (batch.piece(*ids_.cframe).get(layout_.cframe.current_frame) != path.first_frame) {
    return refused(ErrorCode::torn, path.frame_source, "the thread has another frame");
  }
  return {};
}

base::Result<void> FrameReader::check_skipped(const Batch& batch, const FramePath& path) const {
  for (std::size_t i = 0; i < path.skipped.size(); ++i) {
    const Frame& expected = path.skipped[i];
    for (const Batch::Id id : {ids_.frames[i], ids_.frames_again[i]}) {
      if (const auto& status = batch.status(id); !status) return status;
      if (decode_frame(layout_, expected.address, batch.piece(id)) != expected) {
        return refused(ErrorCode::torn, expected.address, "a skipped frame has changed");
      }
    }
  }
  return {};
}

base::Result<const CachedCode*> FrameReader::check_code(const Batch& batch, Address code) {
  const CachedCode* known = cache_.find(code);
  if (known == nullptr) return refused(ErrorCode::torn, code, "another code object");
  for (const CodeIds* ids : {&ids_.code, &ids_.code_again}) {
    if (const auto& status = batch.status(ids->head); !status) return base::fail(status.error());
    if (decode_code(layout_, code_type_, batch.piece(ids->head)) != known->head) {
      return refused(ErrorCode::torn, code, "another code object");
    }
    for (std::size_t i = 0; i < ids->witnesses.size(); ++i) {
      if (const auto& status = batch.status(ids->witnesses[i]); !status) return base::fail(status.error());
      if (std::ranges::equal(batch.piece(ids->witnesses[i]).bytes, known->witnesses[i].bytes)) continue;
      cache_.forget(code);
      return refused(ErrorCode::torn, code, "another code object");
    }
  }
  return known;
}

base::Result<std::optional<std::int64_t>> FrameReader::line_in(const CachedCode& code, const Frame& frame) {
  // As CPython: the instruction before the first one stands for a frame that has not run yet (a fresh generator).
  const std::int64_t unit = frame.instruction_bytes / code_unit_bytes;
  if (frame.instruction_bytes % code_unit_bytes != 0 || unit < -1 || unit >= code.code_units) {
    return refused(ErrorCode::torn, frame.address, "the instruction is not in its code");
  }
  if (known_line_.code == code.info && known_line_.code_unit == unit) return known_line_.line;
  auto line = line_of(layout_.code.line_table_format, code.line_table, code.head.first_line, unit);
  if (line) known_line_ = {.code = code.info, .code_unit = unit, .line = *line};
  return line;
}

base::Result<model::FrameLocation> FrameReader::check_frame(const Batch& batch, const Frame& expected) {
  for (const Batch::Id id : {ids_.frames.back(), ids_.frames_again.back()}) {
    if (const auto& status = batch.status(id); !status) return base::fail(status.error());
  }
  const auto first = decode_frame(layout_, expected.address, batch.piece(ids_.frames.back()));
  const auto second = decode_frame(layout_, expected.address, batch.piece(ids_.frames_again.back()));
  if (!first || !second || !same_frame(*first, *second) || first->code != expected.code || is_shim(*first)) {
    return refused(ErrorCode::torn, expected.address, "the copies of the frame differ");
  }
  auto code = check_code(batch, expected.code);
  if (!code) return base::fail(std::move(code).error());
  if (!is_begun(*first, (*code)->head)) return refused(ErrorCode::torn, expected.address, "the frame has not begun");
  auto line = line_in(**code, *first);
  if (!line) return base::fail(std::move(line).error());
  auto line_again = line_in(**code, *second);
  if (!line_again) return base::fail(std::move(line_again).error());
  if (*line != *line_again) return refused(ErrorCode::torn, expected.address, "the frame has gone on to another line");
  return model::FrameLocation{.code = (*code)->info, .line = *line};
}

base::Result<std::optional<model::FrameLocation>> FrameReader::confirm(const Batch& batch, const FramePath& path,
                                                                       const ThreadState& thread) {
  if (auto way = check_way(batch, path, thread); !way) return base::fail(std::move(way).error());
  if (auto skipped = check_skipped(batch, path); !skipped) return base::fail(std::move(skipped).error());
  if (!path.frame) return std::optional<model::FrameLocation>();
  auto location = check_frame(batch, *path.frame);
  if (!location) return base::fail(std::move(location).error());
  return std::optional(std::move(location).value());
}

}  // namespace tidemark::cpython
