// Purpose: glibc's malloc made by hand in a FakeSpace: libc's data with the main arena, arenas of threads, chunks.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "detail/glibc.hpp"
#include "fake_space.hpp"

namespace tidemark::heap::test {

/// Which glibc.
struct MallocShape {
  std::uint64_t bins_at = 112;
  bool has_long_heads = true;  ///< heap_info of 48 bytes
  bool is_mangled = true;
  std::uint64_t tcache_chunk = 0x290, tcache_bins = 64;
};
inline constexpr MallocShape glibc_2_31{.has_long_heads = false, .is_mangled = false};
inline constexpr MallocShape glibc_2_36{};
inline constexpr MallocShape glibc_2_43{.bins_at = 24, .tcache_chunk = 0x300, .tcache_bins = 76};

/// Chunks one after another.
class FakeChunks {
 public:
  FakeChunks(FakeSpace& space, std::uint64_t start) : at(start), space_(space) {}

  /// The address of the chunk.
  std::uint64_t add(std::uint64_t size, bool is_used = true) {
    const std::uint64_t chunk = at;
    space_.put_word(chunk + 8, size | (last_is_used_ ? prev_in_use : 0));
    last_is_used_ = is_used;
    at += size;
    return chunk;
  }
  /// What ends a heap that is no longer the newest; the second size is 0 but in a main arena (sysmalloc).
  void end_heap(bool is_main = false) {
    (void)add(16);
    (void)add(16);
    if (!is_main) space_.put_word(at - 8, 1);
  }

  std::uint64_t at;

 private:
  FakeSpace& space_;
  bool last_is_used_ = true;
};

class FakeMalloc {
 public:
  static constexpr const char* libc = "/usr/lib/x86_64-linux-gnu/libc.so.6";
  static constexpr std::uint64_t libc_text = 0x7f10'0000'0000, libc_data = libc_text + 0x10000;
  static constexpr std::uint64_t main_state = libc_data + 0x400;
  static constexpr std::uint64_t heap_max = 64 << 20;

  FakeMalloc(FakeSpace& space, const MallocShape& made) : shape(made), space_(space) {
    space.map(libc_text, 2 * page, {.path = libc, .writable = false, .inode = 9});
    space.put_text(libc_text + page + 100, "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n");
    space.map(libc_data, 3 * page, {.path = libc, .inode = 9});
    space.map(libc_data + 3 * page, page);
  }

  void state(std::uint64_t at, std::uint64_t top, std::uint64_t next, std::uint64_t system_bytes) {
    const std::uint64_t bins = at + shape.bins_at;
    for (std::uint64_t k = 0; k < 127; ++k) {
      space_.put_word(bins + k * 16, bins + k * 16 - 16);
      space_.put_word(bins + k * 16 + 8, bins + k * 16 - 16);
    }
    space_.put_word(bins - 16, top);
    space_.put_word(bins + 2048, next);
    space_.put_word(bins + 2072, system_bytes);
  }
  void set_next(std::uint64_t at, std::uint64_t next) { space_.put_word(at + shape.bins_at + 2048, next); }
  void set_top(std::uint64_t at, std::uint64_t top) { space_.put_word(at + shape.bins_at - 16, top); }

  /// heap_info of a mapping that is there; where its chunks begin. A first heap has its arena's state behind the head.
  [[nodiscard]] std::uint64_t heap(std::uint64_t at, std::uint64_t arena, std::uint64_t prev, std::uint64_t size) {
    space_.put_word(at, arena);
    space_.put_word(at + 8, prev);
    space_.put_word(at + 16, size);
    space_.put_word(at + 24, size);
    if (shape.has_long_heads) space_.put_word(at + 32, page);
    const bool is_first = arena == at + head_bytes();
    const std::uint64_t end = is_first ? arena + shape.bins_at + 2088 : at + head_bytes();
    return (end + 15) / 16 * 16;
  }
  [[nodiscard]] std::uint64_t head_bytes() const { return shape.has_long_heads ? 48 : 32; }

  /// A list of chunks as a tcache or a fastbin keeps it; the first is what the bin's head says.
  void link(const std::vector<std::uint64_t>& chunks, bool is_fastbin) {
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const std::uint64_t user = chunks[i] + 16;
      std::uint64_t next = i + 1 < chunks.size() ? chunks[i + 1] + (is_fastbin ? 0 : 16) : 0;
      if (shape.is_mangled) next ^= user >> 12;
      space_.put_word(user, next);
    }
  }
  /// The cache in a chunk, its bin `bin` with these chunks.
  void cache_bin(std::uint64_t cache_chunk, std::uint64_t bin, const std::vector<std::uint64_t>& chunks) {
    space_.put(cache_chunk + 16 + bin * 2, static_cast<std::uint16_t>(chunks.size()));
    space_.put_word(cache_chunk + 16 + shape.tcache_bins * 2 + bin * 8, chunks.empty() ? 0 : chunks.front() + 16);
    link(chunks, false);
  }
  void fastbin(std::uint64_t at, std::uint64_t bin, const std::vector<std::uint64_t>& chunks) {
    space_.put_word(at + 16 + bin * 8, chunks.empty() ? 0 : chunks.front());
    link(chunks, true);
  }

  const MallocShape shape;

 private:
  FakeSpace& space_;
};

}  // namespace tidemark::heap::test
