#include "tidemark/proc/smaps.hpp"

#include <utility>

#include "detail/text.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view smaps_step = "read the memory of each mapping";

std::uint64_t* member_of(SmapsRegion& region, std::string_view key) {
  if (key == "Rss") return &region.rss;
  if (key == "Pss") return &region.pss;
  if (key == "Private_Dirty") return &region.private_dirty;
  if (key == "Private_Clean") return &region.private_clean;
  if (key == "Shared_Dirty") return &region.shared_dirty;
  if (key == "Shared_Clean") return &region.shared_clean;
  if (key == "Anonymous") return &region.anonymous;
  if (key == "Swap") return &region.swap;
  if (key == "AnonHugePages") return &region.anon_huge;
  if (key == "Shared_Hugetlb" || key == "Private_Hugetlb") return &region.hugetlb;
  return nullptr;
}

bool is_head_line(std::string_view line) {
  return !line.empty() && ((line[0] >= '0' && line[0] <= '9') || (line[0] >= 'a' && line[0] <= 'f'));
}

void take_flags(std::string_view words, SmapsRegion& region) {
  for (auto word = detail::next_word(words); !word.empty(); word = detail::next_word(words)) {
    region.is_hugetlb = region.is_hugetlb || word == "ht";
    region.is_dont_copy = region.is_dont_copy || word == "dc";
    region.is_wiped_on_fork = region.is_wiped_on_fork || word == "wf";
  }
}

}  // namespace

Result<void> SmapsReader::add_line(std::string_view line) {
  if (is_head_line(line)) {
    auto region = parse_map_line(line);
    if (!region) return fail(std::move(region).error());
    if (regions_.size() == max_map_regions) {
      return fail(
          base::Error{.code = base::ErrorCode::limit, .doing = std::string(smaps_step), .detail = "too many maps"});
    }
    regions_.push_back({.region = std::move(*region)});
    return {};
  }
  std::string_view key, value;
  if (regions_.empty() || !detail::split_key(line, key, value)) {
    return fail(detail::malformed(smaps_step, "neither a mapping nor a field of one", line));
  }
  if (key == "VmFlags") take_flags(value, regions_.back());
  std::uint64_t* const sum = member_of(regions_.back(), key);
  if (sum == nullptr) return {};
  std::uint64_t bytes = 0;
  if (!detail::parse_kilobytes(value, bytes) || __builtin_add_overflow(*sum, bytes, sum)) {
    return fail(detail::malformed(smaps_step, "no size that fits", line));
  }
  return {};
}

}  // namespace tidemark::proc
