// Purpose: what an allocator takes for a request, without looking at the block: the buffers of objects by their sizes.
// Upstream: pymalloc rounds up to 16 and serves 512 bytes at most (Objects/obmalloc.c, 3.8 to 3.15); glibc adds a word
// and rounds up to 16, 32 at least, and from its mmap threshold on whole pages (malloc/malloc.c).
#pragma once

#include <algorithm>
#include <cstdint>

namespace tidemark::heap {

class BlockSizes {
 public:
  explicit BlockSizes(bool has_pymalloc) : has_pymalloc_(has_pymalloc) {}

  /// Of PyMem_Malloc() or PyObject_Malloc(). Nothing for nothing.
  [[nodiscard]] std::uint64_t of_python(std::uint64_t bytes, bool is_debug) const {
    constexpr std::uint64_t debug_bytes = 24, largest_small = 512;
    if (bytes == 0) return 0;
    if (is_debug) bytes += debug_bytes;
    return has_pymalloc_ && bytes <= largest_small ? up_to(bytes, unit) : of_malloc(bytes);
  }
  /// Of malloc().
  [[nodiscard]] static std::uint64_t of_malloc(std::uint64_t bytes) {
    constexpr std::uint64_t head = 8, mapped_head = 16, page = 4096, least_mapped = 32ULL << 20;
    if (bytes == 0) return 0;
    // The threshold moves between 128 KiB and 32 MiB: from there on it is always a mapping.
    if (bytes >= least_mapped) return up_to(bytes + mapped_head, page);
    return std::max<std::uint64_t>(up_to(bytes + head, unit), 2 * unit);
  }

 private:
  static constexpr std::uint64_t unit = 16;
  [[nodiscard]] static std::uint64_t up_to(std::uint64_t bytes, std::uint64_t multiple) {
    return (bytes + multiple - 1) / multiple * multiple;
  }

  bool has_pymalloc_;
};

}  // namespace tidemark::heap
