// Whole outputs, byte for byte, in tests/unit/present/golden. TIDEMARK_RENEW_GOLDEN=1 writes them anew: read the diff.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace tidemark::present {

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

/// The first lines that differ, as a diff shows them.
inline std::string first_difference(const std::string& expected, const std::string& actual) {
  std::istringstream left(expected);
  std::istringstream right(actual);
  std::string left_line;
  std::string right_line;
  for (int line = 1;; ++line) {
    const bool has_left = static_cast<bool>(std::getline(left, left_line));
    const bool has_right = static_cast<bool>(std::getline(right, right_line));
    if (!has_left && !has_right) return "only the last newline differs";
    if (has_left == has_right && left_line == right_line) continue;
    return "line " + std::to_string(line) + "\n-" + (has_left ? left_line : "(end)") + "\n+" +
           (has_right ? right_line : "(end)");
  }
}

inline void check_golden(const std::string& name, const std::string& actual) {
  const auto path = std::filesystem::path(TIDEMARK_SOURCE_DIR) / "tests/unit/present/golden" / name;
  if (std::getenv("TIDEMARK_RENEW_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  const std::string expected = content_of(path);
  CHECK_MESSAGE(expected == actual, name, ": ", first_difference(expected, actual),
                "\nIf this is as it should be: TIDEMARK_RENEW_GOLDEN=1 tidemark_present_test");
}

}  // namespace tidemark::present
