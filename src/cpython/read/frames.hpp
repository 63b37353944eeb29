// Purpose: the innermost Python frame of a thread: found by following pointers, believed only when a vector read that
// holds two copies of it agrees with itself.
// Invariants: a walk passes at most max_skipped_frames; nothing that the walk found is reported before it was
// confirmed.
#pragma once

#include <optional>
#include <vector>

#include "batch.hpp"
#include "code_cache.hpp"
#include "frame_struct.hpp"
#include "threads.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::cpython {

/// Frames that are none of Python's (the shim that C pushes) or not begun yet, which CPython leaves out of tracebacks
/// too.
inline constexpr std::size_t max_skipped_frames = 64;

/// Where the frame of a thread was found.
struct FramePath {
  base::Address thread;
  base::Address frame_source;  ///< as the thread state says
  base::Address first_frame;   ///< the thread's current frame
  std::vector<Frame> skipped;
  std::optional<Frame> frame;  ///< nullopt: the thread runs no Python code
};

class FrameReader {
 public:
  FrameReader(const Layout& layout, base::Address code_type) : layout_(layout), code_type_(code_type) {}

  /// Follows the thread's frames to the innermost Python frame and loads the names of its code. Errors: those of
  /// reading, `malformed`, `limit`; most often because the thread has gone on meanwhile.
  [[nodiscard]] base::Result<FramePath> follow(const memory::MemorySource& memory, const ThreadState& thread);

  /// Adds the path to a batch in three steps, between which the caller adds the thread state: first copies of the frame
  /// and its code; what leads to the frame; second copies of both. When the two copies are equal, the frame was
  /// like that at the moment in between, when the thread state said that it was the innermost one.
  void add_first_copies(Batch& batch, const FramePath& path);
  void add_way(Batch& batch, const FramePath& path);
  void add_second_copies(Batch& batch, const FramePath& path);

  /// Judges the batch; `thread` is the state as the same batch has it. Errors: those of reading;
  /// `torn` when the copies do not agree with each other or with the path. Two copies agree when frame, code and caller
  /// are the same and the instructions are on the same line: a loop on one line moves its instruction between any two
  /// copies. nullopt: the thread runs no Python code.
  [[nodiscard]] base::Result<std::optional<model::FrameLocation>> confirm(const Batch& batch, const FramePath& path,
                                                                          const ThreadState& thread);

 private:
  /// One copy of a code object and of what its names were read from.
  struct CodeIds {
    Batch::Id head = 0;
    std::vector<Batch::Id> witnesses;
  };
  struct Ids {
    std::optional<Batch::Id> cframe;
    std::vector<Batch::Id> frames, frames_again;  ///< the skipped ones, then the frame itself
    CodeIds code, code_again;
  };

  [[nodiscard]] base::Result<base::Address> current_frame(const memory::MemorySource& memory,
                                                          const ThreadState& thread) const;
  [[nodiscard]] base::Result<Frame> read_frame(const memory::MemorySource& memory, base::Address address) const;
  [[nodiscard]] base::Result<void> check_way(const Batch& batch, const FramePath& path,
                                             const ThreadState& thread) const;
  [[nodiscard]] base::Result<void> check_skipped(const Batch& batch, const FramePath& path) const;
  [[nodiscard]] CodeIds add_code(Batch& batch, base::Address code) const;
  [[nodiscard]] base::Result<const CachedCode*> check_code(const Batch& batch, base::Address code);
  [[nodiscard]] base::Result<model::FrameLocation> check_frame(const Batch& batch, const Frame& expected);
  [[nodiscard]] base::Result<std::optional<std::int64_t>> line_in(const CachedCode& code, const Frame& frame);

  /// The line found last: a thread that waits stays on it, and a long table is slow to decode.
  struct KnownLine {
    std::shared_ptr<const model::CodeInfo> code;  ///< held, so that no other code has the same address
    std::int64_t code_unit = 0;
    std::optional<std::int64_t> line;
  };

  const Layout& layout_;
  base::Address code_type_;
  CodeCache cache_;
  KnownLine known_line_;
  Ids ids_;
};

}  // namespace tidemark::cpython
