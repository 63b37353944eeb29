#include "collector.hpp"

#include <algorithm>

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

}  // namespace

Address collector_address(const Layout& layout, Address runtime, Address interpreter) {
  return layout.runtime.gc ? runtime.plus(*layout.runtime.gc) : interpreter.plus(layout.interpreter.gc);
}

Extent collector_extent(const Layout& layout) {
  const auto generations = static_cast<std::uint32_t>(std::tuple_size_v<decltype(model::GcReading::generations)>);
  Extent extent = extent_of(layout.gc.enabled, layout.gc.generation0, layout.gc.garbage);
  extent.end = std::max({extent.end, layout.gc.generations_end,
                         layout.gc.generation_stats + generations * layout.generation_stats.size_bytes});
  return extent;
}

base::Result<CollectorState> decode_collector(const Layout& layout, Address collector, const Piece& piece) {
  const auto enabled = piece.get(layout.gc.enabled);
  const auto generation0 = piece.get(layout.gc.generation0);
  const auto garbage = piece.get(layout.gc.garbage);
  if (!enabled || !generation0 || !garbage) return malformed(collector, "the layout lacks a field");
  CollectorState state;
  state.reading.enabled = *enabled != 0;
  state.garbage = *garbage;
  auto& generations = state.reading.generations;
  // Modulo 2^64, so a pointer below the collector is beyond the end too.
  const std::uint64_t first = generation0->value - collector.value;
  const std::uint64_t length = generations.size() * std::uint64_t{layout.generation.size_bytes};
  if (first > layout.gc.generations_end || layout.gc.generations_end - first < length) {
    return malformed(*generation0, "generation0 does not point into the collector");
  }
  for (std::uint32_t i = 0; i < generations.size(); ++i) {
    const std::uint32_t at = static_cast<std::uint32_t>(first) + i * layout.generation.size_bytes;
    const std::uint32_t stats = layout.gc.generation_stats + i * layout.generation_stats.size_bytes;
    const auto count = inner(piece, at, layout.generation.count);
    const auto collections = inner(piece, stats, layout.generation_stats.collections);
    const auto collected = inner(piece, stats, layout.generation_stats.collected);
    const auto uncollectable = inner(piece, stats, layout.generation_stats.uncollectable);
    if (!count || !collections || !collected || !uncollectable) return malformed(collector, "the layout lacks a field");
    if (*collections < 0 || *collected < 0 || *uncollectable < 0) return malformed(collector, "a sum is negative");
    generations[i] = {
        .count = *count, .collections = *collections, .collected = *collected, .uncollectable = *uncollectable};
  }
  return state;
}

}  // namespace tidemark::cpython
