// Whole reports, byte for byte (golden_file.hpp).
#include "golden_file.hpp"
#include "report_examples.hpp"

using namespace tidemark::present;

namespace {

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
