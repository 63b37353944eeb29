// Purpose: the segments of mimalloc among the anonymous mappings: recognised, not walked.
// Upstream: struct mi_segment_s of mimalloc 2.1, as CPython 3.13 to 3.15 has it
// (Include/internal/mimalloc/mimalloc/types.h): a segment begins at a multiple of 32 MiB; its cookie is its address
// combined with one random word of the process
// (_mi_ptr_cookie), its thread_id is what fs points to in the thread that owns it.
#pragma once

#include <cstdint>
#include <vector>

#include "address_space.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::heap {

/// All segments whose cookies agree with that of one which a known thread owns. By address.
[[nodiscard]] std::vector<Range> find_segments(const AddressSpace& space, const memory::MemorySource& memory,
                                               const std::vector<std::uint64_t>& thread_pointers);

}  // namespace tidemark::heap
