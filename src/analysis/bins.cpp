#include "detail/bins.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "detail/order_statistics.hpp"

namespace tidemark::analysis {
namespace detail {
namespace {

/// The middle one: neither gaps nor a tick at a mark change it. The mean when most samples share their time.
double usual_interval_ns(const Series& samples) {
  std::vector<double> intervals;
  intervals.reserve(samples.size());
  for (std::size_t at = 1; at < samples.size(); ++at)
    intervals.push_back(static_cast<double>(samples.elapsed_ns[at] - samples.elapsed_ns[at - 1]));
  const double middle = median_of(intervals);
  return middle > 0 ? middle : static_cast<double>(samples.span_ns()) / static_cast<double>(intervals.size());
}

}  // namespace

Series samples_within(const Series& series, std::int64_t from_ns, std::int64_t to_ns) {
  const auto& times = series.elapsed_ns;
  const auto first = std::lower_bound(times.begin(), times.end(), from_ns);
  const auto last = std::upper_bound(first, times.end(), to_ns);
  Series within;
  within.elapsed_ns.reserve(static_cast<std::size_t>(last - first));
  within.values.reserve(static_cast<std::size_t>(last - first));
  for (auto time = first; time != last; ++time) {
    const double value = series.values[static_cast<std::size_t>(time - times.begin())];
    if (std::isfinite(value)) within.add(*time, value);
  }
  return within;
}

Grid even_grid(const Series& samples, std::size_t most) {
  if (samples.span_ns() <= 0) return {};
  const auto span_ns = static_cast<double>(samples.span_ns());
  const double places = std::round(span_ns / usual_interval_ns(samples)) + 1;
  const double interval_ns = span_ns / (places - 1);
  // Whole samples per bin: with 310 samples in 300 bins some had two and most one, and their minima would differ.
  const double per_bin = std::ceil(places / static_cast<double>(most));
  const double count = std::floor(places / per_bin);
  const double bin_ns = interval_ns * per_bin;
  // Each sample stands for half an interval on both sides. The last bin is a whole one.
  const double end_ns = static_cast<double>(samples.elapsed_ns.back()) + interval_ns / 2;
  return {end_ns - bin_ns * count, bin_ns, static_cast<std::size_t>(count)};
}

BinnedSeries cut(const Series& samples, const Grid& grid, std::size_t fewest) {
  BinnedSeries bins;
  bins.bin_ns = std::llround(grid.bin_ns);
  std::vector<double> values;
  std::size_t at = 0;
  for (std::size_t bin = 0; bin < grid.count; ++bin) {
    const double edge_ns = grid.from_ns + grid.bin_ns * static_cast<double>(bin);
    const double next_edge_ns = edge_ns + grid.bin_ns;
    values.clear();
    for (; at < samples.size() && static_cast<double>(samples.elapsed_ns[at]) < next_edge_ns; ++at)
      if (static_cast<double>(samples.elapsed_ns[at]) >= edge_ns) values.push_back(samples.values[at]);
    if (values.empty() || values.size() < fewest) continue;
    const std::int64_t middle_ns = std::llround(edge_ns + grid.bin_ns / 2);
    bins.minima.add(middle_ns, *std::min_element(values.begin(), values.end()));
    bins.medians.add(middle_ns, median_of(values));
  }
  return bins;
}

std::vector<double> on_grid(const Series& points, std::int64_t bin_ns) {
  if (points.empty() || bin_ns <= 0) return {};
  const auto place = [&](std::int64_t at_ns) {
    return static_cast<std::size_t>((at_ns - points.elapsed_ns.front() + bin_ns / 2) / bin_ns);
  };
  std::vector<double> values(place(points.elapsed_ns.back()) + 1, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t point = 0; point < points.size(); ++point)
    values[place(points.elapsed_ns[point])] = points.values[point];
  return values;
}

}  // namespace detail

BinnedSeries cut_into_bins(const Series& series, std::int64_t from_ns, std::int64_t to_ns) {
  const Series samples = detail::samples_within(series, from_ns, to_ns);
  return detail::cut(samples, detail::even_grid(samples, most_bins));
}

}  // namespace tidemark::analysis
