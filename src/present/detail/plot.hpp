// Purpose: a series as a small picture of characters: braille dots, or '*' in ASCII.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/analysis/series.hpp"
#include "tidemark/present/report.hpp"

namespace tidemark::present::detail {

struct PlotMark {
  char letter = ' ';
  std::int64_t at_ns = 0;
};

struct PlotView {
  analysis::Series series;  ///< bytes
  std::int64_t from_ns = 0, to_ns = 0;
  std::vector<PlotMark> marks;  ///< under the time axis; of two in one column the first is shown
};

inline constexpr std::size_t plot_columns = 72, plot_rows = 8;

/// The lowest and highest of the y axis: from 0 when the series spans more than half of its highest value, and never
/// less than a twentieth of it, so that noise does not fill the picture.
struct PlotRange {
  double low = 0, high = 0;
};
[[nodiscard]] PlotRange plot_range(const analysis::Series& series);

/// Lines of at most `style.width` columns; empty for fewer than two points or no time between them.
[[nodiscard]] std::string plot_lines(const PlotView& view, const TextStyle& style);

}  // namespace tidemark::present::detail
