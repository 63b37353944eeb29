// The table of pymalloc's arenas, found by what it holds.
#include <algorithm>
#include <set>

#include "detail/pymalloc.hpp"

namespace tidemark::heap {

namespace {

constexpr std::uint64_t entry_bytes = 48;  // sizeof(struct arena_object)
constexpr std::uint64_t probed_entries = 16;
constexpr std::uint64_t most_module_bytes = std::uint64_t{64} << 20;
constexpr std::uint64_t small_arena = 256 << 10, small_pool = 4 << 10;
constexpr std::uint64_t large_arena = 1 << 20, large_pool = 16 << 10, huge_arena = 2 << 20;
constexpr std::uint64_t malloc_head = 16;
// What the target says is capped: words that may lead to the table; entries that are looked at in all of them, and such
// that are none before a table is taken to have ended (mappings that are younger than what we know make some).
constexpr std::size_t most_candidates = std::size_t{1} << 18;
constexpr std::uint64_t most_entries = 4 * max_arenas, most_misfits = 4096;
constexpr std::uint64_t entries_at_once = 16'384;

ArenaObject decode(const std::byte* entry) {
  return {.address = load(entry),
          .pool_address = load(entry + 8),
          .free_pools = load<std::uint32_t>(entry + 16),
          .total_pools = load<std::uint32_t>(entry + 20)};
}

/// 64 pools to an arena in both sizes, one fewer where the arena does not begin at a pool's border; 128 of a huge one.
bool is_plausible(const ArenaObject& arena, const AddressSpace& space) {
  constexpr std::uint32_t most = huge_arena / large_pool;
  const bool counts = (arena.total_pools == 63 || arena.total_pools == 64 || arena.total_pools == most - 1 ||
                       arena.total_pools == most) &&
                      arena.free_pools <= arena.total_pools;
  if (!counts || arena.address % proc::page_bytes != 0 || arena.pool_address < arena.address ||
      arena.pool_address > arena.address + huge_arena) {
    return false;
  }
  const auto* const region = space.find(arena.address);
  return region != nullptr && region->map.is_private_anonymous() && region->map.region.writable &&
         region->map.region.end - arena.address >= small_arena;
}

/// How many of the entries are arenas in use; nullopt when one of them is no entry at all.
std::optional<std::size_t> count_arenas(const std::byte* entries, std::size_t count, const AddressSpace& space) {
  std::size_t live = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto arena = decode(entries + i * entry_bytes);
    if (arena.address == 0) continue;  // not used now
    if (!is_plausible(arena, space)) return std::nullopt;
    ++live;
  }
  return live;
}

/// All words of the parts that could lead to a table.
std::set<std::uint64_t> candidates(const AddressSpace& space, const memory::MemorySource& memory,
                                   const std::vector<Range>& parts) {
  std::set<std::uint64_t> found;
  Window window(memory, space);
  for (const auto& part : parts) {
    if (!window.load(part)) continue;
    for (std::uint64_t at = part.start; at + 8 <= part.end && found.size() < most_candidates; at += 8) {
      std::uint64_t word = 0;
      if (window.take(at, word) == nullptr || word % 16 != 0 || word < proc::page_bytes) continue;
      if (part.holds(word) || found.count(word) != 0) continue;
      const auto* const region = space.find(word);
      if (region != nullptr && region->map.is_private_anonymous() && region->map.region.writable) found.insert(word);
    }
  }
  return found;
}

/// How many entries the table has room for: its block says so, of malloc's or under PYTHONMALLOC=debug.
std::uint64_t entries_of(std::uint64_t table, const memory::MemorySource& memory) {
  std::byte head[malloc_head];
  if (!memory.read({table - malloc_head}, head)) return probed_entries;
  std::uint64_t bytes = 0;
  if (is_debug_head(head, sizeof head)) {
    bytes = __builtin_bswap64(load(head));
  } else {
    const std::uint64_t chunk = load(head + 8) & ~std::uint64_t{7};
    bytes = chunk > malloc_head ? chunk - 8 : 0;
  }
  return std::clamp<std::uint64_t>(bytes / entry_bytes, 1, max_arenas);
}

/// The entries that are arenas in use, as far as the table is in memory and its mapping goes. `budget`: entries that
/// may still be looked at.
std::vector<ArenaObject> read_table(Window& window, const AddressSpace& space, std::uint64_t table,
                                    std::uint64_t entries, std::uint64_t& budget) {
  std::vector<ArenaObject> live;
  const auto* const region = space.find(table);
  if (region == nullptr) return live;
  entries = std::min({entries, budget, (region->map.region.end - table) / entry_bytes});
  std::uint64_t misfits = 0;
  for (std::uint64_t i = 0; i < entries && misfits < most_misfits; ++i) {
    const std::uint64_t at = table + i * entry_bytes;
    if (i % entries_at_once == 0) {
      window.load({at, at + std::min(entries_at_once, entries - i) * entry_bytes});
    }
    --budget;
    const std::byte* const entry = window.at(at, entry_bytes);
    const auto arena = entry != nullptr ? decode(entry) : ArenaObject{};
    if (arena.address == 0) continue;
    if (is_plausible(arena, space)) {
      live.push_back(arena);
    } else {
      ++misfits;
    }
  }
  return live;
}

/// The pool's head says how large its pool is: maxnextoffset is that less one block.
bool has_pools_of(std::uint64_t pool_bytes, const ArenaObject& arena, const memory::MemorySource& memory) {
  const std::uint64_t pool = (arena.address + pool_bytes - 1) / pool_bytes * pool_bytes;
  std::byte head[48];
  if (!memory.read({pool}, head)) return false;
  const auto size_class = load<std::uint32_t>(head + 36), most = load<std::uint32_t>(head + 44);
  return size_class < 32 && most == pool_bytes - (size_class + 1) * 16;
}

void set_sizes(Arenas& arenas, const memory::MemorySource& memory) {
  std::size_t small = 0, large = 0;
  constexpr std::size_t asked = 64;
  std::uint32_t most_pools = 0;
  for (std::size_t i = 0; i < std::min(asked, arenas.live.size()); ++i) {
    small += has_pools_of(small_pool, arenas.live[i], memory) ? 1 : 0;
    large += has_pools_of(large_pool, arenas.live[i], memory) ? 1 : 0;
    most_pools = std::max(most_pools, arenas.live[i].total_pools);
  }
  arenas.pool_bytes = small > large ? small_pool : large_pool;
  arenas.arena_bytes = small > large ? small_arena : most_pools > 64 ? huge_arena : large_arena;
}

}  // namespace

