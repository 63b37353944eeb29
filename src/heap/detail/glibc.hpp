// Purpose: glibc's malloc, found and read without symbols: its arenas, their segments, and what threads keep.
// Invariants: an arena counts when the ring of arenas through it closes at the main one, which lies in libc's own data.
// Every list is capped.
//
// Upstream: malloc/malloc.c, malloc/arena.c of glibc 2.31 to 2.43. struct malloc_state holds, from its bins on, in all
// of them: 127 pairs of pointers, the bin map, next, next_free, attached_threads, system_mem, max_system_mem; before
// them top and last_remainder, and to 2.42 ten fastbins, which 2.43 has no more. Pointers in singly linked lists are
// mangled from 2.32 on (PROTECT_PTR). heap_info is 32 bytes to 2.34, 48 from 2.35 on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "address_space.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "window.hpp"

namespace tidemark::heap {

inline constexpr std::size_t max_malloc_arenas = 4096;
inline constexpr std::size_t max_arena_segments = 65'536;
inline constexpr std::size_t max_kept_chunks = std::size_t{1} << 22;  ///< in fastbins and tcaches

/// Bits of a chunk's size word.
inline constexpr std::uint64_t prev_in_use = 1, mapped_bit = 2, size_bits = 7;
inline constexpr std::uint64_t chunk_head = 16, least_chunk = 32, chunk_unit = 16;

struct MallocArenaPlace {
  std::uint64_t state = 0;  ///< struct malloc_state
  bool is_main = false;
  std::uint64_t top = 0, system_bytes = 0;
  std::vector<Range> segments;  ///< where its chunks lie, in order; the newest one ends with top
  std::vector<Range> heads;     ///< malloc_state and heap_info that lie in a segment's mapping
};

struct Malloc {
  std::uint64_t bins_at = 0;  ///< in struct malloc_state; 0: no glibc was found
  bool has_fastbins = true;
  bool is_mangled = true;
  std::string version;  ///< "glibc 2.36"; "glibc" when its page is not in memory
  std::vector<MallocArenaPlace> arenas;

  [[nodiscard]] bool is_found() const { return bins_at != 0; }
  /// What a mapped chunk's size word leaves out of its mapping (2.43).
  [[nodiscard]] std::uint64_t mapped_extra() const { return has_fastbins ? 0 : chunk_head; }
};

[[nodiscard]] Malloc find_malloc(const AddressSpace& space, const memory::MemorySource& memory);

/// Chunks that look used and are not, by the address of the chunk.
enum class KeptBy : std::uint8_t { fastbin, tcache };
struct KeptChunks {
  std::unordered_map<std::uint64_t, KeptBy> chunks;
  std::size_t tcaches = 0;
};

/// `thread_pointers`: what fs points to in each thread. A tcache is one that thread-local data points to.
[[nodiscard]] KeptChunks find_kept_chunks(Malloc& malloc, const AddressSpace& space, const memory::MemorySource& memory,
                                          const std::vector<std::uint64_t>& thread_pointers);

}  // namespace tidemark::heap
