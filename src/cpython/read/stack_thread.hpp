// Purpose: one thread of a stack reading: what its state says, the guess of where its frames lie, and what was made of
// them.
#pragma once

#include <memory>
#include <optional>

#include "batch.hpp"
#include "stack_codes.hpp"
#include "stack_copies.hpp"
#include "threads.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/stack_reader.hpp"
#include "tidemark/model/stack.hpp"

namespace tidemark::cpython {

/// What stacks need of a thread state.
struct StackState {
  ThreadState links;
  base::Address chunk;  ///< null where the layout has no data stack
  std::uint64_t thread_id = 0;
};

/// Of a thread state.
[[nodiscard]] Extent stack_state_extent(const Layout& layout);
/// nullopt when the piece lacks a field.
[[nodiscard]] std::optional<StackState> decode_stack_state(const Layout& layout, base::Address address,
                                                           const Piece& piece);

class StackThread {
 public:
  StackThread(const Layout& layout, const StackState& state) : layout_(layout), state_(state), copies_(layout) {}

  [[nodiscard]] const StackState& state() const { return state_; }
  [[nodiscard]] bool is_done() const { return is_done_; }
  /// Whether it is to be tried again in this reading.
  [[nodiscard]] bool is_pending() const { return !is_done_ && tries_ < max_stack_tries; }
  /// Whether its copies held in this round: its last try may be one.
  [[nodiscard]] bool is_to_resolve() const { return held_; }
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }
  [[nodiscard]] const std::shared_ptr<const model::Frames>& frames() const { return frames_; }
  [[nodiscard]] int tries() const { return tries_; }
  [[nodiscard]] bool is_cut() const { return stack_.is_cut; }

  void begin_reading();
  /// What `add` would have copied.
  [[nodiscard]] std::uint64_t copied_bytes() const { return copies_.copied_bytes(); }
  /// Not in this reading any more, unless it is done: the reading is too large.
  void give_up();
  /// First copies, the thread state, second copies.
  void add(Batch& batch);
  /// The thread state alone.
  void add_state(Batch& batch);
  /// What the batch says of the thread state; nullopt when it could not be read.
  [[nodiscard]] std::optional<StackState> state_in(const Batch& batch) const;
  /// Judges the copies; the code objects of a stack that holds go into `codes`.
  void judge(const Batch& batch, std::vector<base::Address>& codes, const StackCodes& known);
  /// Names and lines for a stack that held, once its code objects are proved.
  void resolve(StackCodes& codes);
  /// Looks again where the frames lie, if that is why the last try failed.
  void correct(const memory::MemorySource& memory);

 private:
  void show(model::Frames frames, const StackCodes& codes);
  void add_pthread(Batch& batch);
  void remember_cframe();
  [[nodiscard]] base::Result<StackTop> top_in(const Batch& batch);
  [[nodiscard]] base::Result<StackTop> read_top(const memory::MemorySource& memory);
  [[nodiscard]] base::Result<model::Frames> name(StackCodes& codes) const;
  [[nodiscard]] const Frame& frame_to_tell(std::size_t i) const;
  [[nodiscard]] base::Result<std::optional<model::FrameLocation>> locate(StackCodes& codes, std::size_t i) const;
  [[nodiscard]] bool is_as_shown(const StackCodes& codes) const;
  [[nodiscard]] bool judge_single(const Batch& batch, const StackCodes& known);
  void fail(base::Error error) { error_ = std::move(error); }

  const Layout& layout_;
  StackState state_;
  StackCopies copies_;
  std::optional<Batch::Id> state_id_, pthread_id_;
  /// Where the layout has cframes: the last ones seen, newest first. C that calls Python again and again goes through
  /// few.
  std::vector<base::Address> cframes_;
  std::vector<Batch::Id> cframe_ids_;

  // Of this reading.
  bool is_done_ = false;
  bool held_ = false;          ///< its copies did, and it has no names yet
  bool is_single_ = false;     ///< only one copy was asked for
  bool is_unchanged_ = false;  ///< and it was the stack that is shown
  int tries_ = 0;
  std::optional<base::Error> error_;
  std::optional<base::Error> follow_error_;  ///< why the guess is not whole
  CopiedStack stack_;

  // What `frames_` was made of.
  std::shared_ptr<const model::Frames> frames_;
  std::vector<Frame> shown_;
  std::vector<base::Address> shown_codes_;  ///< each once
  std::uint64_t shown_drops_ = 0;
};

}  // namespace tidemark::cpython
