// Purpose: the small account files of a process as values: io and smaps_rollup.
// Invariant: sizes are bytes; both texts must be whole (a line without its newline is malformed).
#pragma once

#include <cstdint>
#include <string_view>

#include "tidemark/base/result.hpp"

namespace tidemark::proc {

/// /proc/PID/io: bytes, and calls for `read_calls` and `write_calls`.
struct IoFields {
  std::uint64_t read_chars = 0;   ///< rchar: through read(2), also from the page cache and pipes
  std::uint64_t write_chars = 0;  ///< wchar
  std::uint64_t read_calls = 0;   ///< syscr
  std::uint64_t write_calls = 0;  ///< syscw
  std::uint64_t read_bytes = 0;   ///< from the block layer
  std::uint64_t write_bytes = 0;  ///< to the block layer
  std::uint64_t cancelled_write_bytes = 0;
};

/// A missing line is malformed.
[[nodiscard]] base::Result<IoFields> parse_io(std::string_view text);

/// /proc/PID/smaps_rollup (kernel 4.14).
struct RollupFields {
  std::uint64_t rss = 0, pss = 0;
  std::uint64_t private_clean = 0, private_dirty = 0, private_hugetlb = 0;
  std::uint64_t shared_clean = 0, shared_dirty = 0, shared_hugetlb = 0;
  std::uint64_t swap = 0, swap_pss = 0;
  std::uint64_t anonymous = 0, anon_huge = 0;

  /// Unique set size: what ends with the process.
  [[nodiscard]] std::uint64_t uss() const { return private_clean + private_dirty + private_hugetlb; }
};

/// Malformed without Rss, Pss, Private_Clean and Private_Dirty; lines that a kernel may lack are 0.
[[nodiscard]] base::Result<RollupFields> parse_rollup(std::string_view text);

}  // namespace tidemark::proc
