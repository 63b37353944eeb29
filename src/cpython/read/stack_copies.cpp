#include "stack_copies.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "stack_refusal.hpp"
#include "tidemark/cpython/stack_reader.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

/// Copied beyond the innermost frame: the stack of a busy thread is a little deeper at the next reading.
constexpr std::uint64_t slack_bytes = 512;
/// What is copied shrinks by so much a reading when the stack does not need it.
constexpr std::uint64_t shrink_bytes = 128;
/// Tries for which a loose frame is kept that was part of the stack again and again, but is no more.
constexpr std::uint32_t max_patience = 16;
/// How many of the innermost frames are taken to change soonest.
constexpr std::size_t inner_frames = 6;

}  // namespace

void StackCopies::add_chunk(Batch& batch, Copy& copy, std::size_t i) const {
  const Chunk& chunk = chunks_[i];
  copy.chunks[i] = batch.add(chunk.address, {.first = 0, .end = static_cast<std::uint32_t>(chunk.copied)});
}

void StackCopies::add_loose(Batch& batch, Copy& copy, bool outer) const {
  for (std::size_t i = 0; i < loose_.size(); ++i) {
    if (loose_[i].is_outer == outer) copy.loose[i] = batch.add(loose_[i].address, extent_);
  }
}

std::uint64_t StackCopies::copied_bytes() const {
  std::uint64_t total = loose_.size() * extent_.size();
  for (const Chunk& chunk : chunks_) total += chunk.copied;
  return 2 * total;
}

void StackCopies::add_first(Batch& batch) {
  first_.resize(chunks_.size(), loose_.size());
  add_loose(batch, first_, true);
  for (std::size_t i = chunks_.size(); i-- > 0;) add_chunk(batch, first_, i);
  add_loose(batch, first_, false);
}

void StackCopies::add_second(Batch& batch) {
  batch.begin_second_copies();
  second_.resize(chunks_.size(), loose_.size());
  add_loose(batch, second_, false);
  for (std::size_t i = 0; i < chunks_.size(); ++i) add_chunk(batch, second_, i);
  add_loose(batch, second_, true);
}

std::optional<std::size_t> StackCopies::loose_at(Address frame) const {
  const auto at = std::ranges::lower_bound(loose_, frame, {}, &Loose::address);
  if (at == loose_.end() || at->address != frame) return std::nullopt;
  return static_cast<std::size_t>(at - loose_.begin());
}

std::optional<StackCopies::Place> StackCopies::place_of(Address frame) const {
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const Chunk& chunk = chunks_[i];
    const std::uint64_t offset = frame.minus(chunk.address.value).value;  // beyond the end too when it lies below
    if (offset >= layout_.stack_chunk.data && offset < chunk.copied && chunk.copied - offset >= extent_.end) {
      return Place{.is_loose = false, .index = i, .offset = offset};
    }
  }
  if (const auto index = loose_at(frame)) return Place{.is_loose = true, .index = *index, .offset = 0};
  return std::nullopt;
}

Piece StackCopies::piece_of(const Batch& batch, const Copy& copy, const Place& place) const {
  if (place.is_loose) return batch.piece(copy.loose[place.index]);
  const Piece chunk = batch.piece(copy.chunks[place.index]);
  if (chunk.bytes.empty()) return {};
  return {.bytes = chunk.bytes.subspan(place.offset + extent_.first, extent_.size()), .first = extent_.first};
}

const base::Result<void>& StackCopies::status_of(const Batch& batch, const Copy& copy, const Place& place) const {
  return batch.status(place.is_loose ? copy.loose[place.index] : copy.chunks[place.index]);
}

base::Result<void> StackCopies::check_chunks(const Batch& batch, Address newest) const {
  if (newest != (chunks_.empty() ? Address{} : chunks_.front().address)) return torn_stack(newest, "another chunk");
  for (const Copy* copy : {&first_, &second_}) {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      if (const auto& status = batch.status(copy->chunks[i]); !status) return status;
      if (batch.piece(copy->chunks[i]).get(layout_.stack_chunk.previous) != chunks_[i].previous) {
        return torn_stack(chunks_[i].address, "the chunk follows another one");
      }
    }
  }
  return {};
}

/// As many frames as the copies have room for: a list that is longer passes one of them twice.
std::size_t StackCopies::most_frames() const { return copied_bytes() / 2 / extent_.size(); }

base::Result<void> StackCopies::link(const Batch& batch, Address first, CopiedStack& stack) {
  places_.clear();
  const std::size_t most = most_frames();
  for (Address at = first; !at.is_null(); at = stack.frames.back().previous) {
    if (stack.frames.size() > most) return torn_stack(at, "the frames are a circle");
    if (stack.frames.size() == max_stack_frames) {
      stack.is_cut = true;
      return {};
    }
    const auto place = place_of(at);
    if (!place) {
      missing_ = at;
      return torn_stack(at, "a frame lies elsewhere");
    }
    if (const auto& status = status_of(batch, first_, *place); !status) return status;
    const auto frame = decode_frame(layout_, at, piece_of(batch, first_, *place));
    if (!frame) return torn_stack(at, "the layout lacks a field");
    if (!frame->is_executing) return torn_stack(at, "a frame that is not executed");
    places_.push_back(*place);
    stack.frames.push_back(*frame);
  }
  return check_outermost(stack);
}

/// A generator's frame that is suspended has no caller, and may have been the current one a moment ago. What calls one
/// is Python code, or from 3.12 on a shim; to 3.11 C may call one on an empty stack, which is then told as torn.
base::Result<void> StackCopies::check_outermost(const CopiedStack& stack) const {
  if (stack.frames.empty() || !layout_.frame.owner_generator) return {};
  const Frame& outermost = stack.frames.back();
  if (outermost.owner != *layout_.frame.owner_generator) return {};
  return torn_stack(outermost.address, "a generator that nobody has called");
}

