#include "naive_reader.hpp"

#include "read/frame_struct.hpp"
#include "read/interpreters.hpp"
#include "read/read_piece.hpp"
#include "read/threads.hpp"
#include "tidemark/cpython/line_table.hpp"

namespace tidemark::oracle {

using base::Address;

namespace {

/// A reader that meets a cycle must end too, or it is not measured at all.
constexpr std::size_t max_frames = 1000;

}  // namespace

std::optional<Address> NaiveReader::innermost_frame(base::Tid native_id) const {
  const auto interpreters = cpython::interpreters(memory_, layout_, place_.runtime);
  if (!interpreters) return std::nullopt;
  const Address interpreter = interpreters->front().address;
  const auto head = memory_.read_value<Address>(interpreter.plus(layout_.interpreter.threads_head.offset()));
  if (!head) return std::nullopt;
  const auto threads = cpython::walk_threads(memory_, layout_, interpreter, *head);
  if (!threads) return std::nullopt;
  for (const auto& thread : *threads) {
    if (thread.native_thread_id != static_cast<std::uint64_t>(native_id)) continue;
    if (!layout_.thread.cframe.is_present()) return thread.frame_source;
    const auto frame = memory_.read_value<Address>(thread.frame_source.plus(layout_.cframe.current_frame.offset()));
    return frame ? std::optional(*frame) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<model::Frames> NaiveReader::read(base::Tid native_id) {
  const auto innermost = innermost_frame(native_id);
  if (!innermost) return std::nullopt;
  model::Frames frames;
  Address at = *innermost;
  for (std::size_t i = 0; i < max_frames && !at.is_null(); ++i) {
    cpython::StructBuffer buffer;
    const auto piece = cpython::read_piece(memory_, at, cpython::frame_extent(layout_), buffer);
    if (!piece) return std::nullopt;
    const auto frame = cpython::decode_frame(layout_, at, *piece);
    if (!frame) return std::nullopt;
    at = frame->previous;
    if (cpython::is_shim(layout_, *frame)) continue;
    const auto head = cpython::read_code_head(memory_, layout_, place_.code_type, frame->code);
    if (!head) return std::nullopt;
    if (!codes_.load(memory_, layout_, frame->code, *head)) return std::nullopt;
    const auto* code = codes_.find(frame->code);
    if (!cpython::is_begun(layout_, *frame, *code)) continue;
    const auto unit = cpython::code_unit_of(*frame, *code);
    if (!unit) return std::nullopt;
    const auto line = cpython::line_of(layout_.code.line_table_format, code->line_table, head->first_line, *unit);
    if (!line) return std::nullopt;
    frames.push_back({.code = code->info, .line = *line});
  }
  return frames;
}

}  // namespace tidemark::oracle
