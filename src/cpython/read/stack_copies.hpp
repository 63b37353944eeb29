// Purpose: the frames of one thread, out of two copies of the memory in which they lie.
// A thread that waits is known by one copy: when that is, to the byte, what was accepted before, so is the stack.
// Invariants: which memory that is, is a guess from the last reading; what is told comes out of the copies alone,
// linked here and compared frame by frame. Frames that wait for a callee must be equal to the byte, their locals
// included where the end of the frame is known; the innermost may have gone on, within its code. Links, chunks and
// bytes are capped.
//
// From 3.11 on frames lie in the data stack, a list of chunks; those of generators and (3.12 on) the shims that C
// pushes lie elsewhere, each by itself, as all frames do to 3.10: these are the loose ones.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "batch.hpp"
#include "frame_struct.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"

namespace tidemark::cpython {

/// A chunk holds 16 KiB and more: Python code that recursed 100,000 times is in a thousand of them.
inline constexpr std::size_t max_stack_chunks = 4096;
/// Copied of one thread's data stack at a time; what lies deeper is cut.
inline constexpr std::uint64_t max_stack_bytes = 16 << 20;

/// To 3.10 every frame is one, and the C stack bounds how many there can be.
inline constexpr std::size_t max_loose_frames = 16'384;

/// Kept of a thread that waits; a longer stack is copied twice each time.
inline constexpr std::size_t max_settled_bytes = 256 << 10;

/// What a thread state says of its stack.
struct StackTop {
  base::Address frame;  ///< the innermost, or null
  base::Address chunk;  ///< the newest chunk, or null

  bool operator==(const StackTop&) const = default;
};

/// The frames of a thread, innermost first, shims included.
struct CopiedStack {
  std::vector<Frame> frames;
  std::optional<Frame> innermost_again;  ///< the second copy of the first frame, when that one may have gone on
  bool is_cut = false;                   ///< there are more than the caps allow
};

class StackCopies {
 public:
  explicit StackCopies(const Layout& layout) : layout_(layout), extent_(frame_extent(layout)) {}

  /// Whether one copy may do: the stack stood still when it was accepted last, and is short enough to be kept.
  [[nodiscard]] bool is_settled() const { return settled_.has_value(); }

  void unsettle() { settled_.reset(); }

  /// What both copies take.
  [[nodiscard]] std::uint64_t copied_bytes() const;

  /// The innermost frames last, and in the second copy first: what changes soonest has the least time to.
  void add_first(Batch& batch);
  void add_second(Batch& batch);

  /// `top` is what the thread state said between the two copies. Errors: those of reading; `torn` when the copies do
  /// not hold the stack or do not agree.
  [[nodiscard]] base::Result<void> judge(const Batch& batch, const StackTop& top, CopiedStack& stack);

  /// Judges the first copy alone, of a settled stack: false when it is not what was accepted last.
  [[nodiscard]] bool judge_settled(const Batch& batch, const StackTop& top);

  /// Whether the judgement failed because the stack lies elsewhere than was guessed.
  [[nodiscard]] bool wants_correction() const { return wants_correction_; }

  /// Mends the guess by what the copies themselves have shown, if that will do.
  [[nodiscard]] bool correct_at_once();
  /// Mends the guess after a judgement that failed, or makes the first one. Errors: those of reading, `torn`, `limit`:
  /// the next judgement fails too then, unless the thread has gone on.
  [[nodiscard]] base::Result<void> correct(const memory::MemorySource& memory, const StackTop& top);

 private:
  struct Chunk {
    base::Address address, previous;
    std::uint64_t size_bytes = 0;  ///< as its head says
    std::uint64_t copied = 0;      ///< bytes from its beginning that are copied
  };
  struct Loose {
    base::Address address;
    std::uint32_t unused = 0;    ///< tries since it was last part of the stack
    std::uint32_t patience = 0;  ///< with that
    bool is_outer = false;       ///< it was not among the innermost ones then
  };
  /// Where a frame lies in the copies.
  struct Place {
    bool is_loose = false;
    std::size_t index = 0;
    std::uint64_t offset = 0;  ///< into the chunk
  };
  /// A chunk whose frames are being followed.
  struct ReadChunk {
    base::Address address;
    std::vector<std::byte> bytes;
  };
  /// What was accepted, as it lay in memory.
  struct Settled {
    StackTop top;
    std::vector<std::byte> bytes;
  };
  struct Copy {
    std::vector<Batch::Id> chunks, loose;

    void resize(std::size_t chunks_count, std::size_t loose_count) {
      chunks.resize(chunks_count);
      loose.resize(loose_count);
    }
  };

  void add_chunk(Batch& batch, Copy& copy, std::size_t i) const;
  void add_loose(Batch& batch, Copy& copy, bool outer) const;
  [[nodiscard]] std::optional<Place> place_of(base::Address frame) const;
  [[nodiscard]] std::optional<std::size_t> loose_at(base::Address frame) const;
  [[nodiscard]] Piece piece_of(const Batch& batch, const Copy& copy, const Place& place) const;
  [[nodiscard]] const base::Result<void>& status_of(const Batch& batch, const Copy& copy, const Place& place) const;
  [[nodiscard]] base::Result<void> check_chunks(const Batch& batch, base::Address newest) const;
  [[nodiscard]] base::Result<void> link(const Batch& batch, base::Address first, CopiedStack& stack);
  [[nodiscard]] std::size_t most_frames() const;
  [[nodiscard]] base::Result<void> check_outermost(const CopiedStack& stack) const;
  [[nodiscard]] base::Result<void> compare(const Batch& batch, CopiedStack& stack) const;
  [[nodiscard]] bool is_body_equal(const Batch& batch, const Place& place, std::uint64_t end) const;
  void keep_what_is_used();
  /// All bytes of the first copy that the stack was linked in, one after the other.
  template <class Take>
  [[nodiscard]] bool visit_used(const Batch& batch, Take take) const;
  void settle(const Batch& batch, const StackTop& top);
  [[nodiscard]] base::Result<void> judge_copies(const Batch& batch, const StackTop& top, CopiedStack& stack);
  [[nodiscard]] base::Result<void> walk_chunks(const memory::MemorySource& memory, const StackTop& top);
  [[nodiscard]] base::Result<Chunk> read_chunk(const memory::MemorySource& memory, base::Address address) const;
  [[nodiscard]] base::Result<std::optional<Frame>> read_in_chunk(const memory::MemorySource& memory,
                                                                 base::Address frame, ReadChunk& read);
  [[nodiscard]] base::Result<Frame> read_loose(const memory::MemorySource& memory, base::Address frame);
  [[nodiscard]] base::Result<void> follow(const memory::MemorySource& memory, base::Address first);
  [[nodiscard]] Chunk* chunk_of(base::Address frame);
  void insert_loose(base::Address frame);
  void copy_up_to(Chunk& chunk, base::Address frame) const;

  const Layout& layout_;
  const Extent extent_;        ///< of a frame
  std::vector<Chunk> chunks_;  ///< newest first
  std::vector<Loose> loose_;   ///< by address
  Copy first_, second_;
  std::vector<Place> places_;             ///< of the frames that were linked last
  std::optional<base::Address> missing_;  ///< a frame that no copy held
  base::Address missing_top_;             ///< the innermost frame of that judgement
  bool wants_correction_ = true;
  std::optional<Settled> settled_;
};

}  // namespace tidemark::cpython
