#include <algorithm>
#include <array>
#include <set>

#include "detail/glibc.hpp"

namespace tidemark::heap {

namespace {

constexpr std::uint64_t bin_count = 127, pair_bytes = 16;
constexpr std::uint64_t next_at = 2048, system_at = 2072, state_rest = 2088;  // from the bins on
constexpr std::uint64_t heap_max = std::uint64_t{64} << 20;                   // HEAP_MAX_SIZE without huge pages
constexpr std::uint64_t most_data_bytes = std::uint64_t{4} << 20;
constexpr std::size_t least_empty_bins = 8;
constexpr std::array<std::uint64_t, 2> bins_places{112, 24};  // to 2.42; 2.43

bool is_libc(const std::string& path) {
  const auto name = proc::file_name_of(path);
  return name.starts_with("libc.so.6") || name.starts_with("libc-2.");
}

/// libc's writable data and the anonymous mapping behind it; without a libc, of the program: it is linked statically.
std::vector<Range> data_parts(const AddressSpace& space) {
  std::vector<Range> libc, others;
  bool follows_libc = false;
  for (const auto& region : space.regions()) {
    const auto& map = region.map.region;
    const bool is_bss = follows_libc && region.map.is_private_anonymous() && map.path.empty();
    const bool is_data = map.writable && !map.shared && region.map.is_file();
    const Range range{map.start, std::min(map.end, map.start + most_data_bytes)};
    if (is_libc(map.path) || is_bss) {
      if (map.writable) libc.push_back(range);
      follows_libc = !is_bss;
      continue;
    }
    follows_libc = false;
    if (is_data || (map.writable && map.path.empty() && !others.empty() && others.back().end == map.start)) {
      others.push_back(range);
    }
  }
  return libc.empty() ? others : libc;
}

class Search {
 public:
  Search(const AddressSpace& space, const memory::MemorySource& memory) : space_(space), memory_(memory) {}

