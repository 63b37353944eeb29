// Purpose: pymalloc's arenas and pools, found and walked without symbols.
// Invariants: a pool counts only when its head makes sense and its list of free blocks is as long as the head says; one
// that moves is read again, and counted as torn when it never stands still. What the walk adds to the books of one
// arena is what is resident of that arena, to the byte.
//
// Upstream: Objects/obmalloc.c (3.8 to 3.11), Include/internal/pycore_obmalloc.h (3.12 on). An arena is 256 KiB of 4
// KiB pools to 3.9, 1 MiB of 16 KiB pools from 3.10 on (2 MiB with huge pages, 3.15); blocks are multiples of 16 bytes
// up to 512.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "address_space.hpp"
#include "books.hpp"
#include "object_sink.hpp"
#include "recogniser.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/model/heap.hpp"
#include "walk_budget.hpp"
#include "window.hpp"

namespace tidemark::heap {

/// struct arena_object; the same in 3.8 to 3.15.
struct ArenaObject {
  std::uint64_t address = 0;
  std::uint64_t pool_address = 0;  ///< pools from here on were never used
  std::uint32_t free_pools = 0, total_pools = 0;
};

/// More arenas than this are not looked at: 4 TiB of them.
inline constexpr std::size_t max_arenas = std::size_t{1} << 22;

struct Arenas {
  std::vector<std::uint64_t> tables;  ///< the arrays of arena_object that lead to them, and places within
  std::uint64_t arena_bytes = 0, pool_bytes = 0;
  std::vector<ArenaObject> live;  ///< by address
};

/// The writable mappings of a file and the anonymous one behind the last, which holds the rest of its .bss.
[[nodiscard]] std::vector<Range> writable_parts(const AddressSpace& space, const std::string& path);

/// Looks for tables of arenas in the writable memory of the file at `module_path` and its .bss, and in the states of
/// interpreters, which from 3.12 on have arenas of their own when they have a GIL of their own. Empty when there is
/// none: no pymalloc, or none that was used.
[[nodiscard]] Arenas find_arenas(const AddressSpace& space, const memory::MemorySource& memory,
                                 const std::string& module_path, const std::vector<Range>& interpreters = {});

struct PymallocBooks {
  model::PymallocFigures figures;
  KindSums blocks;
  Sum free_blocks, free_pools, slack;
  std::vector<model::PymallocArenaRow> arenas;
  std::vector<model::HeldArena> held;  ///< types are indexes in decimal, of buffers none: to be named
  std::uint64_t held_below = 0;
  std::uint64_t torn_bytes = 0, torn_blocks = 0;  ///< blocks in use, as the heads say
  std::uint64_t debug_blocks = 0, bytes_read = 0, lost_bytes = 0;
};

class PymallocWalk {
 public:
  PymallocWalk(const AddressSpace& space, const memory::MemorySource& memory, const Arenas& arenas, TypeTable& types,
               ObjectSink& objects, WalkBudget& budget)
      : space_(space),
        arenas_(arenas),
        recogniser_(types),
        objects_(objects),
        budget_(budget),
        window_(memory, space),
        again_(memory, space) {}

  [[nodiscard]] PymallocBooks run();

  /// Of a target that runs: what the objects of pools point to that have changed since. Nothing is counted.
  void look_again(ObjectSink& objects);

 private:
  struct Pool;
  struct ArenaTypes;
  /// A pool as it was: whoever takes or gives a block changes one of these.
  struct PoolState {
    std::uint64_t address = 0, free_block = 0;
    std::uint32_t used = 0;
  };

  void walk_arena(const ArenaObject& arena);
  void walk_pool(std::uint64_t address, model::PymallocArenaRow& row, ArenaTypes& types);
  [[nodiscard]] bool read_pool(const std::byte* bytes, std::uint64_t address, Pool& pool) const;
  [[nodiscard]] bool mark_free(const std::byte* bytes, std::uint64_t address, Pool& pool) const;
  void count_blocks(const Pool& pool, const std::byte* bytes, std::uint64_t address, ArenaTypes& types);
  void count_torn(const std::byte* head, const Tally& all, model::PymallocArenaRow& row);
  void keep_held(const model::PymallocArenaRow& row, const ArenaTypes& types);

  const AddressSpace& space_;
  const Arenas& arenas_;
  Recogniser recogniser_;
  ObjectSink& objects_;
  WalkBudget& budget_;
  Window window_, again_;
  std::vector<PoolState> states_;
  PymallocBooks books_;
};

}  // namespace tidemark::heap
