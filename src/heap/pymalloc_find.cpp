// The table of pymalloc's arenas, found by what it holds.
#include <algorithm>
#include <array>
#include <map>
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

/// Those whose first entry is one. Nearly all are none, and are asked for with few calls.
std::vector<std::uint64_t> with_first_entry(const std::set<std::uint64_t>& words, const AddressSpace& space,
                                            const memory::MemorySource& memory) {
  constexpr std::size_t most_at_once = 4096;
  std::vector<std::uint64_t> left;
  std::vector<std::array<std::byte, entry_bytes>> entries(std::min(words.size(), most_at_once));
  std::vector<memory::ReadRequest> requests;
  for (auto word = words.begin(); word != words.end();) {
    requests.clear();
    for (; word != words.end() && requests.size() < entries.size(); ++word) {
      requests.push_back({.from = {*word}, .into = entries[requests.size()], .status = {}});
    }
    memory.read_many(requests);
    for (const auto& request : requests) {
      if (request.status && count_arenas(request.into.data(), 1, space)) left.push_back(request.from.value);
    }
  }
  return left;
}

/// Words of memory that could lead to a table of arenas.
class Candidates {
 public:
  Candidates(const AddressSpace& space, const memory::MemorySource& memory)
      : space_(space), memory_(memory), window_(memory, space) {}

  void add_words_of(Range part) {
    for_each_pointer(part, [&](std::uint64_t word) {
      if (found_.size() < most_candidates) found_.insert(word);
    });
  }

  /// From 3.13 on an interpreter with a GIL of its own has its pymalloc elsewhere: struct _obmalloc_state, in which the
  /// table stands 0x200 bytes on, behind usedpools (Include/internal/pycore_obmalloc.h).
  void add_states_behind(Range part) {
    constexpr std::uint64_t table_at = 0x200;
    std::set<std::uint64_t> states;
    for_each_pointer(part, [&](std::uint64_t word) { states.insert(word); });  // an interpreter state's: few
    for (const auto state : states) {
      const auto table = memory_.read_value<std::uint64_t>({state + table_at});
      if (table && can_be_table(*table)) found_.insert(*table);
    }
  }

  [[nodiscard]] const std::set<std::uint64_t>& found() const { return found_; }

 private:
  [[nodiscard]] bool can_be_table(std::uint64_t word) const {
    if (word % 16 != 0 || word < proc::page_bytes) return false;
    const auto* const region = space_.find(word);
    return region != nullptr && region->map.is_private_anonymous() && region->map.region.writable;
  }

  template <class Take>
  void for_each_pointer(Range part, Take&& take) {
    if (!window_.load(part)) return;
    for (std::uint64_t at = part.start; at + 8 <= part.end; at += 8) {
      std::uint64_t word = 0;
      if (window_.take(at, word) != nullptr && !part.holds(word) && can_be_table(word)) take(word);
    }
  }

  const AddressSpace& space_;
  const memory::MemorySource& memory_;
  Window window_;
  std::set<std::uint64_t> found_;
};

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

/// Those that are in use; empty when it is no table.
std::vector<ArenaObject> arenas_at(std::uint64_t table, Window& window, const AddressSpace& space,
                                   const memory::MemorySource& memory, std::uint64_t& budget) {
  const std::uint64_t entries = entries_of(table, memory);
  const std::uint64_t probed = std::min(entries, probed_entries);
  std::vector<std::byte> bytes(probed * entry_bytes);
  if (!memory.read({table}, bytes)) return {};
  const auto live = count_arenas(bytes.data(), probed, space);
  if (!live || *live == 0) return {};
  return read_table(window, space, table, entries, budget);
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

Arenas find_arenas(const AddressSpace& space, const memory::MemorySource& memory, const std::string& module_path,
                   const std::vector<Range>& interpreters) {
  Candidates candidates(space, memory);
  for (const auto& part : writable_parts(space, module_path)) candidates.add_words_of(part);
  for (const auto& state : interpreters) {
    candidates.add_words_of(state);
    candidates.add_states_behind(state);
  }
  Arenas all;
  Window window(memory, space);
  std::uint64_t budget = most_entries;
  std::map<std::uint64_t, ArenaObject> live;  // a pointer into a table finds a part of it
  for (const std::uint64_t table : with_first_entry(candidates.found(), space, memory)) {
    const auto arenas = arenas_at(table, window, space, memory, budget);
    if (!arenas.empty()) all.tables.push_back(table);
    for (const auto& arena : arenas) {
      if (live.size() < max_arenas) live.emplace(arena.address, arena);
    }
  }
  for (const auto& [address, arena] : live) all.live.push_back(arena);
  if (all.live.empty()) return all;
  set_sizes(all, memory);
  // Each byte lies in one arena, whatever the table says.
  std::uint64_t end = 0;
  std::erase_if(all.live, [&](const ArenaObject& arena) {
    const bool overlaps = arena.address < end;
    if (!overlaps) end = arena.address + all.arena_bytes;
    return overlaps;
  });
  return all;
}

}  // namespace tidemark::heap
