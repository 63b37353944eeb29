// Purpose: one vector read of many structs, which are then looked at as Pieces.
// Invariants: pieces are copied in the order in which they were added, as far as one is not joined to the one before
// it; a piece that could not be read has an error and never bytes. The buffers are kept from one run to the next.
#pragma once

#include <vector>

#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

class Batch {
 public:
  using Id = std::size_t;

  void clear();

  /// The extent of a struct at `address`. A piece that begins on the page where the one before it ends, and not before
  /// it, is read along with it: one request of the kernel instead of two.
  Id add(base::Address address, Extent extent);

  /// What is added next is not joined to what was added before: a second copy must be its own bytes.
  void begin_second_copies() { may_join_ = false; }

  void run(const memory::MemorySource& memory);

  /// No bytes when it could not be read.
  [[nodiscard]] Piece piece(Id id) const;
  [[nodiscard]] const base::Result<void>& status(Id id) const;

 private:
  struct Wanted {
    std::size_t request = 0;
    std::size_t offset = 0;  ///< into the request
    Extent extent;
  };
  struct Stretch {
    base::Address start;
    std::size_t size = 0;
  };

  bool may_join_ = false;
  std::vector<Wanted> wanted_;
  std::vector<Stretch> stretches_;
  std::vector<memory::ReadRequest> requests_;
  std::vector<std::byte> buffer_;
};

}  // namespace tidemark::cpython
