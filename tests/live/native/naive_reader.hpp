// Purpose: a reader of stacks as one writes it at first: it follows the frames one by one and believes what it finds.
// It is there to be caught: an oracle that lets it pass tests nothing.
#pragma once

#include <optional>

#include "read/code_cache.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/model/stack.hpp"

namespace tidemark::oracle {

class NaiveReader {
 public:
  /// `memory` and `layout` must outlive it.
  NaiveReader(const memory::MemorySource& memory, const cpython::Layout& layout, cpython::RuntimePlace place)
      : memory_(memory), layout_(layout), place_(place) {}

  /// The stack of the main interpreter's thread with that native id; nullopt when anything on the way cannot be read.
  [[nodiscard]] std::optional<model::Frames> read(base::Tid native_id);

 private:
  [[nodiscard]] std::optional<base::Address> innermost_frame(base::Tid native_id) const;

  const memory::MemorySource& memory_;
  const cpython::Layout& layout_;
  const cpython::RuntimePlace place_;
  cpython::CodeCache codes_;
};

}  // namespace tidemark::oracle
