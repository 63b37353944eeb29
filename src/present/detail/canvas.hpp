// Purpose: dots on a grid of characters. Invariant: a dot outside is not drawn.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tidemark::present::detail {

class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t rows, bool ascii);

  /// Dots across and up: 2 x 4 in a braille character, 1 x 1 in ASCII.
  [[nodiscard]] std::size_t width() const { return columns_ * dots_across_; }
  [[nodiscard]] std::size_t height() const { return rows_ * dots_up_; }

  /// (0, 0) is at the bottom left.
  void set(std::size_t x, std::size_t y);
  /// A line that leaves no gap, whatever its steepness.
  void line(std::size_t from_x, std::size_t from_y, std::size_t to_x, std::size_t to_y);

  /// A row of characters, the highest first.
  [[nodiscard]] std::string row(std::size_t number) const;

 private:
  std::size_t columns_, rows_;
  bool ascii_;
  std::size_t dots_across_, dots_up_;
  std::vector<unsigned> cells_;  ///< the dots of each character, in braille's order of bits
};

}  // namespace tidemark::present::detail
