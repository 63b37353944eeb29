// Purpose: how far the figures of a heap move while it is read: its levels are looked at again and again, for about as
// long as the walk took.
// Invariants: only heads of pools and chunks are read; of a large heap a part, whose movement stands for all of it. The
// bound is the sum of how far each size class went up and down, so that no row can have moved further: one kind of
// object that takes the place of another is of another size, or is counted as torn.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "chunk_walk.hpp"
#include "pymalloc.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::heap {

class ChurnMeter {
 public:
  ChurnMeter(const AddressSpace& space, const memory::MemorySource& memory, const Arenas& arenas,
             const std::vector<Waypoint>& waypoints);

  /// Looks for `duration_ns`, at least a few times. Bytes by which a row may be wrong: how far the levels moved, and
  /// what was made or dropped in `unsure_ns`, for so long lie a block and the object that owns it apart.
  [[nodiscard]] std::uint64_t measure(const proc::ProcessFiles& files, std::int64_t duration_ns,
                                      std::int64_t unsure_ns);

 private:
  static constexpr std::size_t pool_classes = 32, chunk_classes = 48;
  using Levels = std::array<std::uint64_t, pool_classes + 2 * chunk_classes + 1>;

  struct Stretch {
    Waypoint from;
    std::array<std::uint64_t, 2 * chunk_classes> levels{};  ///< used, then free
    std::uint64_t large = 0;  ///< of a block in use that passes the end of what is looked at
  };

  void choose_pools(const Arenas& arenas);
  void choose_stretches(const std::vector<Waypoint>& waypoints);
  [[nodiscard]] Levels look(const proc::ProcessFiles& files);
  void look_at_pools(Levels& levels);
  void look_at(Stretch& stretch);
  void look_at_large(Stretch& stretch, std::uint64_t next_size_at, std::uint64_t bytes);

  const AddressSpace& space_;
  const memory::MemorySource& memory_;
  std::uint64_t pool_bytes_;
  std::vector<std::uint64_t> pools_;
  std::vector<std::array<std::byte, 48>> heads_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> last_;  ///< size class and blocks in use of each pool
  double pool_scale_ = 1, chunk_scale_ = 1;
  double largest_ = 0;    ///< of what came or went at one place: a block of it more or less is nothing
  double exchanged_ = 0;  ///< bytes that were made or dropped between two looks, summed
  std::vector<Stretch> stretches_;
  Window window_;
};

}  // namespace tidemark::heap
