// Purpose: which stretches of the address space have an owner already.
// Invariant: claims do not overlap: a later one gets what is left.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "address_space.hpp"

namespace tidemark::heap {

class Claims {
 public:
  /// The parts of `range` that nobody had; they have an owner now.
  std::vector<Range> claim(Range range);
  /// The parts of `range` that nobody has.
  [[nodiscard]] std::vector<Range> left_of(Range range) const;

 private:
  std::map<std::uint64_t, std::uint64_t> taken_;  ///< start to end; none overlaps or touches another
};

}  // namespace tidemark::heap
