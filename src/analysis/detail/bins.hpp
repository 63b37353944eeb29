// Purpose: a series cut into bins of one length, on a regular grid.
#pragma once

#include <cstdint>
#include <vector>

#include "tidemark/analysis/trend.hpp"

namespace tidemark::analysis::detail {

/// `count` bins of `bin_ns`, the first from `from_ns` on; bins without samples are left out.
struct Grid {
  double from_ns = 0, bin_ns = 0;
  std::size_t count = 0;
};

/// The samples within [from_ns, to_ns]; values that are no number are left out.
[[nodiscard]] Series samples_within(const Series& series, std::int64_t from_ns, std::int64_t to_ns);

/// At most `most` bins, each of a whole number of samples' intervals, the last one ending with the last sample; less
/// than a bin is left over at the start.
[[nodiscard]] Grid even_grid(const Series& samples, std::size_t most);

/// Bins with fewer than `fewest` samples are left out too.
[[nodiscard]] BinnedSeries cut(const Series& samples, const Grid& grid, std::size_t fewest = 1);

/// Values at the grid's places, NaN where there is none. `points` lie in the middle of bins of `bin_ns`.
[[nodiscard]] std::vector<double> on_grid(const Series& points, std::int64_t bin_ns);

}  // namespace tidemark::analysis::detail
