#include "collector.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tidemark::cpython {

namespace {

using base::Address;

base::Unexpected malformed(Address at, const char* detail) {
  return base::fail(base::Error{
      .code = base::ErrorCode::malformed, .doing = "read the collector's figures", .address = at, .detail = detail});
}

/// A field of a struct that begins at `start` of the one that the piece is of.
template <class T>
std::optional<T> inner(const Piece& piece, std::uint32_t start, Field<T> field) {
  if (!field.is_present()) return std::nullopt;
  return piece.get(Field<T>(start + field.offset()));
}

/// The sums of a struct GenerationStats that begins at `start` of the one that the piece is of.
base::Result<void> decode_sums(const Layout& layout, Address where, const Piece& piece, std::uint32_t start,
                               model::GcGeneration& into) {
  const auto collections = inner(piece, start, layout.generation_stats.collections);
  const auto collected = inner(piece, start, layout.generation_stats.collected);
  const auto uncollectable = inner(piece, start, layout.generation_stats.uncollectable);
  if (!collections || !collected || !uncollectable) return malformed(where, "the layout lacks a field");
  if (*collections < 0 || *collected < 0 || *uncollectable < 0) return malformed(where, "a sum is negative");
  into.collections = *collections;
  into.collected = *collected;
  into.uncollectable = *uncollectable;
  return {};
}

/// Whether the generations of a free-threaded collector begin there. It keeps no lists, so their heads are null; and
/// not both of the older ones are without a threshold, unless the program has set that.
bool is_free_threaded_generations(const Layout& layout, const Piece& piece, std::uint32_t first) {
  using Word = std::int32_t;  // heads and thresholds are aligned as these
  bool has_threshold = false;
  for (std::uint32_t i = 0; i < generation_count; ++i) {
    const std::uint32_t at = first + i * layout.generation.size_bytes;
    for (std::uint32_t head = 0; head < layout.generation.threshold.offset(); head += sizeof(Word)) {
      if (piece.get(Field<Word>(at + head)) != 0) return false;
    }
    const auto threshold = inner(piece, at, layout.generation.threshold);
    if (!threshold || *threshold < 0) return false;
    has_threshold = has_threshold || (i > 0 && *threshold != 0);
  }
  return has_threshold;
}

/// Within 3.13 the alignment of heads, and with it the place of the generations, became 4 bytes less (v3_13t.cpp): no
/// size and no pointer tells, but what is there does.
std::optional<std::uint32_t> find_free_threaded_generations(const Layout& layout, const Piece& piece) {
  constexpr std::uint32_t drift = 4;
  const std::uint32_t first = layout.gc.generations;
  for (const std::uint32_t candidate : {first, first - drift}) {
    if (is_free_threaded_generations(layout, piece, candidate)) return candidate;
  }
  return std::nullopt;
}

struct Ring {
  std::uint32_t items = 0;
  Field<std::int8_t> newest;
};

bool is_whole(const Ring& ring, std::uint32_t item_bytes) {
  return item_bytes != 0 && ring.newest.offset() > ring.items && (ring.newest.offset() - ring.items) % item_bytes == 0;
}

std::array<Ring, generation_count> rings_of(const Layout& layout) {
  const auto& stats = layout.stats;
  return {Ring{stats.first, stats.first_index}, {stats.second, stats.second_index}, {stats.third, stats.third_index}};
}

}  // namespace

Address collector_address(const Layout& layout, Address runtime, Address interpreter) {
  return layout.runtime.gc ? runtime.plus(*layout.runtime.gc) : interpreter.plus(layout.interpreter.gc);
}

Extent collector_extent(const Layout& layout) {
  const auto& gc = layout.gc;
  Extent extent = extent_of(gc.enabled, gc.generation0, gc.visited_space, gc.stats, gc.garbage);
  extent.end = std::max(extent.end, gc.generations_end);
  if (!gc.stats.is_present()) {
    extent.end = std::max(extent.end, gc.generation_stats + generation_count * layout.generation_stats.size_bytes);
  }
  return extent;
}

