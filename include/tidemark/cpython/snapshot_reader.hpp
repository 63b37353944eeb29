// Purpose: one tick's reading of an interpreter whose layout is known: threads, GIL, collector, innermost frame.
// Invariants: addresses found at one tick are only a guess at the next: all that is reported comes out of one vector
// read in which every link holds. When one does not, the guess is corrected and the read repeated, max_attempts times
// in all.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/model/gap.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::cpython {

/// Vector reads of one tick; after the last one what still moves is a gap `torn`.
inline constexpr int max_attempts = 3;

/// One reading: what could be read, and the reasons for what could not.
struct PythonSnapshot {
  model::PythonReading reading;
  std::vector<model::Gap> gaps;
};

/// Where the runtime of one process lies.
struct RuntimePlace {
  base::Address runtime;    ///< _PyRuntime
  base::Address code_type;  ///< PyCode_Type
};

class SnapshotReader {
 public:
  /// `memory` must outlive the reader. `main_thread` is what the process itself calls its main thread (its own
  /// getpid()).
  SnapshotReader(const memory::MemorySource& memory, const Layout& layout, RuntimePlace place, base::Tid main_thread);
  SnapshotReader(const SnapshotReader&) = delete;
  SnapshotReader& operator=(const SnapshotReader&) = delete;
  ~SnapshotReader();

  /// Gaps: `python` when the interpreter itself cannot be read (`self_check`: its links do not hold any more);
  /// `threads`, `gil`, `gc`, `frame` when only that part cannot. A thread without Python code has no frame, and that is
  /// no gap.
  [[nodiscard]] PythonSnapshot read();

  /// The native ids of all thread states, as the last reading has them: unchecked words of the target.
  [[nodiscard]] std::vector<std::uint64_t> native_thread_ids() const;
  [[nodiscard]] std::vector<base::Address> thread_states() const;

  /// Where the last reading found what it read; null for what it did not. Unchecked.
  struct Places {
    base::Address collector;      ///< the struct GcState
    base::Address garbage;        ///< the list gc.garbage
    base::Address current_frame;  ///< the innermost one, which may be no Python frame, or not begun
    base::Address frame_code;     ///< the code object of the innermost one that is a Python frame and has begun
  };
  [[nodiscard]] Places places() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::cpython
