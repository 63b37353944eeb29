// Purpose: a MemorySource that passes every read through to another one and keeps what was read, so that the reading
// can be done again elsewhere (see image_file.hpp).
// Invariants: the reader sees what the source gives, errors included. What could not be read is not kept: reading the
// image again fails in the same place. Bytes that were read twice are kept as they were the last time.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "tidemark/memory/image_memory.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::memory {

/// Bytes that one RecordingMemory keeps; later ones are passed through and counted.
inline constexpr std::uint64_t max_kept_bytes = 64 << 20;

class RecordingMemory final : public MemorySource {
 public:
  /// `source` must outlive it.
  explicit RecordingMemory(const MemorySource& source) : source_(source) {}

  [[nodiscard]] base::Result<void> read(base::Address from, std::span<std::byte> into) const override;
  void read_many(std::span<ReadRequest> requests) const override;

  /// All that was read, by address; no two of them overlap or touch.
  [[nodiscard]] std::vector<Segment> segments() const;

  /// Bytes that were read and not kept.
  [[nodiscard]] std::uint64_t dropped_bytes() const { return dropped_bytes_; }

 private:
  using Kept = std::map<std::uint64_t, std::vector<std::byte>>;

  void keep(base::Address from, std::span<const std::byte> bytes) const;
  [[nodiscard]] Kept::iterator first_to_join(std::uint64_t start) const;

  const MemorySource& source_;
  // Changed in const reads, as the counters of LiveMemory are. Belongs to one thread.
  mutable Kept kept_;
  mutable std::uint64_t kept_bytes_ = 0;
  mutable std::uint64_t dropped_bytes_ = 0;
};

}  // namespace tidemark::memory
