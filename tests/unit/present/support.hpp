// Purpose: what the tests of several presenters need.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>

#include "tidemark/present/units.hpp"

namespace tidemark::present {

inline std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::size_t widest = 0;
  while (std::getline(lines, line)) widest = std::max(widest, display_columns(line));
  return widest;
}

}  // namespace tidemark::present
