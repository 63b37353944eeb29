// Purpose: what the two readers of smaps share: the one that sums by kind, and the one that keeps each mapping.
// Upstream: fs/proc/task_mmu.c, show_smap and __show_smap (kernel 6.18).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::proc::detail {

inline constexpr std::string_view smaps_step = "read the memory of each mapping";

/// A head line begins with an address in lower-case hex, a field with a capital.
[[nodiscard]] inline bool is_head_line(std::string_view line) {
  return !line.empty() && ((line[0] >= '0' && line[0] <= '9') || (line[0] >= 'a' && line[0] <= 'f'));
}

[[nodiscard]] inline base::Error too_many_maps(std::string_view step) {
  return base::Error{.code = base::ErrorCode::limit, .doing = std::string(step), .detail = "too many maps"};
}

/// Where a line of size goes in `sums`; null for one that is none, or that neither reader asks for.
template <class Sums>
[[nodiscard]] std::uint64_t* smaps_member(Sums& sums, std::string_view key) {
  if (key == "Rss") return &sums.rss;
  if (key == "Pss") return &sums.pss;
  if (key == "Private_Dirty") return &sums.private_dirty;
  if (key == "Private_Clean") return &sums.private_clean;
  if (key == "Shared_Dirty") return &sums.shared_dirty;
  if (key == "Shared_Clean") return &sums.shared_clean;
  if (key == "Anonymous") return &sums.anonymous;
  if (key == "Swap") return &sums.swap;
  if (key == "AnonHugePages") return &sums.anon_huge;
  return nullptr;
}

/// Adds the "1234 kB" of a line to where it goes; nowhere is fine. Malformed: no size, or a sum beyond 2^64.
[[nodiscard]] inline base::Result<void> add_size(std::uint64_t* sum, std::string_view value, std::string_view line) {
  if (sum == nullptr) return {};
  std::uint64_t bytes = 0;
  if (!parse_kilobytes(value, bytes) || __builtin_add_overflow(*sum, bytes, sum)) {
    return base::fail(malformed(smaps_step, "no size that fits", line));
  }
  return {};
}

}  // namespace tidemark::proc::detail
