#include <algorithm>
#include <array>
#include <bitset>

#include "detail/pymalloc.hpp"

namespace tidemark::heap {

namespace {

constexpr std::uint64_t pool_head_bytes = 48;  // sizeof(struct pool_header), rounded up to 16
constexpr std::uint64_t block_unit = 16;
constexpr std::uint32_t size_classes = 32;
constexpr std::size_t most_blocks = 1024;  // of the smallest size in 16 KiB
constexpr int most_tries = 3;
constexpr std::size_t kept_types = 4;

}  // namespace

/// What a pool's head says, checked.
struct PymallocWalk::Pool {
  std::uint32_t used = 0, next_offset = 0;
  std::uint64_t block_bytes = 0, blocks = 0, begun = 0;  ///< that fit; that were ever handed out
  std::bitset<most_blocks> is_free;
  const Window* copy = nullptr;  ///< that its bytes are in
};

/// Of an arena that few blocks may hold: which types.
struct PymallocWalk::ArenaTypes {
  std::array<std::uint32_t, 512> indexes{};  ///< UINT32_MAX: no object
  std::size_t count = 0;

  void add(const TypeEntry* type) {
    if (count < indexes.size()) indexes[count] = type != nullptr ? type->index : UINT32_MAX;
    ++count;
  }
};

bool PymallocWalk::read_pool(const std::byte* bytes, std::uint64_t address, Pool& pool) const {
  const auto size_class = load<std::uint32_t>(bytes + 36);
  pool.used = load<std::uint32_t>(bytes);
  pool.next_offset = load<std::uint32_t>(bytes + 40);
  if (size_class >= size_classes) return false;
  pool.block_bytes = (size_class + 1) * block_unit;
  pool.blocks = (arenas_.pool_bytes - pool_head_bytes) / pool.block_bytes;
  if (load<std::uint32_t>(bytes + 44) != arenas_.pool_bytes - pool.block_bytes || pool.used > pool.blocks) return false;
  if (pool.next_offset < pool_head_bytes || pool.next_offset > arenas_.pool_bytes + pool.block_bytes ||
      (pool.next_offset - pool_head_bytes) % pool.block_bytes != 0) {
    return false;
  }
  pool.begun = std::min((pool.next_offset - pool_head_bytes) / pool.block_bytes, pool.blocks);
  return pool.used == 0 || mark_free(bytes, address, pool);
}

/// Follows the list of free blocks, which must be as long as the head says.
bool PymallocWalk::mark_free(const std::byte* bytes, std::uint64_t address, Pool& pool) const {
  std::uint64_t free = 0;
  const std::uint64_t first = address + pool_head_bytes;
  for (auto at = load(bytes + 8); at != 0; ++free) {
    const std::uint64_t place = at - first;
    if (at < first || place % pool.block_bytes != 0 || place / pool.block_bytes >= pool.begun) return false;
    if (pool.is_free.test(place / pool.block_bytes)) return false;
    pool.is_free.set(place / pool.block_bytes);
    at = load(bytes + (at - address));
  }
  return pool.begun - free == pool.used;
}

void PymallocWalk::count_blocks(const Pool& pool, const std::byte* bytes, std::uint64_t address, ArenaTypes& types) {
  const Range whole{address, address + arenas_.pool_bytes};
  // Nearly always all pages of a pool are alike, and a block's bytes are all of one kind.
  const Tally all = space_.tally(whole);
  const bool is_uniform =
      all.bytes == arenas_.pool_bytes && (all.private_bytes == 0 || all.private_bytes == arenas_.pool_bytes);
  const Tally of_one{
      .bytes = pool.block_bytes, .private_bytes = all.private_bytes == 0 ? 0 : pool.block_bytes, .swap_bytes = 0};
  std::uint64_t begin = pool_head_bytes;
  for (std::uint64_t i = 0; i < pool.begun; ++i, begin += pool.block_bytes) {
    if (pool.is_free.test(i)) continue;
    const Block block{.bytes = bytes + begin, .seen = pool.block_bytes, .size = pool.block_bytes, .slack = block_unit};
    const auto found = recogniser_.look(block);
    const auto kind = found.type != nullptr ? found.type->kind : ObjectKind::buffer;
    books_.blocks[static_cast<std::size_t>(kind)].add(
        is_uniform ? of_one : space_.tally({address + begin, address + begin + pool.block_bytes}));
    books_.debug_blocks += found.is_debug ? 1 : 0;
    types.add(found.type);
    if (found.type == nullptr) continue;
    ++found.type->count;
    found.type->pymalloc_bytes += pool.block_bytes;
    objects_.take(recogniser_, {.type = *found.type,
                                .bytes = block.bytes + found.offset,
                                .seen = pool.block_bytes - found.offset,
                                .address = address + begin + found.offset,
                                .held = pool.block_bytes,
                                .is_debug = found.is_debug,
                                .near = pool.copy});
  }
  const std::uint64_t free_at = pool_head_bytes + pool.blocks * pool.block_bytes;
  if (is_uniform) {
    const std::uint64_t free = pool.blocks - pool.used;
    books_.free_blocks.add(
        {.bytes = free * pool.block_bytes, .private_bytes = free * of_one.private_bytes, .swap_bytes = 0}, free);
    const std::uint64_t rest = arenas_.pool_bytes - pool.blocks * pool.block_bytes;
    books_.slack.add({.bytes = rest, .private_bytes = of_one.private_bytes == 0 ? 0 : rest, .swap_bytes = 0});
    return;
  }
  for (std::uint64_t i = 0, at = address + pool_head_bytes; i < pool.blocks; ++i, at += pool.block_bytes) {
    if (i < pool.begun && !pool.is_free.test(i)) continue;
    books_.free_blocks.add(space_.tally({at, at + pool.block_bytes}));
  }
  books_.slack.add(space_.tally({address, address + pool_head_bytes}));
  books_.slack.add(space_.tally({address + free_at, whole.end}), 0);
}

/// Its head says at least how many blocks it has; they are nobody's.
void PymallocWalk::count_torn(const std::byte* head, const Tally& all, model::PymallocArenaRow& row) {
  ++books_.figures.torn_pools;
  ++books_.figures.pools_used;
  ++row.pools_used;
  books_.torn_bytes += all.bytes;
  std::uint64_t used = 0;
  if (head != nullptr) {
    const auto size_class = load<std::uint32_t>(head + 36) % size_classes;
    const std::uint64_t block_bytes = (size_class + 1) * block_unit;
    used = std::min<std::uint64_t>(load<std::uint32_t>(head) * block_bytes, all.bytes);
    books_.torn_blocks += used / block_bytes;
  }
  const Tally in_use{.bytes = used, .private_bytes = std::min(used, all.private_bytes), .swap_bytes = 0};
  books_.blocks[static_cast<std::size_t>(ObjectKind::buffer)].add(in_use);
  books_.free_blocks.add(all.without(in_use));
  books_.figures.used_bytes += used;
  row.used_bytes += used;
}

void PymallocWalk::walk_pool(std::uint64_t address, model::PymallocArenaRow& row, ArenaTypes& types) {
  const Range range{address, address + arenas_.pool_bytes};
  // The end of a pool may never have been touched; blocks that are in swap look like no objects.
  const std::byte* bytes = window_.at_least(address, pool_head_bytes, arenas_.pool_bytes);
  Pool pool;
  bool is_whole = bytes != nullptr && read_pool(bytes, address, pool);
  const bool is_first = is_whole;
  if (bytes == nullptr && !space_.is_resident(address)) {  // its head is in swap, or it was never touched
    books_.free_pools.add(space_.tally(range));
    ++books_.figures.pools_free;
    ++row.pools_free;
    return;
  }
  for (int tries = 1; !is_whole && tries < most_tries; ++tries) {
    pool = {};
    bytes = again_.load(range) ? again_.at_least(address, pool_head_bytes, arenas_.pool_bytes) : nullptr;
    is_whole = bytes != nullptr && read_pool(bytes, address, pool);
  }
  if (!is_whole) return count_torn(again_.at(address, pool_head_bytes), space_.tally(range), row);
  if (pool.used == 0) {
    books_.free_pools.add(space_.tally(range));
    ++books_.figures.pools_free;
    ++row.pools_free;
    return;
  }
  states_.push_back({.address = address, .free_block = load(bytes + 8), .used = pool.used});
  ++books_.figures.pools_used;
  ++row.pools_used;
  row.blocks_used += pool.used;
  row.used_bytes += pool.used * pool.block_bytes;
  books_.figures.blocks_used += pool.used;
  books_.figures.blocks_free += pool.blocks - pool.used;
  books_.figures.used_bytes += pool.used * pool.block_bytes;
  books_.figures.free_bytes += (pool.blocks - pool.used) * pool.block_bytes;
  pool.copy = is_first ? &window_ : &again_;
  count_blocks(pool, bytes, address, types);
}

void PymallocWalk::walk_arena(const ArenaObject& arena) {
  const Range range{arena.address, arena.address + arenas_.arena_bytes};
  window_.load(range);
  model::PymallocArenaRow row{.address = {arena.address}, .resident_bytes = space_.tally(range).bytes};
  ArenaTypes types;
  const std::uint64_t first = (arena.address + arenas_.pool_bytes - 1) / arenas_.pool_bytes * arenas_.pool_bytes;
  std::uint64_t at = first;
  for (; at + arenas_.pool_bytes <= range.end; at += arenas_.pool_bytes) {
    if (at < arena.pool_address) {
      walk_pool(at, row, types);
    } else {
      books_.free_pools.add(space_.tally({at, at + arenas_.pool_bytes}));
      ++books_.figures.pools_free;
      ++row.pools_free;
    }
  }
  books_.slack.add(space_.tally({range.start, first}), 0);
  books_.slack.add(space_.tally({at, range.end}), 0);
  keep_held(row, types);
  books_.arenas.push_back(row);
}

void PymallocWalk::keep_held(const model::PymallocArenaRow& row, const ArenaTypes& types) {
  if (row.blocks_used == 0 || row.blocks_used >= books_.held_below) return;
  model::HeldArena held{.address = row.address, .blocks = row.blocks_used, .types = {}};
  std::map<std::uint32_t, std::uint64_t> counts;
  for (std::size_t i = 0; i < std::min(types.count, types.indexes.size()); ++i) ++counts[types.indexes[i]];
  for (const auto& [index, count] : counts) {
    held.types.emplace_back(index == UINT32_MAX ? "" : std::to_string(index), count);
  }
  std::stable_sort(held.types.begin(), held.types.end(),
                   [](const auto& left, const auto& right) { return left.second > right.second; });
  if (held.types.size() > kept_types) held.types.resize(kept_types);
  books_.held.push_back(std::move(held));
}

void PymallocWalk::look_again(ObjectSink& objects) {
  std::vector<std::array<std::byte, 16>> heads(states_.size());
  std::vector<memory::ReadRequest> requests;
  requests.reserve(states_.size());
  for (std::size_t i = 0; i < states_.size(); ++i) requests.push_back({{states_[i].address}, heads[i], {}});
  window_.source().read_many(requests);
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const auto& state = states_[i];
    const bool is_same = !requests[i].status || (load<std::uint32_t>(heads[i].data()) == state.used &&
                                                 load(heads[i].data() + 8) == state.free_block);
    if (is_same || !again_.load({state.address, state.address + arenas_.pool_bytes})) continue;
    const std::byte* const bytes = again_.at_least(state.address, pool_head_bytes, arenas_.pool_bytes);
    Pool pool;
    if (bytes == nullptr || !read_pool(bytes, state.address, pool)) continue;
    for (std::uint64_t block = 0, at = pool_head_bytes; block < pool.begun; ++block, at += pool.block_bytes) {
      if (pool.is_free.test(block)) continue;
      const auto found = recogniser_.look(
          {.bytes = bytes + at, .seen = pool.block_bytes, .size = pool.block_bytes, .slack = block_unit});
      if (found.type == nullptr) continue;
      objects.take(recogniser_, {.type = *found.type,
                                 .bytes = bytes + at + found.offset,
                                 .seen = pool.block_bytes - found.offset,
                                 .address = state.address + at + found.offset,
                                 .held = pool.block_bytes,
                                 .is_debug = found.is_debug});
    }
  }
}

PymallocBooks PymallocWalk::run() {
  books_ = {};
  books_.figures.arenas = arenas_.live.size();
  books_.figures.arena_bytes = arenas_.arena_bytes;
  books_.figures.pool_bytes = arenas_.pool_bytes;
  books_.held_below = arenas_.arena_bytes / proc::page_bytes;  // less than one block to a page
  for (const auto& arena : arenas_.live) {
    if (budget_.is_spent()) {
      budget_.leave_out(space_.tally({arena.address, arena.address + arenas_.arena_bytes}).bytes);
    } else {
      walk_arena(arena);
    }
  }
  std::stable_sort(books_.held.begin(), books_.held.end(),
                   [](const auto& left, const auto& right) { return left.blocks < right.blocks; });
  books_.bytes_read = window_.bytes_read() + again_.bytes_read();
  books_.lost_bytes = window_.lost_bytes();
  return std::move(books_);
}

}  // namespace tidemark::heap
