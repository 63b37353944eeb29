#include "tidemark/model/heap.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace tidemark::model {

namespace {

constexpr std::array<std::string_view, heap_owner_count> words{
    "python.pymalloc",     "python.malloc",    "python.frames",        "pymalloc.free_blocks",
    "pymalloc.free_pools", "pymalloc.slack",   "malloc.in_use",        "malloc.mapped",
    "malloc.free.top",     "malloc.free.bins", "malloc.free.fastbins", "malloc.free.tcache",
    "malloc.overhead",     "stacks.threads",   "stacks.main",          "heap.slack",
    "allocator.other",     "libraries.text",   "libraries.data",       "files",
    "shared_memory",       "kernel",           "unexplained",
};

template <class Part>
Bytes sum_of(const std::vector<MallocArena>& arenas, Part part) {
  return std::accumulate(arenas.begin(), arenas.end(), Bytes{0},
                         [&](Bytes sum, const MallocArena& arena) { return sum + part(arena); });
}

}  // namespace

std::string_view word_of(HeapOwner owner) { return words.at(static_cast<std::size_t>(owner)); }

std::optional<HeapOwner> find_heap_owner(std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<HeapOwner>(found - words.begin());
}

Bytes MallocFigures::system_bytes() const {
  return sum_of(arenas, [](const MallocArena& arena) { return arena.system_bytes; });
}

Bytes MallocFigures::free_bytes() const {
  return sum_of(arenas, [](const MallocArena& arena) {
    return arena.top_bytes + arena.bin_bytes + arena.fastbin_bytes + arena.tcache_bytes;
  });
}

Bytes MallocFigures::trim_bytes() const {
  return sum_of(arenas, [](const MallocArena& arena) { return arena.trim_bytes; });
}

Bytes HeapLedger::bytes_of(HeapOwner owner) const {
  return std::accumulate(rows.begin(), rows.end(), Bytes{0},
                         [&](Bytes sum, const HeapRow& row) { return row.owner == owner ? sum + row.bytes : sum; });
}

}  // namespace tidemark::model
