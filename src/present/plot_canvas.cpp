#include <algorithm>
#include <array>
#include <cmath>

#include "detail/canvas.hpp"

namespace tidemark::present::detail {
namespace {

/// Bits of U+2800…U+28FF: [column][row from the top].
constexpr std::array<std::array<unsigned, 4>, 2> braille_bits{{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};

void append_braille(std::string& out, unsigned dots) {
  out += '\xe2';
  out += static_cast<char>(0xa0U | (dots >> 6U));
  out += static_cast<char>(0x80U | (dots & 0x3fU));
}

}  // namespace

Canvas::Canvas(std::size_t columns, std::size_t rows, bool ascii)
    : columns_(columns),
      rows_(rows),
      ascii_(ascii),
      dots_across_(ascii ? 1 : 2),
      dots_up_(ascii ? 1 : 4),
      cells_(columns * rows, 0) {}

void Canvas::set(std::size_t x, std::size_t y) {
  if (x >= width() || y >= height()) return;
  const std::size_t from_top = height() - 1 - y;
  cells_[from_top / dots_up_ * columns_ + x / dots_across_] |= braille_bits[x % dots_across_][from_top % dots_up_];
}

void Canvas::line(std::size_t from_x, std::size_t from_y, std::size_t to_x, std::size_t to_y) {
  const double dx = static_cast<double>(to_x) - static_cast<double>(from_x);
  const double dy = static_cast<double>(to_y) - static_cast<double>(from_y);
  const auto steps = static_cast<std::size_t>(std::max(std::abs(dx), std::abs(dy)));
  for (std::size_t i = 0; i <= steps; ++i) {
    const double share = steps == 0 ? 0 : static_cast<double>(i) / static_cast<double>(steps);
    set(static_cast<std::size_t>(std::lround(static_cast<double>(from_x) + share * dx)),
        static_cast<std::size_t>(std::lround(static_cast<double>(from_y) + share * dy)));
  }
}

std::string Canvas::row(std::size_t number) const {
  std::string out;
  for (std::size_t column = 0; column < columns_; ++column) {
    const unsigned dots = cells_[number * columns_ + column];
    if (ascii_ || dots == 0)
      out += dots == 0 ? ' ' : '*';
    else
      append_braille(out, dots);
  }
  return out;
}

}  // namespace tidemark::present::detail
