#include "frames.hpp"

#include <algorithm>
#include <utility>

#include "read_piece.hpp"
#include "tidemark/cpython/line_table.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;

base::Unexpected refused(ErrorCode code, Address at, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = "read a frame", .address = at, .detail = detail});
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
  StructBuffer buffer;
  auto piece = read_piece(memory, address, frame_extent(layout_), buffer);
  if (!piece) return base::fail(std::move(piece).error());
  const auto frame = decode_frame(layout_, address, *piece);
  if (!frame) return refused(ErrorCode::malformed, address, "the layout lacks a field");
  return *frame;
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
    if (!is_shim(layout_, *frame)) {
      auto code = read_code_head(memory, layout_, code_type_, frame->code);
      if (!code) return base::fail(std::move(code).error());
      if (auto loaded = cache_.learn(memory, layout_, code_type_, frame->code, *code); !loaded) {
        return base::fail(std::move(loaded).error());
      }
      if (is_begun(layout_, *frame, *cache_.find(frame->code))) {
        path.frame = *frame;
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
  const auto at = code_unit_of(frame, code);
  if (!at) return base::fail(at.error());
  const std::int64_t unit = *at;
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
  if (!first || !second || !is_same_call(*first, *second) || first->code != expected.code || is_shim(layout_, *first)) {
    return refused(ErrorCode::torn, expected.address, "the copies of the frame differ");
  }
  auto code = check_code(batch, expected.code);
  if (!code) return base::fail(std::move(code).error());
  if (!is_begun(layout_, *first, **code)) return refused(ErrorCode::torn, expected.address, "the frame has not begun");
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
