// Purpose: order statistics in linear time.
#pragma once

#include <span>

namespace tidemark::analysis::detail {

/// Median (mean of the middle two when even); reorders. NaN for an empty span.
[[nodiscard]] double median_of(std::span<double> values);

}  // namespace tidemark::analysis::detail