std::vector<Range> writable_parts(const AddressSpace& space, const std::string& path) {
  std::vector<Range> parts;
  std::uint64_t file_end = 0;
  for (const auto& region : space.regions()) {
    const auto& map = region.map.region;
    const bool is_bss = region.map.is_private_anonymous() && map.start == file_end && map.path != "[heap]";
    if (!map.writable || (map.path != path && !is_bss)) {
      if (map.path == path) file_end = map.end;
      continue;
    }
    parts.push_back({map.start, std::min(map.end, map.start + most_module_bytes)});
    file_end = is_bss ? 0 : map.end;
  }
  return parts;
}

Arenas find_arenas(const AddressSpace& space, const memory::MemorySource& memory, const std::string& module_path) {
  Arenas best;
  Window window(memory, space);
  std::uint64_t budget = most_entries;
  for (const std::uint64_t table : candidates(space, memory, writable_parts(space, module_path))) {
    const std::uint64_t entries = entries_of(table, memory);
    const std::uint64_t probed = std::min(entries, probed_entries);
    std::vector<std::byte> bytes(probed * entry_bytes);
    if (!memory.read({table}, bytes)) continue;
    const auto live = count_arenas(bytes.data(), probed, space);
    if (!live || *live == 0) continue;
    auto arenas = read_table(window, space, table, entries, budget);
    if (arenas.size() > best.live.size()) {
      best = {.table = table, .arena_bytes = 0, .pool_bytes = 0, .live = std::move(arenas)};
    }
  }
  std::sort(best.live.begin(), best.live.end(),
            [](const auto& left, const auto& right) { return left.address < right.address; });
  if (best.live.empty()) return best;
  set_sizes(best, memory);
  // Each byte lies in one arena, whatever the table says.
  std::uint64_t end = 0;
  std::erase_if(best.live, [&](const ArenaObject& arena) {
    const bool overlaps = arena.address < end;
    if (!overlaps) end = arena.address + best.arena_bytes;
    return overlaps;
  });
  return best;
}

}  // namespace tidemark::heap
