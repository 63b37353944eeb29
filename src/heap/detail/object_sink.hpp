// Purpose: who is told of each object that the walkers find.
#pragma once

#include <cstddef>
#include <cstdint>

#include "recogniser.hpp"

namespace tidemark::heap {

/// An object on bytes that were copied: they are there until the sink returns.
struct FoundObject {
  TypeEntry& type;
  const std::byte* bytes = nullptr;
  std::uint64_t seen = 0;        ///< of its bytes are there
  std::uint64_t address = 0;     ///< in the target
  std::uint64_t held = 0;        ///< bytes of the block or chunk that it lies in
  bool is_debug = false;         ///< wrapped by PYTHONMALLOC=debug, as its buffers are
  const Window* near = nullptr;  ///< what was copied at the same moment: buffers of it may be there
};

class ObjectSink {
 public:
  ObjectSink() = default;
  ObjectSink(const ObjectSink&) = default;
  ObjectSink& operator=(const ObjectSink&) = default;
  virtual ~ObjectSink() = default;

  /// Before the first object: which types there are, and whether pymalloc makes the small blocks.
  virtual void begin(TypeTable& /*types*/, bool /*has_pymalloc*/) {}
  virtual void take(const Recogniser& recogniser, const FoundObject& object) = 0;
};

}  // namespace tidemark::heap
