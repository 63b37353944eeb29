// What a ledger says beside its rows: figures, types by size, what could not be told, and how sure it is.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "detail/churn.hpp"
#include "detail/ledger_builder.hpp"

namespace tidemark::heap {

void LedgerBuilder::rank_types() {
  if (!types_) return;
  for (const auto& type : types_->all()) {
    if (type.pymalloc_bytes + type.malloc_bytes == 0) continue;
    ledger_.types.push_back({.type = std::to_string(type.index),
                             .count = type.count,
                             .pymalloc_bytes = type.pymalloc_bytes,
                             .malloc_bytes = type.malloc_bytes});
  }
  const auto buffers = pymalloc_.blocks[static_cast<std::size_t>(ObjectKind::buffer)];
  if (buffers.count != 0) {
    ledger_.types.push_back(
        {.type = {}, .count = buffers.count, .pymalloc_bytes = buffers.tally.bytes, .malloc_bytes = 0});
  }
  std::stable_sort(ledger_.types.begin(), ledger_.types.end(), [](const auto& left, const auto& right) {
    return left.pymalloc_bytes + left.malloc_bytes > right.pymalloc_bytes + right.malloc_bytes;
  });
  if (ledger_.types.size() > model::max_heap_types) ledger_.types.resize(model::max_heap_types);
  for (auto& row : ledger_.types) row.type = name_of(row.type);
}

std::string LedgerBuilder::name_of(const std::string& index) const {
  if (index.empty()) return "(buffers)";
  return types_->qualified_name(types_->at(static_cast<std::uint32_t>(std::stoul(index))));
}

void LedgerBuilder::note_trouble() {
  auto& notes = ledger_.notes;
  if (!request_.python) notes.emplace_back("No interpreter was read: Python objects are not told from native memory.");
  if (has_mimalloc_) {
    notes.emplace_back("Python keeps its objects in mimalloc, which is recognised and not walked.");
  } else if (request_.python && arenas_.live.empty()) {
    notes.emplace_back("pymalloc has no arena: PYTHONMALLOC=malloc, or an allocator that is not known.");
  }
  if (!malloc_.is_found()) notes.emplace_back("No malloc of glibc was found: what it holds is not taken apart.");
  if (pointers_.bag.left_out() != 0) {
    notes.push_back(fmt::format("{} pointers of objects were too many: blocks that only they lead to count as native.",
                                pointers_.bag.left_out()));
  }
  if (!other_.empty()) notes.push_back(fmt::format("{} is loaded: its memory is not walked.", other_));
}

void LedgerBuilder::finish() {
  ledger_.pymalloc = pymalloc_.figures;
  ledger_.arenas = std::move(pymalloc_.arenas);
  ledger_.held_below = pymalloc_.held_below;
  ledger_.held_arena_count = pymalloc_.held.size();
  ledger_.held_arenas = std::move(pymalloc_.held);
  if (ledger_.held_arenas.size() > model::max_held_arenas) ledger_.held_arenas.resize(model::max_held_arenas);
  for (auto& held : ledger_.held_arenas) {
    for (auto& [type, count] : held.types) type = name_of(type);
  }
  if (request_.python) ledger_.python_version = request_.python->version;
  ledger_.python_allocator = python_allocator();
  rank_types();
  note_trouble();
  ledger_.rows = rows_.rows();
  for (const auto& row : ledger_.rows) ledger_.accounted_bytes += row.bytes;
  for (const auto& region : space_.regions()) {
    ledger_.rss_bytes += region.map.rss;
    ledger_.beside.swap_bytes += region.map.swap;
    ledger_.beside.hugetlb_bytes += region.map.hugetlb;
    ledger_.beside.anon_huge_bytes += region.map.anon_huge;
  }
  ledger_.moved_bytes =
      static_cast<std::int64_t>(ledger_.rss_bytes) - static_cast<std::int64_t>(ledger_.accounted_bytes);
  ledger_.cost.bytes_read = pymalloc_.bytes_read + (chunks_ ? chunks_->books().bytes_read : 0);
}

/// What moved, what was torn, and what came or went between the page flags and smaps.
void LedgerBuilder::set_bound(std::int64_t walk_ns) {
  if (request_.running == nullptr) return;
  static const std::vector<Waypoint> none;
  ChurnMeter meter(space_, request_.memory, arenas_, chunks_ ? chunks_->books().waypoints : none);
  const auto moved = static_cast<std::uint64_t>(std::abs(ledger_.moved_bytes));
  ledger_.bound_bytes =
      meter.measure(*request_.running, std::min(std::max(walk_ns, request_.watch_ns), 10 * request_.watch_ns),
                    unsure_ns_) +
      moved + pymalloc_.torn_bytes + ledger_.malloc.torn_bytes;
}

}  // namespace tidemark::heap
