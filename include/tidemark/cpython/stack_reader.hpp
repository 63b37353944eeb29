// Purpose: the stacks of all threads of all interpreters of a process whose layout is known.
// Invariants: a stack is reported only when two copies of all that it was read from agree, and the thread state named
// its innermost frame in between; else the thread says `torn`. All walks are capped. One StackReader is for one address
// space, as an Interpreter is.
#pragma once

#include <memory>

#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/model/stack.hpp"

namespace tidemark::cpython {

/// Readings of one thread in one call, until one of them agrees with itself.
inline constexpr int max_stack_tries = 5;
/// Frames of one thread; what is deeper is cut, and the thread says `limit`.
inline constexpr std::size_t max_stack_frames = 100'000;

class StackReader {
 public:
  /// `memory` must outlive the reader.
  StackReader(const memory::MemorySource& memory, const Layout& layout, RuntimePlace place);
  StackReader(const StackReader&) = delete;
  StackReader& operator=(const StackReader&) = delete;
  ~StackReader();

  /// Fills all of a StackReading but what /proc knows (is_running, outer_id) and the names.
  [[nodiscard]] model::StackReading read();
  /// With the names; a thread that is new since the last call may have none yet. One vector read more when nothing
  /// moved.
  [[nodiscard]] model::StackReading read_named();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::cpython
