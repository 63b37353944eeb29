// Purpose: what a result was made of, as bytes of the target: while they are the same, so is the result.
// Invariant: parts stand in the order of their addresses, so that neighbours are read along with each other.
#pragma once

#include <span>
#include <vector>

#include "batch.hpp"
#include "copies.hpp"
#include "tidemark/cpython/attributes.hpp"

namespace tidemark::cpython {

class Evidence {
 public:
  Evidence() = default;
  Evidence(std::span<const Word> words, std::span<const Witness> witnesses);

  /// Also with the parts of others.
  void merge(std::span<const Evidence* const> others);

  /// All parts, for `holds` on the same batch after it has run.
  void add_to(Batch& batch);
  [[nodiscard]] bool holds(const Batch& batch) const;

 private:
  struct Part {
    base::Address at;
    std::size_t first = 0;  ///< into bytes_
    std::uint32_t size = 0;
    Batch::Id id = 0;
  };

  void append(base::Address at, std::span<const std::byte> bytes);
  void arrange();

  std::vector<std::byte> bytes_;
  std::vector<Part> parts_;
};

}  // namespace tidemark::cpython
