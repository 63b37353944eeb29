// Purpose: blocks that are no objects, kept until it is known who points to them: two or three bytes of ours for each.
// Invariant: they are given back in the order in which they were added.
#pragma once

#include <cstdint>
#include <vector>

namespace tidemark::heap {

struct RawChunk {
  std::uint64_t address = 0;  ///< of the chunk, a multiple of 16
  std::uint64_t bytes = 0;    ///< a multiple of 16
  bool is_mapped = false;
};

class RawChunks {
 public:
  void add(const RawChunk& chunk) {
    const std::int64_t gap = static_cast<std::int64_t>(chunk.address - last_end_) / 16;
    put(static_cast<std::uint64_t>(gap < 0 ? (-gap << 1 | 1) : gap << 1) << 1 | (chunk.is_mapped ? 1 : 0));
    put(chunk.bytes / 16);
    last_end_ = chunk.address + chunk.bytes;
    ++count_;
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    std::uint64_t end = 0;
    const std::uint8_t* at = bytes_.data();
    for (std::size_t i = 0; i < count_; ++i) {
      const std::uint64_t first = take(at);
      const std::uint64_t size = take(at) * 16;
      const std::uint64_t zigzag = first >> 1;
      const std::uint64_t gap = (zigzag >> 1) * 16;
      const std::uint64_t address = (zigzag & 1) != 0 ? end - gap : end + gap;
      visit(RawChunk{.address = address, .bytes = size, .is_mapped = (first & 1) != 0});
      end = address + size;
    }
  }

  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  void put(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }
  static std::uint64_t take(const std::uint8_t*& at) {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t byte = *at++;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }

  std::vector<std::uint8_t> bytes_;
  std::uint64_t last_end_ = 0;
  std::size_t count_ = 0;
};

}  // namespace tidemark::heap
