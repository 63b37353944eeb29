// What malloc keeps for the next caller of the same size: fastbins and the threads' caches.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "detail/glibc.hpp"

namespace tidemark::heap {

namespace {

constexpr std::uint64_t fastbins_at = 16, fastbin_count = 10;
constexpr std::uint64_t tls_bytes = 0x4000;  // before the thread pointer: where `tcache` of libc lies
constexpr unsigned mangle_shift = 12;
constexpr std::size_t most_looked_at = std::size_t{1} << 20;  // words of threads that may be caches

/// struct tcache_perthread_struct: counts (or, from 2.42 on, free slots) of 16 bits, then the heads of the lists.
struct TcacheShape {
  std::uint64_t chunk_bytes, bins;
  [[nodiscard]] std::uint64_t entries_at() const { return bins * 2; }
  [[nodiscard]] std::uint64_t bytes() const { return bins * 10; }
};
constexpr std::array<TcacheShape, 2> shapes{TcacheShape{0x290, 64}, TcacheShape{0x300, 76}};

class Keeper {
 public:
  Keeper(Malloc& malloc, const AddressSpace& space, const memory::MemorySource& memory)
      : malloc_(malloc), space_(space), memory_(memory) {
    for (const auto& arena : malloc.arenas) {
      for (const auto& segment : arena.segments) {
        if (segment.start < segment.end) segments_.emplace(segment.start, segment.end);
      }
    }
  }

  [[nodiscard]] KeptChunks run(const std::vector<std::uint64_t>& thread_pointers) {
    const auto caches = find_tcaches(thread_pointers);
    decide_mangling(caches);
    for (const auto& [cache, shape] : caches) take_cache(cache, *shape);
    kept_.tcaches = caches.size();
    if (malloc_.has_fastbins) take_fastbins();
    return std::move(kept_);
  }

 private:
  using Caches = std::vector<std::pair<std::uint64_t, const TcacheShape*>>;

  [[nodiscard]] std::optional<std::uint64_t> word(std::uint64_t at) const {
    if (at % 8 != 0 || space_.find(at) == nullptr) return std::nullopt;
    const auto value = memory_.read_value<std::uint64_t>({at});
    return value ? std::optional(*value) : std::nullopt;
  }

  [[nodiscard]] bool is_in_arena(std::uint64_t chunk) const {
    const auto after = segments_.upper_bound(chunk);
    return after != segments_.begin() && chunk < std::prev(after)->second;
  }

  [[nodiscard]] Caches find_tcaches(const std::vector<std::uint64_t>& thread_pointers) const {
    std::set<std::uint64_t> seen;
    Caches caches;
    Window window(memory_, space_);
    for (const auto pointer : std::set(thread_pointers.begin(), thread_pointers.end())) {
      const Range range{pointer - std::min(pointer, tls_bytes), pointer};
      if (!window.load(range)) continue;
      for (std::uint64_t at = range.start / 8 * 8; at + 8 <= range.end; at += 8) {
        std::uint64_t value = 0;
        if (window.take(at, value) == nullptr || value % 16 != 0 || seen.count(value) != 0) continue;
        if (value < chunk_head || !is_in_arena(value - chunk_head)) continue;
        if (seen.size() == most_looked_at) return caches;
        seen.insert(value);
        const auto* const shape = shape_of(value);
        if (shape != nullptr) caches.emplace_back(value, shape);
      }
    }
    return caches;
  }

  /// The size of its chunk, and entries that are chunks of an arena or null.
  [[nodiscard]] const TcacheShape* shape_of(std::uint64_t cache) const {
    const auto size = word(cache - 8);
    const auto* const shape = std::find_if(shapes.begin(), shapes.end(), [&](const TcacheShape& one) {
      return size && (*size & ~size_bits) == one.chunk_bytes;
    });
    if (shape == shapes.end()) return nullptr;
    std::vector<std::byte> bytes(shape->bytes());
    if (!memory_.read({cache}, bytes)) return nullptr;
    for (std::uint64_t bin = 0; bin < shape->bins; ++bin) {
      const auto entry = load(bytes.data() + shape->entries_at() + bin * 8);
      if (entry % 16 != 0 || (entry != 0 && !is_in_arena(entry - chunk_head))) return nullptr;
    }
    return shape;
  }

  /// The last of a list has a null after it: zero, or the address itself, shifted.
  void decide_mangling(const Caches& caches) {
    std::size_t plain = 0, mangled = 0;
    for (const auto& [cache, shape] : caches) {
      for (std::uint64_t bin = 0; bin < shape->bins; ++bin) {
        const auto entry = word(cache + shape->entries_at() + bin * 8);
        if (!entry || *entry == 0) continue;
        const auto next = word(*entry);
        if (!next) continue;
        const auto open = *next ^ (*entry >> mangle_shift);
        if (*next == 0 || (*next % 16 == 0 && is_in_arena(*next - chunk_head))) ++plain;
        if (open == 0 || (open % 16 == 0 && is_in_arena(open - chunk_head))) ++mangled;
      }
    }
    if (plain + mangled != 0) malloc_.is_mangled = mangled >= plain;
  }

  [[nodiscard]] std::uint64_t opened(std::uint64_t at, std::uint64_t pointer) const {
    return malloc_.is_mangled ? pointer ^ (at >> mangle_shift) : pointer;
  }

  /// Follows a list from the user address of its first chunk on. A tcache links those, a fastbin the chunks.
  void take_list(std::uint64_t entry, KeptBy by) {
    const std::uint64_t to_user = by == KeptBy::fastbin ? chunk_head : 0;
    while (entry != 0 && kept_.chunks.size() < max_kept_chunks) {
      if (entry % 16 != 0 || !is_in_arena(entry - chunk_head)) return;  // it moved
      if (!kept_.chunks.emplace(entry - chunk_head, by).second) return;
      const auto next = word(entry);
      if (!next) return;
      entry = opened(entry, *next);
      if (entry != 0) entry += to_user;
    }
  }

  void take_cache(std::uint64_t cache, const TcacheShape& shape) {
    for (std::uint64_t bin = 0; bin < shape.bins; ++bin) {
      take_list(word(cache + shape.entries_at() + bin * 8).value_or(0), KeptBy::tcache);
    }
  }

  void take_fastbins() {
    for (const auto& arena : malloc_.arenas) {
      for (std::uint64_t bin = 0; bin < fastbin_count; ++bin) {
        const auto chunk = word(arena.state + fastbins_at + bin * 8).value_or(0);
        if (chunk != 0) take_list(chunk + chunk_head, KeptBy::fastbin);
      }
    }
  }

  Malloc& malloc_;
  std::map<std::uint64_t, std::uint64_t> segments_;  ///< of all arenas, start to end
  const AddressSpace& space_;
  const memory::MemorySource& memory_;
  KeptChunks kept_;
};

}  // namespace

KeptChunks find_kept_chunks(Malloc& malloc, const AddressSpace& space, const memory::MemorySource& memory,
                            const std::vector<std::uint64_t>& thread_pointers) {
  return Keeper(malloc, space, memory).run(thread_pointers);
}

}  // namespace tidemark::heap
