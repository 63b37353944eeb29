#include "stack_thread.hpp"

#include <algorithm>
#include <utility>

#include "read_piece.hpp"
#include "stack_refusal.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

using base::Address;

Extent stack_state_extent(const Layout& layout) {
  const Extent links = thread_extent(layout);
  const auto& thread = layout.thread;
  if (!thread.datastack_chunk.is_present() && !thread.thread_id.is_present()) return links;
  const Extent more = extent_of(thread.datastack_chunk, thread.thread_id);
  return {.first = std::min(links.first, more.first), .end = std::max(links.end, more.end)};
}

std::optional<StackState> decode_stack_state(const Layout& layout, Address address, const Piece& piece) {
  const auto links = decode_thread(layout, address, piece);
  const auto chunk = piece.get(layout.thread.datastack_chunk);
  if (!links || (layout.thread.datastack_chunk.is_present() && !chunk)) return std::nullopt;
  return StackState{
      .links = *links, .chunk = chunk.value_or(Address{}), .thread_id = piece.get(layout.thread.thread_id).value_or(0)};
}

void StackThread::begin_reading() {
  is_done_ = held_ = false;
  tries_ = 0;
  error_.reset();
}

void StackThread::give_up() {
  if (!is_pending()) return;
  held_ = false;
  tries_ = max_stack_tries;
  fail(stack_error(base::ErrorCode::limit, state_.links.address, "too much to copy"));
}

void StackThread::add(Batch& batch) {
  copies_.add_first(batch);
  state_id_ = batch.add(state_.links.address, stack_state_extent(layout_));
  cframe_ids_.clear();
  if (layout_.thread.cframe.is_present()) remember_cframe();
  for (const Address cframe : cframes_) {
    cframe_ids_.push_back(batch.add(cframe, extent_of(layout_.cframe.current_frame)));
    if (copies_.is_settled()) break;  // it waits: the newest one will do
  }
  is_single_ = frames_ != nullptr && copies_.is_settled();
  if (!is_single_) copies_.add_second(batch);
  add_pthread(batch);  // not between the copies, which are to be near to each other
}

void StackThread::remember_cframe() {
  constexpr std::size_t kept = 4;
  std::erase(cframes_, state_.links.frame_source);
  cframes_.insert(cframes_.begin(), state_.links.frame_source);
  if (cframes_.size() > kept) cframes_.pop_back();
}

void StackThread::add_state(Batch& batch) {
  state_id_ = batch.add(state_.links.address, stack_state_extent(layout_));
  add_pthread(batch);
}

void StackThread::add_pthread(Batch& batch) {
  pthread_id_.reset();
  if (layout_.thread.pthread.is_present()) pthread_id_ = batch.add(state_.links.pthread, pthread_extent(layout_));
}

std::optional<StackState> StackThread::state_in(const Batch& batch) const {
  if (!state_id_ || !batch.status(*state_id_)) return std::nullopt;
  auto state = decode_stack_state(layout_, state_.links.address, batch.piece(*state_id_));
  if (state && pthread_id_) {
    const bool is_readable = state->links.pthread == state_.links.pthread && batch.status(*pthread_id_);
    state->links.native_thread_id =
        is_readable ? decode_native_id(layout_, state->links.pthread, batch.piece(*pthread_id_)) : 0;
  }
  return state;
}

/// Takes over what the state says now, so that the next try is built on it.
base::Result<StackTop> StackThread::top_in(const Batch& batch) {
  if (const auto& status = batch.status(*state_id_); !status) return base::fail(status.error());
  const auto state = state_in(batch);
  if (!state) return torn_stack(state_.links.address, "the layout lacks a field");
  const StackState before = std::exchange(state_, *state);
  if (state->links.interp != before.links.interp) return torn_stack(state_.links.address, "another thread state");
  if (!layout_.thread.cframe.is_present()) {
    return StackTop{.frame = state->links.frame_source, .chunk = state->chunk};
  }
  for (std::size_t i = 0; i < cframe_ids_.size(); ++i) {
    if (cframes_[i] != state->links.frame_source) continue;
    if (const auto& status = batch.status(cframe_ids_[i]); !status) return base::fail(status.error());
    const auto frame = batch.piece(cframe_ids_[i]).get(layout_.cframe.current_frame);
    return StackTop{.frame = frame.value_or(Address{}), .chunk = state->chunk};
  }
  return torn_stack(state_.links.address, "another cframe");
}

/// A stack that is not what it was is no failed try: one copy cannot tell more.
bool StackThread::judge_single(const Batch& batch, const StackCodes& known) {
  const auto top = top_in(batch);
  is_unchanged_ = top && copies_.judge_settled(batch, *top) && known.are_all_proved() && known.drops() == shown_drops_;
  held_ = is_unchanged_;
  if (held_) ++tries_;
  return held_;
}

