// Purpose: the stacks of threads among the anonymous mappings, by the thread's own descriptor at their upper end.
// Upstream: struct pthread of glibc begins with tcbhead_t, whose words 0 and 2 point at it (x86-64,
// sysdeps/x86_64/nptl/tls.h); its kernel id lies at 0x2d0 in 2.31 to 2.43. A stack whose thread has ended is kept for
// the next one.
#pragma once

#include <cstdint>
#include <vector>

#include "address_space.hpp"
#include "tidemark/base/address.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::heap {

struct ThreadStackPlace {
  std::uint64_t thread_pointer = 0;  ///< what fs points to
  Range range;                       ///< the mapping; where no guard page lies before it, what is near the descriptor
  bool is_in_use = false;
  bool is_guarded = false;  ///< a guard page lies before it: the whole mapping is the stack
};

/// `tids` as the process names its threads; `known` are thread pointers that somebody else knows (get_ident()).
[[nodiscard]] std::vector<ThreadStackPlace> find_stacks(const AddressSpace& space, const memory::MemorySource& memory,
                                                        const std::vector<base::Tid>& tids,
                                                        const std::vector<std::uint64_t>& known);

}  // namespace tidemark::heap
