#include "tidemark/model/heap.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

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

HeapBooks books_of(const HeapLedger& ledger) {
  HeapBooks books;
  std::set<std::pair<HeapOwner, std::string_view>> seen;
  for (const auto& row : ledger.rows) {
    books.row_bytes += row.bytes;
    books.rows_are_distinct = seen.emplace(row.owner, row.detail).second && books.rows_are_distinct;
  }
  books.rows_add_up = books.row_bytes == ledger.accounted_bytes;
  // Modulo 2^64: figures of a file may be anything, and signed sums must not overflow.
  books.reaches_rss = ledger.accounted_bytes + static_cast<Bytes>(ledger.moved_bytes) == ledger.rss_bytes;
  books.is_exact = ledger.consistency == "racing" || (ledger.moved_bytes == 0 && ledger.bound_bytes == 0);
  return books;
}

}  // namespace tidemark::model
