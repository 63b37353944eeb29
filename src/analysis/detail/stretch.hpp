// Purpose: parts of a series by time, and their median.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidemark/analysis/series.hpp"

namespace tidemark::analysis {

/// Samples [begin, end) of a series.
struct Stretch {
  std::size_t begin = 0, end = 0;
  [[nodiscard]] std::size_t size() const { return end - begin; }
  [[nodiscard]] bool empty() const { return begin == end; }
};

/// The samples from `from_ns` to `to_ns`, both included.
[[nodiscard]] Stretch stretch_of(const Series& series, std::int64_t from_ns, std::int64_t to_ns);

/// Of a stretch that is not empty.
[[nodiscard]] double median_of(const Series& series, Stretch stretch);

/// The first highest sample of a stretch that is not empty.
[[nodiscard]] std::size_t highest_of(const Series& series, Stretch stretch);

/// The sample taken at exactly this time: RSS and CPU of one row share it.
[[nodiscard]] std::optional<double> value_at(const Series& series, std::int64_t at_ns);

}  // namespace tidemark::analysis
