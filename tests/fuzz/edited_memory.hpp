// Purpose: an image with edits, some of which happen between two reads, as a racing target's own writes do.
// Invariant: the image is as it was before once the EditedMemory has gone.
#pragma once

#include <utility>
#include <vector>

#include "edits.hpp"
#include "tidemark/memory/image_memory.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::fuzz {

class EditedMemory final : public memory::MemorySource {
 public:
  /// Changes `image` while it lives.
  EditedMemory(memory::ImageMemory& image, const Words& words, std::span<const Edit> edits);
  ~EditedMemory() override;

  [[nodiscard]] base::Result<void> read(base::Address from, std::span<std::byte> into) const override;

  /// Reads so far, pieces of vector reads counted one by one.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  /// Bytes asked for so far.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Hole {
    std::uint64_t start = 0, end = 0;
    base::ErrorCode code = base::ErrorCode::fault;
  };

  void apply(const Edit& edit) const;
  void apply_due() const;
  void overwrite(base::Address at, std::span<const std::byte> bytes) const;
  template <class T>
  void put(base::Address at, T value) const;
  [[nodiscard]] std::uint64_t word(base::Address at) const;

  memory::ImageMemory& image_;
  const Words& words_;
  std::vector<Edit> pending_;  ///< the next one last
  mutable std::size_t applied_ = 0;
  mutable std::vector<std::pair<base::Address, std::vector<std::byte>>> undo_;
  mutable std::vector<Hole> holes_;
  mutable std::uint64_t reads_ = 0, bytes_ = 0;
};

}  // namespace tidemark::fuzz
