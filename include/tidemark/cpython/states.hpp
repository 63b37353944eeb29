// Purpose: the states of interpreters and threads as places in memory, for those who ask what lies there and not what
// it says. Invariant: the lists were checked link by link, and are capped.
#pragma once

#include <cstdint>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// A stretch of a thread's data stack, which holds its frames (3.11 on).
struct StackChunkPlace {
  base::Address address;
  std::uint64_t bytes = 0;
};

/// Chunks of one thread that are followed; a thread that needs more has recursed a million times.
inline constexpr std::size_t max_stack_chunks = 65'536;
/// Of all threads together.
inline constexpr std::size_t max_all_stack_chunks = std::size_t{1} << 20;

struct StatePlaces {
  std::vector<base::Address> interpreters;    ///< PyInterpreterState; the main one first
  std::vector<base::Address> threads;         ///< PyThreadState of all of them
  std::vector<std::uint64_t> thread_idents;   ///< threading.get_ident(), which is glibc's pthread_t
  std::vector<StackChunkPlace> stack_chunks;  ///< newest first, of each thread
};

/// Errors: those of reading, `torn` (a list moves), `limit`.
[[nodiscard]] base::Result<StatePlaces> find_states(const memory::MemorySource& memory, const Layout& layout,
                                                    const RuntimePlace& place);

}  // namespace tidemark::cpython