void StackThread::judge(const Batch& batch, std::vector<Address>& codes, const StackCodes& known) {
  held_ = is_unchanged_ = false;
  if (is_single_) {
    if (!judge_single(batch, known)) copies_.unsettle();
    return;
  }
  ++tries_;
  const auto top = top_in(batch);
  if (!top) return fail(top.error());
  if (auto judged = copies_.judge(batch, *top, stack_); !judged) {
    return fail(follow_error_ ? *follow_error_ : std::move(judged).error());
  }
  held_ = true;
  if (is_as_shown(known)) return;
  for (const Frame& frame : stack_.frames) {
    if (!is_shim(layout_, frame) && (codes.empty() || codes.back() != frame.code)) codes.push_back(frame.code);
  }
}

/// The instruction of the innermost frame counts too: it has another line.
bool StackThread::is_as_shown(const StackCodes& codes) const {
  return frames_ != nullptr && codes.are_all_proved() && codes.drops() == shown_drops_ && stack_.frames == shown_ &&
         (!stack_.innermost_again || *stack_.innermost_again == stack_.frames.front());
}

/// The innermost frame may have gone on between the copies. The second one counts: it was this frame's turn right
/// before it was made, while the first may show what an earlier call left there.
const Frame& StackThread::frame_to_tell(std::size_t i) const {
  return i == 0 && stack_.innermost_again ? *stack_.innermost_again : stack_.frames[i];
}

base::Result<std::optional<model::FrameLocation>> StackThread::locate(StackCodes& codes, std::size_t i) const {
  const Frame& frame = frame_to_tell(i);
  if (is_shim(layout_, frame)) return std::optional<model::FrameLocation>();
  const CachedCode* code = codes.find(frame.code);
  if (code == nullptr) return torn_stack(frame.address, "its code object has changed");
  if (!is_begun(layout_, frame, *code)) return std::optional<model::FrameLocation>();
  auto line = codes.line_of_frame(*code, frame);
  if (!line) return base::fail(std::move(line).error());
  return std::optional(model::FrameLocation{.code = code->info, .line = *line});
}

base::Result<model::Frames> StackThread::name(StackCodes& codes) const {
  model::Frames frames;
  frames.reserve(stack_.frames.size());
  for (std::size_t i = 0; i < stack_.frames.size(); ++i) {
    auto location = locate(codes, i);
    if (!location) return base::fail(std::move(location).error());
    if (*location) frames.push_back(std::move(**location));
  }
  return frames;
}

void StackThread::show(model::Frames frames, const StackCodes& codes) {
  if (frames_ == nullptr || *frames_ != frames) frames_ = std::make_shared<const model::Frames>(std::move(frames));
  shown_ = stack_.frames;
  if (!shown_.empty()) shown_.front() = frame_to_tell(0);
  shown_drops_ = codes.drops();
  shown_codes_.clear();
  for (const Frame& frame : shown_) {
    if (!is_shim(layout_, frame)) shown_codes_.push_back(frame.code);
  }
  std::ranges::sort(shown_codes_);
  const auto again = std::ranges::unique(shown_codes_);
  shown_codes_.erase(again.begin(), again.end());
}

void StackThread::resolve(StackCodes& codes) {
  if (!std::exchange(held_, false)) return;
  if (!is_unchanged_ && !is_as_shown(codes)) {
    auto named = name(codes);
    if (!named) return fail(std::move(named).error());
    show(std::move(named).value(), codes);
  }
  for (const Address code : shown_codes_) codes.use(code);
  error_.reset();
  is_done_ = true;
}

base::Result<StackTop> StackThread::read_top(const memory::MemorySource& memory) {
  StructBuffer buffer;
  auto piece = read_piece(memory, state_.links.address, stack_state_extent(layout_), buffer);
  if (!piece) return base::fail(std::move(piece).error());
  auto state = decode_stack_state(layout_, state_.links.address, *piece);
  if (!state) return torn_stack(state_.links.address, "the layout lacks a field");
  state->links.native_thread_id = std::max(state->links.native_thread_id, state_.links.native_thread_id);
  state_ = *state;
  if (!layout_.thread.cframe.is_present()) return StackTop{.frame = state_.links.frame_source, .chunk = state_.chunk};
  if (!is_plausible_pointer(state_.links.frame_source)) {
    return torn_stack(state_.links.frame_source, "not a pointer to a cframe");
  }
  auto frame = memory.read_value<Address>(state_.links.frame_source.plus(layout_.cframe.current_frame.offset()));
  if (!frame) return base::fail(std::move(frame).error());
  return StackTop{.frame = *frame, .chunk = state_.chunk};
}

void StackThread::correct(const memory::MemorySource& memory) {
  follow_error_.reset();
  if (!copies_.wants_correction() || copies_.correct_at_once()) return;
  // What cannot be followed now may hold still at the next try; when it does not, this is why.
  const auto top = read_top(memory);
  auto corrected = top ? copies_.correct(memory, *top) : base::Result<void>(base::fail(top.error()));
  if (!corrected) follow_error_ = std::move(corrected).error();
}

}  // namespace tidemark::cpython
