// Where the frames of a thread lie: the guess that StackCopies copies by, made and mended.
#include <algorithm>
#include <utility>
#include <vector>

#include "read_piece.hpp"
#include "stack_copies.hpp"
#include "stack_refusal.hpp"
#include "tidemark/cpython/objects.hpp"
#include "tidemark/cpython/stack_reader.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::uint64_t word_bytes = 8;
/// Tries for which a loose frame that is new is kept when it is no part of the stack: a generator's mostly lies where
/// none will lie again.
constexpr std::uint32_t min_patience = 2;

}  // namespace

base::Result<StackCopies::Chunk> StackCopies::read_chunk(const memory::MemorySource& memory, Address address) const {
  const auto& field = layout_.stack_chunk;
  StructBuffer buffer;
  auto piece = read_piece(memory, address, {.first = 0, .end = field.data}, buffer);
  if (!piece) return base::fail(std::move(piece).error());
  const auto previous = piece->get(field.previous);
  const auto size = piece->get(field.size);
  const auto top = piece->get(field.top);
  if (!previous || !size || !top) return torn_stack(address, "the layout lacks a field");
  if (*size < field.data || *size > max_stack_bytes || *top > (*size - field.data) / word_bytes) {
    return torn_stack(address, "no chunk of a data stack");
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

void StackCopies::insert_loose(Address frame) {
  loose_.insert(std::ranges::lower_bound(loose_, frame, {}, &Loose::address),
                Loose{.address = frame, .patience = min_patience});
}

base::Result<Frame> StackCopies::read_loose(const memory::MemorySource& memory, Address frame) {
  StructBuffer buffer;
  if (loose_.size() == max_loose_frames) return refused_stack(base::ErrorCode::limit, frame, "too many loose frames");
  auto piece = read_piece(memory, frame, extent_, buffer);
  if (!piece) return base::fail(std::move(piece).error());
  const auto found = decode_frame(layout_, frame, *piece);
  if (!found) return torn_stack(frame, "the layout lacks a field");
  if (!may_be_loose(layout_, *found)) return torn_stack(frame, "no frame");
  insert_loose(frame);
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

bool StackCopies::correct_at_once() {
  if (!missing_) return false;
  if (Chunk* const chunk = chunk_of(*missing_)) {  // the stack has only grown
    copy_up_to(*chunk, *missing_);
    missing_.reset();
    return true;
  }
  // Where frames lie in chunks this one is a generator's, and may not be there for long: looking first takes too long.
  const bool is_generator = layout_.thread.datastack_chunk.is_present() && *missing_ == missing_top_;
  if (!is_generator || !is_plausible_pointer(*missing_) || loose_.size() == max_loose_frames) return false;
  insert_loose(*missing_);
  missing_.reset();  // a try may end before it is judged: it is not to be put in twice
  return true;
}

base::Result<void> StackCopies::correct(const memory::MemorySource& memory, const StackTop& top) {
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
