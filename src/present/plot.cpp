#include "detail/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "detail/canvas.hpp"
#include "detail/figures.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

constexpr std::size_t indent = 2;

struct Axes {
  PlotRange range;
  std::int64_t from_ns = 0, to_ns = 0;

  [[nodiscard]] double across(std::int64_t at_ns) const {
    return std::clamp(static_cast<double>(at_ns - from_ns) / static_cast<double>(to_ns - from_ns), 0.0, 1.0);
  }
  [[nodiscard]] double up(double value) const { return (value - range.low) / (range.high - range.low); }
};

/// The number of the dot or column at this share of `count`.
std::size_t at_share(double share, std::size_t count) {
  return static_cast<std::size_t>(std::lround(share * static_cast<double>(count - 1)));
}

void draw(Canvas& canvas, const analysis::Series& series, const Axes& axes) {
  std::size_t last_x = 0;
  std::size_t last_y = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const std::size_t x = at_share(axes.across(series.elapsed_ns[i]), canvas.width());
    const std::size_t y = at_share(axes.up(series.values[i]), canvas.height());
    canvas.line(i == 0 ? x : last_x, i == 0 ? y : last_y, x, y);
    last_x = x;
    last_y = y;
  }
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

/// What the highest, one near the middle and the lowest row stand for.
std::array<std::string, plot_rows> row_labels(const PlotRange& range) {
  std::array<std::string, plot_rows> labels;
  for (const std::size_t row : {std::size_t{0}, plot_rows / 2, plot_rows - 1}) {
    const double share = static_cast<double>(row) / static_cast<double>(plot_rows - 1);
    labels[row] = mb_cell(range.high - (range.high - range.low) * share);
  }
  return labels;
}

/// Text within a line of spaces, from this column on as far as it goes.
void put(std::string& line, std::size_t column, const std::string& text) {
  if (column + text.size() > line.size()) column = line.size() - std::min(line.size(), text.size());
  line.replace(column, std::min(text.size(), line.size() - column), text);
}

std::string trimmed(std::string line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + "\n";
}

std::string letters_line(const PlotView& view, const Axes& axes, std::size_t columns) {
  std::string line(columns, ' ');
  for (const auto& mark : view.marks) {
    char& cell = line[at_share(axes.across(mark.at_ns), columns)];
    if (cell == ' ') cell = mark.letter;
  }
  return line;
}

std::string times_line(const Axes& axes, std::size_t columns) {
  std::string line(columns, ' ');
  put(line, 0, duration(axes.from_ns));
  const std::string middle = duration(axes.from_ns + (axes.to_ns - axes.from_ns) / 2);
  put(line, columns / 2 - std::min(columns / 2, middle.size() / 2), middle);
  put(line, columns, duration(axes.to_ns));
  return line;
}

}  // namespace

PlotRange plot_range(const analysis::Series& series) {
  if (series.empty()) return {};
  const auto [lowest, highest] = std::minmax_element(series.values.begin(), series.values.end());
  const double high = std::max(*highest, 1.0);
  if (*lowest < high / 2) return {.low = 0, .high = high};
  constexpr double smallest_share = 0.05;
  return {.low = std::min(*lowest, high * (1 - smallest_share)), .high = high};
}

std::string plot_lines(const PlotView& view, const TextStyle& style) {
  if (view.series.size() < 2 || view.to_ns <= view.from_ns) return {};
  const Axes axes{.range = plot_range(view.series), .from_ns = view.from_ns, .to_ns = view.to_ns};
  const std::array<std::string, plot_rows> labels_of_rows = row_labels(axes.range);
  std::size_t labels = 0;
  for (const auto& label : labels_of_rows) labels = std::max(labels, label.size());
  if (style.width < indent + labels + 2 + 10) return {};
  const std::size_t columns = std::min(plot_columns, style.width - indent - labels - 2);

  Canvas canvas(columns, plot_rows, style.ascii);
  draw(canvas, view.series, axes);
  std::string out;
  for (std::size_t row = 0; row < plot_rows; ++row) {
    out += trimmed(std::string(indent, ' ') + right(labels_of_rows[row], labels) + (style.ascii ? " |" : " │") +
                   canvas.row(row));
  }
  const std::string margin(indent + labels + 2, ' ');
  out += std::string(indent + labels + 1, ' ') + (style.ascii ? "+" : "└");
  for (std::size_t i = 0; i < columns; ++i) out += style.ascii ? "-" : "─";
  out += "\n";
  if (!view.marks.empty()) out += trimmed(margin + letters_line(view, axes, columns));
  return out + trimmed(margin + times_line(axes, columns));
}

void add_plot(Document& document, const ReportView& view, const TextStyle& style) {
  const auto& report = view.report;
  PlotView plot{.series = report.plot, .from_ns = report.from_ns, .to_ns = report.to_ns, .marks = {}};
  if (!report.phases.empty()) {
    const auto shown = shown_phases(report.phases.front(), style);
    for (std::size_t i = 0; i < shown.size() && !phase_letter(i).empty(); ++i) {
      plot.marks.push_back({.letter = phase_letter(i).front(), .at_ns = shown[i]->span.from_ns});
    }
  }
  std::string lines = plot_lines(plot, style);
  if (lines.empty()) return;
  document.emplace_back(Heading{plot.marks.empty() ? "RSS, MB" : "RSS, MB (letters: where the phases below begin)"});
  document.emplace_back(Drawing{std::move(lines)});
}

}  // namespace tidemark::present::detail
