// Purpose: the period of a regular up and down (garbage collector, waves of requests), when there is one.
#pragma once

#include <optional>

#include "tidemark/analysis/series.hpp"

namespace tidemark::analysis::detail {

/// Fewer whole periods cannot carry a trend: Mann-Kendall of four values is never significant at 5 %.
inline constexpr std::size_t fewest_periods = 5;

/// In nanoseconds; of samples already cut to the stretch looked at.
[[nodiscard]] std::optional<double> find_period(const Series& samples);

}  // namespace tidemark::analysis::detail
