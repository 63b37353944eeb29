// Purpose: chunks that are no objects go to the object that points to them, or to nobody.
#pragma once

#include <array>
#include <vector>

#include "books.hpp"
#include "raw_chunks.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/model/heap.hpp"
#include "types.hpp"

namespace tidemark::heap {

/// Blocks of a deque are a list, of which the object points to both ends only: the others are added to the bag.
void follow_deques(const memory::MemorySource& memory, TypeTable& types, PointerBag& pointers);

struct RawOwners {
  KindSums python;  ///< by the kind of the object that points to them
  Sum native, native_mapped;
  std::vector<model::SizeClass> native_sizes;  ///< largest total first
};

/// `pointers` sorted; the first ones count before the others. Without types all are native.
[[nodiscard]] RawOwners find_owners(const RawChunks& raw, const std::array<const PointerBag*, 2>& pointers,
                                    TypeTable* types, const AddressSpace& space);

}  // namespace tidemark::heap