base::Result<std::uint32_t> first_generation(const Layout& layout, Address collector, const Piece& piece) {
  const auto generation0 = piece.get(layout.gc.generation0);
  if (!generation0 && (layout.gc.generation0.is_present() || layout.gc.generations == 0)) {
    return malformed(collector, "the layout lacks a field");
  }
  const std::optional<std::uint32_t> place =
      layout.free_threaded ? find_free_threaded_generations(layout, piece) : layout.gc.generations;
  if (!place) return malformed(collector, "the generations are not where they may be");
  // Modulo 2^64, so a pointer below the collector is beyond the end too.
  const std::uint64_t first = generation0 ? generation0->value - collector.value : *place;
  const std::uint64_t length = generation_count * std::uint64_t{layout.generation.size_bytes};
  if (first > layout.gc.generations_end || layout.gc.generations_end - first < length) {
    return malformed(collector, "the generations are not inside the collector");
  }
  return static_cast<std::uint32_t>(first);
}

base::Result<std::array<std::uint32_t, generation_count>> generation_order(const Layout& layout, Address collector,
                                                                           const Piece& piece) {
  if (layout.gc.generation0.is_present() || !layout.gc.visited_space.is_present()) return std::array{0U, 1U, 2U};
  const auto visited = piece.get(layout.gc.visited_space);
  if (!visited || *visited < 0 || *visited > 1) return malformed(collector, "the visited space is neither 0 nor 1");
  return *visited == 0 ? std::array{0U, 1U, 2U} : std::array{0U, 2U, 1U};
}

base::Result<CollectorState> decode_collector(const Layout& layout, Address collector, const Piece& piece) {
  const auto enabled = piece.get(layout.gc.enabled);
  const auto garbage = piece.get(layout.gc.garbage);
  const auto stats = piece.get(layout.gc.stats);
  const bool has_stats = layout.gc.stats.is_present() ? stats.has_value() : layout.gc.generation_stats != 0;
  if (!enabled || !garbage || !has_stats) {
    return malformed(collector, "the layout lacks a field");
  }
  const auto first = first_generation(layout, collector, piece);
  if (!first) return base::fail(first.error());
  const auto order = generation_order(layout, collector, piece);
  if (!order) return base::fail(order.error());
  CollectorState state;
  state.reading.enabled = *enabled != 0;
  state.garbage = *garbage;
  state.stats = stats.value_or(Address{});
  for (std::uint32_t i = 0; i < generation_count; ++i) {
    auto& generation = state.reading.generations[i];
    const auto count = inner(piece, *first + (*order)[i] * layout.generation.size_bytes, layout.generation.count);
    if (!count) return malformed(collector, "the layout lacks a field");
    generation.count = *count;
    const auto threshold = inner(piece, *first + i * layout.generation.size_bytes, layout.generation.threshold);
    generation.threshold = threshold.value_or(0);
    if (layout.gc.stats.is_present()) continue;
    const std::uint32_t sums = layout.gc.generation_stats + i * layout.generation_stats.size_bytes;
    if (auto decoded = decode_sums(layout, collector, piece, sums, generation); !decoded) {
      return base::fail(std::move(decoded).error());
    }
  }
  return state;
}

Extent stats_extent(const Layout& layout) {
  if (!layout.gc.stats.is_present()) return {};
  // The rings begin with the struct, and each ends with its index.
  const auto& stats = layout.stats;
  return {.first = 0, .end = extent_of(stats.first_index, stats.second_index, stats.third_index).end};
}

base::Result<void> decode_stats(const Layout& layout, Address stats, const Piece& piece, model::GcReading& reading) {
  const auto rings = rings_of(layout);
  for (std::uint32_t i = 0; i < generation_count; ++i) {
    const Ring& ring = rings[i];
    const auto newest = piece.get(ring.newest);
    if (!newest || *newest < 0) return malformed(stats, "no statistics are the newest");
    if (!is_whole(ring, layout.generation_stats.size_bytes)) return malformed(stats, "a ring of no whole statistics");
    const std::uint64_t item = ring.items + static_cast<std::uint64_t>(*newest) * layout.generation_stats.size_bytes;
    if (item + layout.generation_stats.size_bytes > ring.newest.offset()) {
      return malformed(stats, "the newest statistics are not in their ring");
    }
    auto decoded = decode_sums(layout, stats, piece, static_cast<std::uint32_t>(item), reading.generations[i]);
    if (!decoded) return decoded;
  }
  return {};
}

}  // namespace tidemark::cpython
