// Whole reports, byte for byte, in tests/unit/present/golden. TIDEMARK_RENEW_GOLDEN=1 writes them anew: read the diff.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "report_examples.hpp"

using namespace tidemark::present;

namespace {

const std::filesystem::path golden = std::filesystem::path(TIDEMARK_SOURCE_DIR) / "tests/unit/present/golden";

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

/// The first lines that differ, as a diff shows them.
std::string first_difference(const std::string& expected, const std::string& actual) {
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

void check_golden(const std::string& name, const std::string& actual) {
  const auto path = golden / name;
  if (std::getenv("TIDEMARK_RENEW_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  const std::string expected = content_of(path);
  CHECK_MESSAGE(expected == actual, name, ": ", first_difference(expected, actual),
                "\nIf this is as it should be: TIDEMARK_RENEW_GOLDEN=1 tidemark_present_test");
}

void check_all(const std::string& name, const ReportView& view) {
  check_golden(name + ".txt", report_text(view, {}));
  check_golden(name + ".md", report_markdown(view, {}));
  check_golden(name + ".json", report_json({view}));
}

}  // namespace

TEST_CASE("golden: a web server that grows, with phases, forecast and broken rules") {
  check_all("growing", examples::growing());
}

TEST_CASE("golden: a peak that was released") { check_all("peak_released", examples::peak_released()); }

TEST_CASE("golden: too short to tell") { check_all("too_short", examples::too_short()); }

TEST_CASE("golden: a recording without samples") { check_all("empty", examples::empty()); }

TEST_CASE("golden: a thousand recycled workers on one screen") {
  check_golden("recycled.txt", report_text(examples::recycled(), {}));
  check_golden("recycled.md", report_markdown(examples::recycled(), {}));
}

TEST_CASE("golden: hostile names and huge sizes in ASCII") {
  check_golden("hostile.txt", report_text(examples::hostile(), {.ascii = true}));
  check_golden("hostile.md", report_markdown(examples::hostile(), {}));
}
