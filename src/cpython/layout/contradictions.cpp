#include <algorithm>
#include <limits>

#include "tidemark/cpython/layout_fields.hpp"

namespace tidemark::cpython {

namespace {

/// What an entry takes up of its struct.
struct Stretch {
  std::string_view entry;
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};

constexpr std::uint64_t generation_count = 3;

std::string_view struct_of(std::string_view entry) { return entry.substr(0, entry.find('.')); }

/// Nothing reads thread.state; to 3.10 thread.thread_id is the same member as thread.pthread.
bool may_lie_anywhere(const Layout& layout, std::string_view entry) {
  return entry == "thread.state" || (entry == "thread.thread_id" && layout.thread.pthread.is_present());
}

std::vector<Stretch> fields_of(const Layout& layout) {
  std::vector<Stretch> found;
  for_each_field(layout, [&](std::string_view name, const auto& entry) {
    if constexpr (requires { entry.end(); }) {
      if (entry.is_present() && !may_lie_anywhere(layout, name)) {
        found.push_back({.entry = name, .first = entry.offset(), .end = entry.end()});
      }
    }
  });
  return found;
}

/// Arrays that lie inside a struct, and what a generation begins with: the two pointers of its list.
void add_arrays(const Layout& layout, std::vector<Stretch>& into) {
  constexpr std::uint64_t list_bytes = 2 * sizeof(base::Address);
  const auto& gc = layout.gc;
  const std::uint64_t generations = generation_count * layout.generation.size_bytes;
  const std::uint64_t end = std::max(generations, std::uint64_t{gc.generations_end});
  into.push_back({.entry = "gc.generations_end", .first = end - generations, .end = end});
  into.push_back({.entry = "generation.size_bytes", .first = 0, .end = list_bytes});
  if (!gc.stats.is_present()) {
    const std::uint64_t stats = generation_count * layout.generation_stats.size_bytes;
    into.push_back({.entry = "gc.generation_stats", .first = gc.generation_stats, .end = gc.generation_stats + stats});
    return;
  }
  const auto add_ring = [&into](std::string_view entry, std::uint32_t items, Field<std::int8_t> index) {
    if (index.is_present()) into.push_back({.entry = entry, .first = items, .end = index.offset()});
  };
  add_ring("stats.first", layout.stats.first, layout.stats.first_index);
  add_ring("stats.second", layout.stats.second, layout.stats.second_index);
  add_ring("stats.third", layout.stats.third, layout.stats.third_index);
}

/// Where the struct ends; where the layout does not say, nowhere.
std::uint64_t end_of(const Layout& layout, std::string_view group) {
  std::uint64_t size = 0;
  if (group == "code") size = static_cast<std::uint64_t>(std::max<std::int64_t>(layout.code.size_bytes, 0));
  if (group == "gc") size = layout.gc.size_bytes;
  if (group == "generation") size = layout.generation.size_bytes;
  if (group == "generation_stats") size = layout.generation_stats.size_bytes;
  return size == 0 ? std::numeric_limits<std::uint64_t>::max() : size;
}

}  // namespace

std::vector<std::string_view> contradictions(const Layout& layout) {
  std::vector<Stretch> stretches = fields_of(layout);
  add_arrays(layout, stretches);
  std::vector<std::string_view> found;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const Stretch& one = stretches[i];
    const auto overlaps = [&one](const Stretch& other) {
      return struct_of(one.entry) == struct_of(other.entry) && one.first < other.end && other.first < one.end;
    };
    const auto before = stretches.begin() + static_cast<std::ptrdiff_t>(i);
    const bool is_clear = std::none_of(stretches.begin(), before, overlaps);
    if (!is_clear || one.end <= one.first || one.end > end_of(layout, struct_of(one.entry))) found.push_back(one.entry);
  }
  return found;
}

}  // namespace tidemark::cpython