/// From the frame up to where the next one in its chunk begins.
bool StackCopies::is_body_equal(const Batch& batch, const Place& place, std::uint64_t end) const {
  const auto body = [&](const Copy& copy) {
    return batch.piece(copy.chunks[place.index]).bytes.subspan(place.offset, end - place.offset);
  };
  const auto first = body(first_), second = body(second_);
  return std::memcmp(first.data(), second.data(), first.size()) == 0;
}

base::Result<void> StackCopies::compare(const Batch& batch, CopiedStack& stack) const {
  std::vector<std::uint64_t> ends(chunks_.size(), 0);  // of the next frame to be met in each chunk; 0: not known
  for (std::size_t i = 0; i < stack.frames.size(); ++i) {
    const Frame& frame = stack.frames[i];
    const Place& place = places_[i];
    if (const auto& status = status_of(batch, second_, place); !status) return status;
    const auto again = decode_frame(layout_, frame.address, piece_of(batch, second_, place));
    const bool may_go_on = i == 0 && !is_shim(layout_, frame);
    if (!again || !(may_go_on ? is_same_call(*again, frame) : *again == frame)) {
      return torn_stack(frame.address, "the copies of a frame differ");
    }
    if (may_go_on) {
      if (!again->is_executing) return torn_stack(frame.address, "the innermost frame has returned");
      stack.innermost_again = again;
    }
    if (place.is_loose) continue;
    std::uint64_t& end = ends[place.index];
    if (end > place.offset && !is_body_equal(batch, place, end))
      return torn_stack(frame.address, "a waiting frame has changed");
    end = place.offset;
  }
  return {};
}

void StackCopies::keep_what_is_used() {
  std::uint64_t newest_end = layout_.stack_chunk.data;
  for (std::size_t depth = 0; depth < places_.size(); ++depth) {
    const Place& place = places_[depth];
    if (place.is_loose) {
      Loose& loose = loose_[place.index];
      loose.unused = 0;
      loose.patience = std::min(2 * loose.patience, max_patience);
      loose.is_outer = depth >= inner_frames;
    } else if (place.index == 0) {
      newest_end = std::max(newest_end, place.offset + extent_.end);
    }
  }
  if (chunks_.empty()) return;
  Chunk& newest = chunks_.front();
  const std::uint64_t wanted =
      std::max(newest_end + slack_bytes, newest.copied - std::min(newest.copied, shrink_bytes));
  const std::uint64_t end_of_its_page = end_of_page(newest.address.value + newest_end) - newest.address.value;
  newest.copied = std::min({wanted, end_of_its_page, newest.size_bytes});
}

template <class Take>
bool StackCopies::visit_used(const Batch& batch, Take take) const {
  for (const Batch::Id id : first_.chunks) {
    if (!take(batch.piece(id).bytes)) return false;
  }
  for (std::size_t i = 0; i < loose_.size(); ++i) {
    if (loose_[i].unused == 0 && !take(batch.piece(first_.loose[i]).bytes)) return false;
  }
  return true;
}

/// The innermost frame of a thread that runs moves on, and so do the bytes beyond it.
void StackCopies::settle(const Batch& batch, const StackTop& top) {
  Settled settled{.top = top, .bytes = {}};
  const bool fits = visit_used(batch, [&settled](std::span<const std::byte> bytes) {
    settled.bytes.insert(settled.bytes.end(), bytes.begin(), bytes.end());
    return settled.bytes.size() <= max_settled_bytes;
  });
  if (fits) settled_ = std::move(settled);
}

bool StackCopies::judge_settled(const Batch& batch, const StackTop& top) {
  std::size_t at = 0;
  const auto is_as_settled = [&](std::span<const std::byte> bytes) {
    const std::size_t begin = std::exchange(at, at + bytes.size());
    return !bytes.empty() && settled_->bytes.size() >= at &&
           std::memcmp(bytes.data(), settled_->bytes.data() + begin, bytes.size()) == 0;
  };
  return top == settled_->top && visit_used(batch, is_as_settled) && at == settled_->bytes.size();
}

base::Result<void> StackCopies::judge_copies(const Batch& batch, const StackTop& top, CopiedStack& stack) {
  for (Loose& loose : loose_) ++loose.unused;
  wants_correction_ = true;
  if (auto checked = check_chunks(batch, top.chunk); !checked) return checked;
  if (auto linked = link(batch, top.frame, stack); !linked) return linked;
  wants_correction_ = false;
  return compare(batch, stack);
}

base::Result<void> StackCopies::judge(const Batch& batch, const StackTop& top, CopiedStack& stack) {
  stack.frames.clear();
  stack.innermost_again.reset();
  stack.is_cut = false;
  missing_.reset();
  missing_top_ = top.frame;
  settled_.reset();
  const std::size_t loose = loose_.size();
  const std::uint64_t copied = chunks_.empty() ? 0 : chunks_.front().copied;
  auto judged = judge_copies(batch, top, stack);
  if (judged) keep_what_is_used();
  std::erase_if(loose_, [](const Loose& one) { return one.unused > one.patience; });
  if (!judged) return judged;
  const bool stood = stack.frames.empty() || !stack.innermost_again || *stack.innermost_again == stack.frames.front();
  const bool is_next_the_same = loose_.size() == loose && (chunks_.empty() || chunks_.front().copied == copied);
  if (stood && is_next_the_same && !stack.is_cut) settle(batch, top);
  return {};
}

}  // namespace tidemark::cpython
