// Purpose: a copy of parts of a target's memory, made at once and read at leisure.
// Invariants: the buffer is there before the copy is made: filling it does not wait for the kernel to find pages for us
// (copying into fresh memory is four times slower, and the target may stand still meanwhile). What could not be copied
// is not there. Memory that was not asked for is read from the source behind the copy, if there is one: what never
// changes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tidemark/memory/memory_source.hpp"

namespace tidemark::memory {

struct CopyRange {
  base::Address start;
  std::uint64_t bytes = 0;
};

class CopiedMemory final : public MemorySource {
 public:
  /// Room for so many bytes, touched. `behind` may be null, and must outlive the copy. Errors: `limit`: no memory.
  [[nodiscard]] static base::Result<std::unique_ptr<CopiedMemory>> prepare(std::uint64_t bytes,
                                                                           const MemorySource* behind);
  ~CopiedMemory() override;

  /// Once. By address, none overlapping. What passes the room gets more, untouched. Errors: `limit`.
  [[nodiscard]] base::Result<void> copy(const MemorySource& from, const std::vector<CopyRange>& ranges);

  [[nodiscard]] base::Result<void> read(base::Address from, std::span<std::byte> into) const override;

  [[nodiscard]] std::uint64_t bytes_copied() const { return bytes_copied_; }
  [[nodiscard]] std::uint64_t bytes_lost() const { return bytes_lost_; }  ///< could not be read

 private:
  struct Part {
    std::uint64_t start = 0, end = 0;
    const std::byte* bytes = nullptr;  ///< null: lost
  };
  struct Slab {
    std::byte* bytes = nullptr;
    std::uint64_t size = 0, used = 0;
  };

  explicit CopiedMemory(const MemorySource* behind) : behind_(behind) {}
  [[nodiscard]] bool add_slab(std::uint64_t bytes, bool touch);
  [[nodiscard]] std::byte* room_for(std::uint64_t bytes);
  void fetch(const MemorySource& from, std::vector<ReadRequest>& batch);

  const MemorySource* behind_;
  std::vector<Slab> slabs_;
  std::vector<Part> parts_;  ///< by address
  std::uint64_t bytes_copied_ = 0, bytes_lost_ = 0;
};

}  // namespace tidemark::memory
