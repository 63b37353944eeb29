// Purpose: memory made by hand or recorded earlier, as a list of segments.
// Invariant: segments do not overlap and are sorted by address; a read may cross from one into the next when they
// touch.
#pragma once

#include <cstdint>
#include <vector>

#include "tidemark/memory/memory_source.hpp"

namespace tidemark::memory {

struct Segment {
  base::Address start;
  std::vector<std::byte> bytes;
};

class ImageMemory final : public MemorySource {
 public:
  /// Errors: `malformed` for a segment that overlaps another or passes the end of the address space.
  [[nodiscard]] base::Result<void> add(Segment segment);

  /// `fault` with the first address that no segment holds.
  [[nodiscard]] base::Result<void> read(base::Address from, std::span<std::byte> into) const override;

  /// For building and corrupting images in tests. `fault` when the range is not wholly inside one segment.
  [[nodiscard]] base::Result<void> overwrite(base::Address at, std::span<const std::byte> bytes);

  [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }

 private:
  /// The segment that holds the address, or null.
  [[nodiscard]] const Segment* find(base::Address address) const;

  std::vector<Segment> segments_;
};

}  // namespace tidemark::memory
