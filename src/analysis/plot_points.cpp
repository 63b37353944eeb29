#include <algorithm>

#include "detail/findings_parts.hpp"

namespace tidemark::analysis {
namespace {

void add_extremes(Series& points, const Series& series, std::size_t begin, std::size_t end) {
  const auto first = series.values.begin();
  const auto [low, high] =
      std::minmax_element(first + static_cast<std::ptrdiff_t>(begin), first + static_cast<std::ptrdiff_t>(end));
  const auto earlier = static_cast<std::size_t>(std::min(low, high) - first);
  const auto later = static_cast<std::size_t>(std::max(low, high) - first);
  points.add(series.elapsed_ns[earlier], series.values[earlier]);
  if (later != earlier) points.add(series.elapsed_ns[later], series.values[later]);
}

}  // namespace

Series plot_points(const Series& series, std::size_t most) {
  if (series.size() <= most) return series;
  Series points;
  points.add(series.elapsed_ns.front(), series.values.front());
  const std::size_t inner = series.size() - 2;  // all but the first and the last
  const std::size_t stretches = (most - 2) / 2;
  for (std::size_t i = 0; i < stretches; ++i)
    add_extremes(points, series, 1 + i * inner / stretches, 1 + (i + 1) * inner / stretches);
  points.add(series.elapsed_ns.back(), series.values.back());
  return points;
}

}  // namespace tidemark::analysis
