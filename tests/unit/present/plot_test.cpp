#include "detail/plot.hpp"

#include <doctest/doctest.h>

#include "detail/canvas.hpp"
#include "support.hpp"

using namespace tidemark::present;
using namespace tidemark::present::detail;

namespace {

constexpr double mb = 1024.0 * 1024.0;
constexpr std::int64_t second = 1'000'000'000;

PlotView a_ramp() {
  PlotView view{.series = {}, .from_ns = 0, .to_ns = 100 * second, .marks = {}};
  for (std::int64_t i = 0; i <= 100; ++i) view.series.add(i * second, static_cast<double>(i) * mb);
  return view;
}

}  // namespace

TEST_CASE("braille: each dot is where Unicode has it") {
  Canvas canvas(1, 1, false);
  CHECK(canvas.row(0) == " ");
  canvas.set(0, 0);
  CHECK(canvas.row(0) == "⡀");
  canvas.set(1, 3);
  CHECK(canvas.row(0) == "⡈");
  canvas.set(2, 0);
  canvas.set(0, 4);
  CHECK(canvas.row(0) == "⡈");
  for (std::size_t x = 0; x < 2; ++x) canvas.line(x, 0, x, 3);
  CHECK(canvas.row(0) == "⣿");
}

TEST_CASE("a line leaves no gap") {
  Canvas canvas(3, 3, true);
  canvas.line(0, 0, 2, 2);
  CHECK(canvas.row(0) == "  *");
  CHECK(canvas.row(1) == " * ");
  CHECK(canvas.row(2) == "*  ");
  Canvas steep(2, 3, true);
  steep.line(0, 2, 0, 0);
  CHECK(steep.row(0) + steep.row(1) + steep.row(2) == "* * * ");
}

TEST_CASE("a ramp, with its axes and marks") {
  PlotView view = a_ramp();
  view.marks = {{'A', 0}, {'B', 50 * second}, {'C', 50 * second}, {'D', 100 * second}};
  CHECK(plot_lines(view, {.width = 41, .ascii = true}) ==
        "  100.0 |                             ***\n"
        "        |                        ******\n"
        "        |                    *****\n"
        "        |                *****\n"
        "   42.9 |           *****\n"
        "        |       *****\n"
        "        |  ******\n"
        "    0.0 |***\n"
        "        +--------------------------------\n"
        "         A               B              D\n"
        "         0.0 s        50.0 s         1:40\n");
  CHECK(widest_line(plot_lines(view, {})) == 80);
  CHECK(widest_line(plot_lines(view, {.width = 200})) < 90);
}

TEST_CASE("noise does not fill the picture, and what is large starts at 0") {
  tidemark::analysis::Series series;
  series.add(0, 100 * mb);
  series.add(1, 100.5 * mb);
  CHECK(plot_range(series).low == doctest::Approx(100.5 * 0.95 * mb));
  CHECK(plot_range(series).high == 100.5 * mb);
  series.add(2, 150 * mb);
  CHECK(plot_range(series).low == 100 * mb);
  series.add(3, 300 * mb);
  CHECK(plot_range(series).low == 0);
}

TEST_CASE("nothing to draw is no picture") {
  CHECK(plot_lines({}, {}).empty());
  PlotView view = a_ramp();
  view.to_ns = view.from_ns;
  CHECK(plot_lines(view, {}).empty());
  CHECK(plot_lines(a_ramp(), {.width = 12}).empty());
}

TEST_CASE("points outside the time and values that never move are drawn at the edge") {
  PlotView view{.series = {}, .from_ns = 0, .to_ns = second, .marks = {{'A', -5 * second}, {'B', 9 * second}}};
  view.series.add(-second, 0);
  view.series.add(5 * second, 0);
  const std::string lines = plot_lines(view, {.width = 30, .ascii = true});
  CHECK(lines.find("A" + std::string(21, ' ') + "B") != std::string::npos);
  CHECK(lines.find("0.0 |**********************") != std::string::npos);
}
