#include "detail/stretch.hpp"

#include <algorithm>

#include "detail/order_statistics.hpp"

namespace tidemark::analysis {
namespace {

/// The iterators of the values of a stretch.
auto values_of(const Series& series, Stretch stretch) {
  const auto first = series.values.begin();
  return std::pair{first + static_cast<std::ptrdiff_t>(stretch.begin),
                   first + static_cast<std::ptrdiff_t>(stretch.end)};
}

}  // namespace

Stretch stretch_of(const Series& series, std::int64_t from_ns, std::int64_t to_ns) {
  const auto& times = series.elapsed_ns;
  const auto begin = std::lower_bound(times.begin(), times.end(), from_ns);
  const auto end = std::upper_bound(begin, times.end(), to_ns);
  return {static_cast<std::size_t>(begin - times.begin()), static_cast<std::size_t>(end - times.begin())};
}

double median_of(const Series& series, Stretch stretch) {
  const auto [begin, end] = values_of(series, stretch);
  std::vector<double> values(begin, end);
  return detail::median_of(values);
}

std::size_t highest_of(const Series& series, Stretch stretch) {
  const auto [begin, end] = values_of(series, stretch);
  return static_cast<std::size_t>(std::max_element(begin, end) - series.values.begin());
}

std::optional<double> value_at(const Series& series, std::int64_t at_ns) {
  const Stretch here = stretch_of(series, at_ns, at_ns);
  if (here.empty()) return std::nullopt;
  return series.values[here.begin];
}

}  // namespace tidemark::analysis
