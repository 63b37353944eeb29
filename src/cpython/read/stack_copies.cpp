#include "stack_copies.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "read_piece.hpp"
#include "tidemark/cpython/stack_reader.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;

/// Copied beyond the innermost frame: the stack of a busy thread is a little deeper at the next reading.
constexpr std::uint64_t slack_bytes = 512;
/// What is copied shrinks by so much a reading when the stack does not need it.
constexpr std::uint64_t shrink_bytes = 128;
constexpr std::uint64_t page_bytes = 4096;
/// Tries after which a loose frame that was no part of the stack is looked at no more.
constexpr std::uint32_t max_unused = 16;
constexpr std::uint64_t word_bytes = 8;
/// How many of the innermost frames are taken to change soonest.
constexpr std::size_t inner_frames = 6;

base::Unexpected refused(ErrorCode code, Address at, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = "read a stack", .address = at, .detail = detail});
}

base::Unexpected torn(Address at, const char* detail) { return refused(ErrorCode::torn, at, detail); }

std::uint64_t end_of_page(std::uint64_t address) { return (address + page_bytes - 1) / page_bytes * page_bytes; }

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
  if (newest != (chunks_.empty() ? Address{} : chunks_.front().address)) return torn(newest, "another chunk");
  for (const Copy* copy : {&first_, &second_}) {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      if (const auto& status = batch.status(copy->chunks[i]); !status) return status;
      if (batch.piece(copy->chunks[i]).get(layout_.stack_chunk.previous) != chunks_[i].previous) {
        return torn(chunks_[i].address, "the chunk follows another one");
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
    if (stack.frames.size() > most) return torn(at, "the frames are a circle");
    if (stack.frames.size() == max_stack_frames) {
      stack.is_cut = true;
      return {};
    }
    const auto place = place_of(at);
    if (!place) {
      missing_ = at;
      return torn(at, "a frame lies elsewhere");
    }
    if (const auto& status = status_of(batch, first_, *place); !status) return status;
    const auto frame = decode_frame(layout_, at, piece_of(batch, first_, *place));
    if (!frame) return torn(at, "the layout lacks a field");
    if (!frame->is_executing) return torn(at, "a frame that is not executed");
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
  return torn(outermost.address, "a generator that nobody has called");
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
      return torn(frame.address, "the copies of a frame differ");
    }
    if (may_go_on) {
      if (!again->is_executing) return torn(frame.address, "the innermost frame has returned");
      stack.innermost_again = again;
    }
    if (place.is_loose) continue;
    std::uint64_t& end = ends[place.index];
    if (end > place.offset && !is_body_equal(batch, place, end))
      return torn(frame.address, "a waiting frame has changed");
    end = place.offset;
  }
  return {};
}

