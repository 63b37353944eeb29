#include "tidemark/proc/smaps.hpp"

#include <utility>

#include "detail/smaps_lines.hpp"
#include "detail/text.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

void take_flags(std::string_view words, SmapsRegion& region) {
  for (auto word = detail::next_word(words); !word.empty(); word = detail::next_word(words)) {
    region.is_hugetlb = region.is_hugetlb || word == "ht";
    region.is_dont_copy = region.is_dont_copy || word == "dc";
    region.is_wiped_on_fork = region.is_wiped_on_fork || word == "wf";
  }
}

}  // namespace

Result<void> SmapsReader::add_line(std::string_view line) {
  if (detail::is_head_line(line)) {
    auto region = parse_map_line(line);
    if (!region) return fail(std::move(region).error());
    if (regions_.size() == max_map_regions) return fail(detail::too_many_maps(detail::smaps_step));
    regions_.push_back({.region = std::move(*region)});
    return {};
  }
  std::string_view key, value;
  if (regions_.empty() || !detail::split_key(line, key, value)) {
    return fail(detail::malformed(detail::smaps_step, "neither a mapping nor a field of one", line));
  }
  if (key == "VmFlags") take_flags(value, regions_.back());
  auto& region = regions_.back();
  const bool is_hugetlb = key == "Shared_Hugetlb" || key == "Private_Hugetlb";
  return detail::add_size(is_hugetlb ? &region.hugetlb : detail::smaps_member(region, key), value, line);
}

}  // namespace tidemark::proc
