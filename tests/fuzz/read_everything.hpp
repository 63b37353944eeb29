// Purpose: every reader of target memory, run one after another over one source; and what must hold of their results
// whatever the source says.
#pragma once

#include "tidemark/cpython/snapshot_reader.hpp"
#include "tidemark/cpython/stack_reader.hpp"

namespace tidemark::fuzz {

class EverythingReader {
 public:
  /// `memory` and `layout` must outlive it.
  EverythingReader(const memory::MemorySource& memory, const cpython::Layout& layout, cpython::RuntimePlace place,
                   base::Tid main_thread)
      : memory_(memory),
        layout_(layout),
        place_(place),
        snapshots_(memory, layout, place, main_thread),
        stacks_(memory, layout, place) {}

  /// Ends the process with a message when a result breaks what the readers promise.
  void read();

 private:
  void read_objects() const;

  const memory::MemorySource& memory_;
  const cpython::Layout& layout_;
  cpython::RuntimePlace place_;
  cpython::SnapshotReader snapshots_;
  cpython::StackReader stacks_;
};

}  // namespace tidemark::fuzz
