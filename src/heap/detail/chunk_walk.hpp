// Purpose: all chunks of glibc's malloc, one by one: free, kept, a Python object, or raw.
// Invariants: a chunk whose size makes no sense ends the walk only until the next place from which several chunks
// follow each other; what lies between is counted as torn. What the walk adds to the books of a segment is what is
// resident of it, but for that.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "books.hpp"
#include "glibc.hpp"
#include "object_sink.hpp"
#include "raw_chunks.hpp"
#include "recogniser.hpp"
#include "tidemark/model/heap.hpp"
#include "walk_budget.hpp"
#include "window.hpp"

namespace tidemark::heap {

/// A chunk from which the walk can be begun again.
struct Waypoint {
  std::uint64_t chunk = 0, segment_end = 0;
};

struct MallocBooks {
  std::vector<model::MallocArena> arenas;
  KindSums objects;  ///< chunks that are Python objects
  Sum bins, fastbins, tcaches, main_top, thread_tops;
  Tally walked;  ///< all of the above, and the raw ones
  std::uint64_t torn_chunks = 0, torn_bytes = 0, bytes_read = 0, lost_bytes = 0;
  std::uint64_t mapped_chunks = 0, mapped_bytes = 0;
  std::uint64_t debug_chunks = 0;
  std::vector<Waypoint> waypoints;  ///< one for each stretch of waypoint_bytes, about
};

class ChunkWalk {
 public:
  ChunkWalk(const Malloc& malloc, const KeptChunks& kept, const AddressSpace& space, const memory::MemorySource& memory,
            Recogniser* recogniser, ObjectSink& objects, RawChunks& raw, WalkBudget& budget)
      : malloc_(malloc),
        kept_(kept),
        space_(space),
        memory_(memory),
        recogniser_(recogniser),
        objects_(objects),
        raw_(raw),
        budget_(budget),
        window_(memory, space) {}

  /// All segments of all arenas.
  void walk_arenas();
  /// Where brk had no room the main arena goes on in mappings of its own (sysmalloc in malloc.c). The end of what
  /// `range` begins with of one: its beginning when no chunks follow each other from there, or all of the arena is
  /// known.
  [[nodiscard]] std::uint64_t walk_more_of_main(Range range);
  /// Of the main arena's bytes some were not found yet.
  [[nodiscard]] bool lacks_of_main() const;
  /// Chunks with a mapping of their own, in a stretch of anonymous memory that nobody has claimed. Those that were
  /// found.
  [[nodiscard]] std::vector<Range> walk_mapped(Range range);

  [[nodiscard]] MallocBooks& books() { return books_; }

 private:
  static constexpr std::uint64_t window_bytes = std::uint64_t{1} << 20, few_bytes = std::uint64_t{16} << 10;

  static constexpr std::uint64_t waypoint_bytes = std::uint64_t{64} << 10;

  std::uint64_t walk_segment(const MallocArenaPlace& place, Range segment, model::MallocArena& arena);
  [[nodiscard]] std::uint64_t first_chunk(const MallocArenaPlace& place, Range segment);
  [[nodiscard]] bool see(std::uint64_t address, std::uint64_t bytes, std::uint64_t segment_end);
  [[nodiscard]] std::uint64_t size_word(std::uint64_t chunk, std::uint64_t segment_end);
  [[nodiscard]] std::uint64_t resume_at(std::uint64_t chunk, std::uint64_t segment_end);
  [[nodiscard]] std::uint64_t end_of_chain(Range range);
  [[nodiscard]] bool begins_chain(std::uint64_t chunk, std::uint64_t segment_end);
  void take_free(std::uint64_t chunk, std::uint64_t bytes, const Tally& tally, model::MallocArena& arena);
  [[nodiscard]] bool has_time();
  void take_used(std::uint64_t chunk, std::uint64_t bytes, std::uint64_t usable, const Tally& tally, bool is_mapped);
  void take_top(const MallocArenaPlace& place, std::uint64_t bytes, model::MallocArena& arena);
  [[nodiscard]] Tally tally(std::uint64_t start, std::uint64_t end);

  const Malloc& malloc_;
  const KeptChunks& kept_;
  const AddressSpace& space_;
  const memory::MemorySource& memory_;
  Recogniser* recogniser_;  ///< null: no interpreter is known, so no object is
  ObjectSink& objects_;
  RawChunks& raw_;
  WalkBudget& budget_;
  Window window_;
  const SpaceRegion* region_ = nullptr;  ///< of the last tally
  std::uint64_t ahead_ = window_bytes;   ///< read at once
  std::uint64_t far_guesses_ = 0, chain_steps_ = 0, steps_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> chains_;  ///< by page: its first chunk in a chain that was followed
  MallocBooks books_;
};

}  // namespace tidemark::heap