  [[nodiscard]] Malloc run() {
    Window window(memory_, space_);
    for (const auto& part : data_parts(space_)) {
      if (!window.load(part)) continue;
      if (look_in(window)) break;
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] std::uint64_t word(std::uint64_t at) const {
    const auto value = memory_.read_value<std::uint64_t>({at});
    return value ? *value : 0;
  }

  static bool is_empty_bin(const Window& window, std::uint64_t at) {
    std::uint64_t forward = 0, back = 0;
    return window.take(at, forward) != nullptr && forward == at - pair_bytes && window.take(at + 8, back) != nullptr &&
           back == forward;
  }

  /// Empty bins point to themselves. Which of them is the first says the word before the bins: top.
  bool look_in(const Window& window) {
    const Range range = window.range();
    std::array<std::uint64_t, 2> asked_to{};  // places are asked once: they lie 16 bytes apart, in two rows
    for (std::uint64_t at = range.start; at + pair_bytes <= range.end; at += 8) {
      if (!is_empty_bin(window, at)) continue;
      auto& asked = asked_to[at / 8 % 2];
      for (std::uint64_t k = 0; k < bin_count; ++k) {
        const std::uint64_t bins = at - k * pair_bytes;
        if (bins < range.start + bins_places.front() || bins <= asked) break;
        if (is_bins(window, bins)) return true;
      }
      asked = at;
    }
    return false;
  }

  bool is_bins(const Window& window, std::uint64_t bins) {
    if (!window.range().holds(bins, state_rest)) return false;
    std::uint64_t top = 0, next = 0;
    if (window.take(bins - pair_bytes, top) == nullptr || window.take(bins + next_at, next) == nullptr) return false;
    if (top % 16 != 0 || !is_near_a_mapping(top)) return false;
    std::size_t empty = 0;
    for (std::uint64_t k = 0; k < bin_count; ++k) empty += is_empty_bin(window, bins + k * pair_bytes) ? 1 : 0;
    if (empty < least_empty_bins) return false;
    return std::any_of(bins_places.begin(), bins_places.end(),
                       [&](std::uint64_t bins_at) { return closes_ring(bins, bins_at, next); });
  }

  /// It may have grown since the mappings were read.
  [[nodiscard]] bool is_near_a_mapping(std::uint64_t at) const {
    constexpr std::uint64_t may_have_grown = std::uint64_t{1} << 30;
    const auto next = space_.after(at);
    return next != space_.regions().begin() && at < std::prev(next)->map.region.end + may_have_grown;
  }

  bool closes_ring(std::uint64_t bins, std::uint64_t bins_at, std::uint64_t next) {
    const std::uint64_t main = bins - bins_at;
    std::vector<std::uint64_t> ring{main};
    std::uint64_t seen = 0;  // one of those before: a circle without the main arena comes back to it
    while (next != main) {
      if (next == seen) return false;
      if ((ring.size() & (ring.size() - 1)) == 0) seen = next;
      if (next % 16 != 0 || space_.find(next) == nullptr || ring.size() == max_malloc_arenas) return false;
      if (ring_steps_++ == most_ring_steps) return false;
      ring.push_back(next);
      next = word(next + bins_at + next_at);
    }
    found_.bins_at = bins_at;
    found_.has_fastbins = bins_at == bins_places.front();
    for (const auto state : ring) add_arena(state);
    return true;
  }

  void add_arena(std::uint64_t state) {
    MallocArenaPlace arena;
    arena.state = state;
    arena.is_main = found_.arenas.empty();
    const std::uint64_t bins = state + found_.bins_at;
    arena.top = word(bins - pair_bytes);
    arena.system_bytes = word(bins + system_at);
    if (arena.is_main) {
      add_main_segment(arena);
    } else {
      add_heaps(arena);
    }
    found_.arenas.push_back(std::move(arena));
  }

  void add_main_segment(MallocArenaPlace& arena) const {
    Range heap;
    for (const auto& region : space_.regions()) {
      if (region.map.region.path != "[heap]") continue;
      if (heap.end != 0 && region.map.region.start != heap.end) break;
      if (heap.end == 0) heap.start = region.map.region.start;
      heap.end = region.map.region.end;
    }
    const std::uint64_t top_bytes = word(arena.top + 8) & ~size_bits;
    if (heap.holds(arena.top)) {
      arena.segments.push_back({heap.start, arena.top + std::min(heap.end - arena.top, top_bytes)});
    } else if (heap.end != 0) {
      arena.segments.push_back(heap);
    }
  }

  /// Each heap names the one before it; the first one begins with the arena's own state.
  void add_heaps(MallocArenaPlace& arena) const {
    constexpr std::uint64_t page_size_at = 32, long_head = 48, short_head = 32;
    std::vector<Range> segments;
    std::set<std::uint64_t> seen;
    for (std::uint64_t heap = arena.top & ~(heap_max - 1); heap != 0 && segments.size() < max_arena_segments;) {
      if (heap % heap_max != 0 || !seen.insert(heap).second || word(heap) != arena.state) break;  // ar_ptr
      const std::uint64_t size = word(heap + 16);
      if (size > heap_max || size < chunk_head) break;
      const bool is_first = heap == (arena.state & ~(heap_max - 1));
      const std::uint64_t head = word(heap + page_size_at) == proc::page_bytes ? long_head : short_head;
      const std::uint64_t chunks = is_first ? arena.state + found_.bins_at + state_rest : heap + head;
      const std::uint64_t start = (chunks + chunk_unit - 1) / chunk_unit * chunk_unit;
      segments.push_back({start, std::max(start, heap + size)});
      arena.heads.push_back({heap, start});
      if (is_first) break;
      heap = word(heap + 8);  // prev
    }
    arena.segments.assign(segments.rbegin(), segments.rend());
  }

  static constexpr std::size_t most_ring_steps = 16 * max_malloc_arenas;

  const AddressSpace& space_;
  const memory::MemorySource& memory_;
  std::size_t ring_steps_ = 0;  ///< of all rings that were tried
  Malloc found_;
};

/// "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36." in libc's constants.
std::string version_of(const AddressSpace& space, const memory::MemorySource& memory) {
  constexpr std::string_view banner = "GNU C Library", word = " version ";
  int regions_left = 16;
  for (const auto& region : space.regions()) {
    const auto& map = region.map.region;
    if (!is_libc(map.path) || map.writable || map.executable) continue;
    if (regions_left-- == 0) break;
    // A page, and what of the text may stand on the next one.
    constexpr std::uint64_t banner_bytes = 256;
    std::vector<std::byte> page(proc::page_bytes + banner_bytes);
    for (std::uint64_t at = map.start; at < std::min(map.end, map.start + most_data_bytes); at += proc::page_bytes) {
      page.resize(std::min(map.end - at, proc::page_bytes + banner_bytes));
      if (!memory.read({at}, page)) continue;
      const std::string_view text(reinterpret_cast<const char*>(page.data()), page.size());
      const auto found = text.find(banner);
      if (found == std::string_view::npos) continue;
      const auto number = text.substr(found).find(word);
      if (number == std::string_view::npos) continue;
      const auto rest = text.substr(found + number + word.size(), 8);
      const auto end = rest.find_first_not_of("0123456789.");
      auto version = std::string(rest.substr(0, end));
      if (version.ends_with('.')) version.pop_back();
      return "glibc " + version;
    }
  }
  return "glibc";
}

}  // namespace

Malloc find_malloc(const AddressSpace& space, const memory::MemorySource& memory) {
  auto found = Search(space, memory).run();
  if (found.is_found()) found.version = version_of(space, memory);
  return found;
}

}  // namespace tidemark::heap