void StackCopies::keep_what_is_used() {
  std::uint64_t newest_end = layout_.stack_chunk.data;
  for (std::size_t depth = 0; depth < places_.size(); ++depth) {
    const Place& place = places_[depth];
    if (place.is_loose) {
      loose_[place.index].unused = 0;
      loose_[place.index].is_outer = depth >= inner_frames;
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
  settled_.reset();
  const std::size_t loose = loose_.size();
  const std::uint64_t copied = chunks_.empty() ? 0 : chunks_.front().copied;
  auto judged = judge_copies(batch, top, stack);
  if (judged) keep_what_is_used();
  std::erase_if(loose_, [](const Loose& one) { return one.unused > max_unused; });
  if (!judged) return judged;
  const bool stood = stack.frames.empty() || !stack.innermost_again || *stack.innermost_again == stack.frames.front();
  const bool is_next_the_same = loose_.size() == loose && (chunks_.empty() || chunks_.front().copied == copied);
  if (stood && is_next_the_same && !stack.is_cut) settle(batch, top);
  return {};
}

base::Result<StackCopies::Chunk> StackCopies::read_chunk(const memory::MemorySource& memory, Address address) const {
  const auto& field = layout_.stack_chunk;
  StructBuffer buffer;
  auto piece = read_piece(memory, address, {.first = 0, .end = field.data}, buffer);
  if (!piece) return base::fail(std::move(piece).error());
  const auto previous = piece->get(field.previous);
  const auto size = piece->get(field.size);
  const auto top = piece->get(field.top);
  if (!previous || !size || !top) return torn(address, "the layout lacks a field");
  if (*size < field.data || *size > max_stack_bytes || *top > (*size - field.data) / word_bytes) {
    return torn(address, "no chunk of a data stack");
  }
  return Chunk{
      .address = address, .previous = *previous, .size_bytes = *size, .copied = field.data + *top * word_bytes};
}

/// The newest chunk does not keep its top: frames are looked for in it as the stack shows them.
base::Result<void> StackCopies::walk_chunks(const memory::MemorySource& memory, const StackTop& top) {
  const bool is_known = !chunks_.empty() && chunks_.front().address == top.chunk;
  const std::uint64_t copied_before = is_known ? chunks_.front().copied : 0;
  chunks_.clear();
  std::uint64_t total = 0;
  for (Address at = top.chunk; !at.is_null(); at = chunks_.back().previous) {
    if (chunks_.size() == max_stack_chunks) return {};  // what is deeper has no copy, and is cut
    auto chunk = read_chunk(memory, at);
    if (!chunk) return base::fail(std::move(chunk).error());
    if (chunks_.empty())
      chunk->copied = std::clamp<std::uint64_t>(copied_before, layout_.stack_chunk.data, chunk->size_bytes);
    total += chunk->copied;
    if (total > max_stack_bytes) return {};  // as above
    chunks_.push_back(*chunk);
  }
  return {};
}

StackCopies::Chunk* StackCopies::chunk_of(Address frame) {
  const auto holds = [&](const Chunk& chunk) {
    const std::uint64_t offset = frame.minus(chunk.address.value).value;
    return offset >= layout_.stack_chunk.data && offset < chunk.size_bytes && chunk.size_bytes - offset >= extent_.end;
  };
  const auto at = std::ranges::find_if(chunks_, holds);
  return at == chunks_.end() ? nullptr : &*at;
}

/// To the end of the page, which is as resident as the frame itself.
void StackCopies::copy_up_to(Chunk& chunk, Address frame) const {
  const std::uint64_t end = end_of_page(frame.value + extent_.end) - chunk.address.value;
  chunk.copied = std::max(chunk.copied, std::min(end, chunk.size_bytes));
}

/// The frame out of the chunk's bytes, which are read once for all the frames in it.
base::Result<std::optional<Frame>> StackCopies::read_in_chunk(const memory::MemorySource& memory, Address frame,
                                                              ReadChunk& read) {
  Chunk* const chunk = chunk_of(frame);
  if (chunk == nullptr) return std::optional<Frame>();
  copy_up_to(*chunk, frame);
  if (read.address != chunk->address || read.bytes.size() != chunk->copied) {
    read = {.address = chunk->address, .bytes = std::vector<std::byte>(chunk->copied)};
    if (auto done = memory.read(chunk->address, read.bytes); !done) return base::fail(std::move(done).error());
  }
  const std::uint64_t offset = frame.minus(chunk->address.value).value;
  const auto bytes = std::span<const std::byte>(read.bytes).subspan(offset + extent_.first, extent_.size());
  return decode_frame(layout_, frame, {.bytes = bytes, .first = extent_.first});
}

base::Result<Frame> StackCopies::read_loose(const memory::MemorySource& memory, Address frame) {
  StructBuffer buffer;
  if (loose_.size() == max_loose_frames) return refused(ErrorCode::limit, frame, "too many loose frames");
  auto piece = read_piece(memory, frame, extent_, buffer);
  if (!piece) return base::fail(std::move(piece).error());
  const auto found = decode_frame(layout_, frame, *piece);
  if (!found) return torn(frame, "the layout lacks a field");
  if (!may_be_loose(layout_, *found)) return torn(frame, "no frame");
  loose_.insert(std::ranges::lower_bound(loose_, frame, {}, &Loose::address), Loose{.address = frame});
  return *found;
}

/// Frame by frame, down to a loose one that is in the copies already: a guess of where to look and no more.
base::Result<void> StackCopies::follow(const memory::MemorySource& memory, Address first) {
  ReadChunk read;
  Address at = first;
  for (std::size_t steps = 0; !at.is_null() && steps <= most_frames(); ++steps) {
    if (loose_at(at)) return {};
    auto found = read_in_chunk(memory, at, read);
    if (!found) return base::fail(std::move(found).error());
    if (*found) {
      at = (*found)->previous;
      continue;
    }
    auto loose = read_loose(memory, at);
    if (!loose) return base::fail(std::move(loose).error());
    at = loose->previous;
  }
  return {};
}

base::Result<void> StackCopies::correct(const memory::MemorySource& memory, const StackTop& top) {
  if (missing_ && !chunks_.empty() && chunks_.front().address == top.chunk) {
    if (Chunk* const chunk = chunk_of(*missing_)) {  // the stack has only grown
      copy_up_to(*chunk, *missing_);
      return {};
    }
  }
  if (layout_.thread.datastack_chunk.is_present()) {
    if (auto walked = walk_chunks(memory, top); !walked) return walked;
  }
  for (const auto& frame : {missing_, std::optional(top.frame)}) {
    if (!frame || frame->is_null()) continue;
    if (auto followed = follow(memory, *frame); !followed) return followed;
  }
  return {};
}

}  // namespace tidemark::cpython
