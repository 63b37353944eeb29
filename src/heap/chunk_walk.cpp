#include "detail/chunk_walk.hpp"

#include <algorithm>

namespace tidemark::heap {

namespace {

// Of a used chunk that a window ends in: its head, those of debugging and of the collector, and the fields of an
// object.
constexpr std::uint64_t least_seen = 512;
constexpr std::uint64_t free_head = 48;  ///< sizeof(struct malloc_chunk)
constexpr std::uint64_t fencepost = 16;
constexpr int chain_length = 6;
constexpr std::uint64_t most_far_guesses = std::uint64_t{1} << 20;
constexpr std::uint64_t most_chain_steps = std::uint64_t{1} << 28;  // a second or two

std::uint64_t up_to_page(std::uint64_t at) { return (at + proc::page_bytes - 1) / proc::page_bytes * proc::page_bytes; }
std::uint64_t down_to_page(std::uint64_t at) { return at / proc::page_bytes * proc::page_bytes; }

}  // namespace

Tally ChunkWalk::tally(std::uint64_t start, std::uint64_t end) {
  if (region_ == nullptr || !region_->range().holds(start)) region_ = space_.find(start);
  if (region_ == nullptr || !region_->is_paged() || end > region_->map.region.end ||
      start / proc::page_bytes != (end - 1) / proc::page_bytes) {
    return space_.tally({start, end});
  }
  Tally one;
  add_page(one, region_->flags_at(start), end - start);
  return one;
}

/// Whether the window shows these bytes; loads the next stretch when it does not.
bool ChunkWalk::see(std::uint64_t address, std::uint64_t bytes, std::uint64_t segment_end) {
  if (address + bytes > segment_end) return false;
  if (!window_.range().holds(address, bytes)) {
    const std::uint64_t start = down_to_page(address);
    window_.load({start, std::min(up_to_page(segment_end), std::max(start + ahead_, address + bytes))});
  }
  return window_.at(address, bytes) != nullptr;
}

/// Of another chunk than the one that is looked at: without losing what is seen of that. 0 when it cannot be read.
std::uint64_t ChunkWalk::size_word(std::uint64_t chunk, std::uint64_t segment_end) {
  std::uint64_t size = 0;
  if (chunk + chunk_head > segment_end) return 0;
  if (window_.take(chunk + 8, size) != nullptr) return size;
  if (!space_.is_resident(chunk + 8)) return 0;
  const auto far = memory_.read_value<std::uint64_t>({chunk + 8});
  return far ? *far : 0;
}

std::uint64_t ChunkWalk::first_chunk(const MallocArenaPlace& place, Range segment) {
  std::uint64_t at = (segment.start + chunk_unit - 1) / chunk_unit * chunk_unit;
  if (!place.is_main) return at;
  // What another one took of brk before malloc did.
  for (const std::uint64_t end = std::min(segment.end, at + proc::page_bytes); at < end; at += chunk_unit) {
    if (see(at, chunk_head, segment.end) && begins_chain(at, segment.end)) return at;
  }
  return segment.start;
}

bool ChunkWalk::begins_chain(std::uint64_t chunk, std::uint64_t segment_end) {
  for (int i = 0; i < chain_length; ++i) {
    if (chunk + chunk_head > segment_end) return false;
    // Each one outside of the window is a call of the kernel's: garbage that looks like large chunks asks for millions.
    if (!window_.range().holds(chunk, chunk_head) && far_guesses_++ >= most_far_guesses) return false;
    const std::uint64_t size = size_word(chunk, segment_end) & ~size_bits;
    if (size < least_chunk || size % chunk_unit != 0 || size > segment_end - chunk) return false;
    chunk += size;
    if (chunk == segment_end) return true;
  }
  return true;
}

std::uint64_t ChunkWalk::resume_at(std::uint64_t chunk, std::uint64_t segment_end) {
  for (std::uint64_t at = chunk + chunk_unit; at + chunk_head <= segment_end; at += chunk_unit) {
    if (!see(at, chunk_head, segment_end)) {
      at = up_to_page(at + 1) - chunk_unit;
      continue;
    }
    if (begins_chain(at, segment_end)) return at;
  }
  return segment_end;
}

bool ChunkWalk::has_time() {
  constexpr std::uint64_t between_looks = 4096;
  return !(steps_++ % between_looks == 0 ? budget_.is_spent() : budget_.was_spent());
}

/// Where it ended: behind top, at fenceposts, or with the segment.
std::uint64_t ChunkWalk::walk_segment(const MallocArenaPlace& place, Range segment, model::MallocArena& arena) {
  std::uint64_t chunk = first_chunk(place, segment), next_waypoint = chunk;
  while (chunk + chunk_head <= segment.end) {
    if (!has_time()) {
      budget_.leave_out(space_.tally({chunk, segment.end}).bytes);
      return segment.end;
    }
    const bool is_seen = see(chunk, chunk_head, segment.end);
    const std::uint64_t word = is_seen ? size_word(chunk, segment.end) : 0;
    const std::uint64_t size = word & ~size_bits;
    if (is_seen && chunk == place.top && size >= chunk_head && size <= segment.end - chunk) {
      take_top(place, size, arena);
      return chunk + size;
    }
    // The end of a heap that is no longer the newest: two fenceposts.
    if (is_seen && size <= fencepost && segment.end - chunk <= free_head && segment.end != place.top)
      return segment.end;
    // The last chunk that was seen before the arena grew, or one that has eaten its neighbours since.
    if (is_seen && size >= least_chunk && place.top >= segment.end && size > segment.end - chunk) return segment.end;
    if (size < least_chunk || size % chunk_unit != 0 || size > segment.end - chunk) {
      const std::uint64_t next = resume_at(chunk, segment.end);
      ++books_.torn_chunks;
      books_.torn_bytes += space_.tally({chunk, next}).bytes;
      chunk = next;
      continue;
    }
    const Tally all = tally(chunk, chunk + size);
    const bool is_used = (size_word(chunk + size, segment.end) & prev_in_use) != 0 || chunk + size == segment.end;
    if (!is_used) {
      take_free(chunk, size, all, arena);
    } else if (const auto kept = kept_.chunks.find(chunk); kept != kept_.chunks.end()) {
      const bool is_fast = kept->second == KeptBy::fastbin;
      (is_fast ? books_.fastbins : books_.tcaches).add(all);
      (is_fast ? arena.fastbin_bytes : arena.tcache_bytes) += size;
      ++(is_fast ? arena.fastbin_chunks : arena.tcache_chunks);
    } else {
      arena.in_use_bytes += size;
      ++arena.chunks_in_use;
      (void)see(chunk, std::min(least_seen, size), segment.end);
      take_used(chunk, size, size - 8, all, false);
    }
    books_.walked += all;
    if (chunk >= next_waypoint) {
      books_.waypoints.push_back({.chunk = chunk, .segment_end = segment.end});
      next_waypoint = chunk + waypoint_bytes;
    }
    chunk += size;
  }
  return segment.end;
}

void ChunkWalk::take_top(const MallocArenaPlace& place, std::uint64_t bytes, model::MallocArena& arena) {
  const Tally all = space_.tally({place.top, place.top + bytes});
  arena.top_bytes = bytes;
  (place.is_main ? books_.main_top : books_.thread_tops).add(all);
  books_.walked += all;
  if (!place.is_main) return;
  // systrim: whole pages of top but for the least chunk go back through brk (malloc.c); thread arenas keep theirs.
  const std::uint64_t given = bytes > least_chunk + 1 ? down_to_page(bytes - least_chunk - 1) : 0;
  arena.trim_bytes += space_.tally({place.top + bytes - given, place.top + bytes}).bytes;
}

void ChunkWalk::take_free(std::uint64_t chunk, std::uint64_t bytes, const Tally& all, model::MallocArena& arena) {
  books_.bins.add(all);
  arena.bin_bytes += bytes;
  ++arena.bin_chunks;
  // mtrim: whole pages inside of a free chunk behind its head are given back by madvise.
  const std::uint64_t start = up_to_page(chunk + free_head), end = down_to_page(chunk + bytes);
  if (start < end) arena.trim_bytes += space_.tally({start, end}).bytes;
}

void ChunkWalk::take_used(std::uint64_t chunk, std::uint64_t bytes, std::uint64_t usable, const Tally& all,
                          bool is_mapped) {
  const std::uint64_t user = chunk + chunk_head;
  const std::uint64_t seen =
      std::min<std::uint64_t>(usable, window_.range().end > user ? window_.range().end - user : 0);
  constexpr std::uint64_t most_seen = 4096;  // of an object's words
  std::uint64_t shown = std::min(seen, most_seen);
  const std::byte* block = recogniser_ != nullptr ? window_.at(user, shown) : nullptr;
  if (block == nullptr && recogniser_ != nullptr) {  // part of it is not in memory
    shown = std::min(shown, up_to_page(user + 1) - user);
    block = window_.at(user, shown);
  }
  if (block != nullptr) {
    const auto found = recogniser_->look({.bytes = block,
                                          .seen = shown,
                                          .size = usable,
                                          // Rounding up, and a rest that is too small to be a chunk.
                                          .slack = is_mapped ? proc::page_bytes + chunk_head : 2 * chunk_unit});
    books_.debug_chunks += found.is_debug ? 1 : 0;
    if (found.type != nullptr) {
      books_.objects[static_cast<std::size_t>(found.type->kind)].add(all);
      ++found.type->count;
      found.type->malloc_bytes += bytes;
      objects_.take(*recogniser_, {.type = *found.type,
                                   .bytes = block + found.offset,
                                   .seen = shown - found.offset,
                                   .address = user + found.offset,
                                   .held = bytes,
                                   .is_debug = found.is_debug});
      return;
    }
  }
  raw_.add({.address = chunk, .bytes = bytes, .is_mapped = is_mapped});
}

void ChunkWalk::walk_arenas() {
  for (const auto& place : malloc_.arenas) {
    model::MallocArena arena{.address = {place.state}, .is_main = place.is_main, .system_bytes = place.system_bytes};
    for (const auto& segment : place.segments) {
      arena.resident_bytes += space_.tally(segment).bytes;
      walk_segment(place, segment, arena);
    }
    books_.arenas.push_back(arena);
  }
  books_.bytes_read = window_.bytes_read();
  books_.lost_bytes = window_.lost_bytes();
}

bool ChunkWalk::lacks_of_main() const {
  if (malloc_.arenas.empty() || books_.arenas.empty() || budget_.was_spent()) return false;
  const auto& main = books_.arenas.front();
  const std::uint64_t known =
      main.in_use_bytes + main.top_bytes + main.bin_bytes + main.fastbin_bytes + main.tcache_bytes;
  constexpr std::uint64_t of_the_ends = 4 * proc::page_bytes;  // fenceposts, and what alignment costs
  return main.system_bytes > known + of_the_ends;
}

/// Where a chain of chunks that begins with the range ends as a segment does: with two fenceposts at the end of a page,
/// or with top. Its beginning when it does not.
std::uint64_t ChunkWalk::end_of_chain(Range range) {
  for (std::uint64_t chunk = range.start, page = 0; chunk < range.end;) {
    // Chains run into one another, and what runs into one that led nowhere does so, too.
    if (chunk / proc::page_bytes != page) {
      page = chunk / proc::page_bytes;
      const auto [known, is_new] = chains_.emplace(page, chunk);
      if (!is_new && known->second == chunk) break;
      known->second = chunk;
    }
    if (chain_steps_++ >= most_chain_steps || !see(chunk, chunk_head, range.end)) break;
    const std::uint64_t size = size_word(chunk, range.end) & ~size_bits;
    if (chunk == malloc_.arenas.front().top && size <= range.end - chunk) {
      return std::min(range.end, up_to_page(chunk + size));
    }
    if (size == fencepost) {
      // Two of them, and a third where the old top had no room for more.
      const std::uint64_t end = up_to_page(chunk);
      const bool is_end = (end == chunk + 2 * fencepost || end == chunk + 3 * fencepost) &&
                          (size_word(end - fencepost, range.end) & ~size_bits) == fencepost;
      return is_end && chunk != range.start ? end : range.start;
    }
    if (size < least_chunk || size % chunk_unit != 0 || size > range.end - chunk) break;
    chunk += size;
  }
  return range.start;
}

std::uint64_t ChunkWalk::walk_more_of_main(Range range) {
  if (!lacks_of_main() || range.start % chunk_unit != 0) return range.start;
  auto& main = books_.arenas.front();
  const std::uint64_t end = end_of_chain(range);
  if (end == range.start) return end;
  const Range segment{range.start, end};
  main.resident_bytes += space_.tally(segment).bytes;
  (void)walk_segment(malloc_.arenas.front(), segment, main);
  books_.bytes_read = window_.bytes_read();
  books_.lost_bytes = window_.lost_bytes();
  return segment.end;
}

std::vector<Range> ChunkWalk::walk_mapped(Range range) {
  std::vector<Range> found;
  constexpr std::uint64_t least_mapped = proc::page_bytes;
  ahead_ = few_bytes;  // only heads are of interest, and those lie far apart
  for (std::uint64_t at = up_to_page(range.start); at + proc::page_bytes <= range.end;) {
    std::uint64_t before = 0, word = 0;
    const bool is_seen = space_.is_resident(at) && see(at, chunk_head, range.end) &&
                         window_.take(at, before) != nullptr && window_.take(at + 8, word) != nullptr;
    if (!has_time()) {
      budget_.leave_out(space_.tally({at, range.end}).bytes);
      break;
    }
    const std::uint64_t bytes = (word & ~size_bits) + malloc_.mapped_extra();
    const bool is_chunk = is_seen && (word & size_bits) == mapped_bit && bytes % proc::page_bytes == 0 &&
                          bytes >= least_mapped && bytes <= range.end - at && before < proc::page_bytes &&
                          before % chunk_unit == 0;
    if (!is_chunk) {
      at += proc::page_bytes;
      continue;
    }
    (void)see(at, std::min(range.end - at, proc::page_bytes), range.end);
    const Tally all = space_.tally({at, at + bytes});
    take_used(at, bytes, bytes - chunk_head, all, true);
    books_.walked += all;
    ++books_.mapped_chunks;
    books_.mapped_bytes += bytes;
    found.push_back({at, at + bytes});
    at += bytes;
  }
  books_.bytes_read = window_.bytes_read();
  books_.lost_bytes = window_.lost_bytes();
  return found;
}

}  // namespace tidemark::heap
