#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "detail/figures.hpp"
#include "report_examples.hpp"
#include "support.hpp"

using namespace tidemark::present;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Line ends and what indents after them are one space.
std::string unwrapped(const std::string& text) {
  std::string out;
  for (const char byte : text) {
    if (byte != '\n' && byte != ' ') out += byte;
    if ((byte == '\n' || byte == ' ') && !out.ends_with(' ')) out += ' ';
  }
  return out;
}

ReportView with(std::vector<tidemark::analysis::ObjectGrowth> objects) {
  ReportView view = examples::too_short();
  view.report.objects = std::move(objects);
  return view;
}

}  // namespace

TEST_CASE("a report without censuses says nothing of objects") {
  CHECK_FALSE(has(report_text(examples::too_short(), {}), "Objects"));
  CHECK(nlohmann::json::parse(report_json({examples::too_short()}))["recordings"][0]["objects"].empty());
}

TEST_CASE("the finding names the largest type that rises beyond chance, with its share of the growth") {
  const std::string text = unwrapped(report_text(with(examples::objects()), {}));
  CHECK(has(text, "celery[4951]: builtins.dict +2.8 MB (37 % of the growth of objects), +120,300 objects."));
  CHECK(has(text, "30 censuses from 1:00 to 30:00: all objects 18.5 MB to 25.2 MB, +120,412 objects."));
  CHECK(has(text, "builtins.bytes +3.0 40.0 +41 +3.0 may be chance"));
  CHECK(has(text, "shop.models.Order +0.03 0.4 +641 +0.06 rises"));
  CHECK(has(text, "11 more types grew, each by less."));
  CHECK(has(text, "celery[4952]: builtins.list +0.20 MB (100 % of the growth of objects), +2,000 objects."));
  CHECK(has(text, "celery[4953]: one census only, at 1:00; what grew shows between two."));
}

TEST_CASE("what may be chance is called so, and what did not grow is said, too") {
  auto objects = examples::objects();
  objects[0].types.resize(1);
  objects[1].types.clear();
  objects[1].grown_types = 0;
  const std::string text = unwrapped(report_text(with(objects), {}));
  CHECK(has(text,
            "celery[4951]: no type of objects rises beyond chance; most between the first and the last census: "
            "builtins.bytes +3.0 MB (40 % of the growth of objects), +41 objects."));
  CHECK(has(text, "celery[4952]: no type of objects grew."));
}

TEST_CASE("five processes are shown, and how many are not; all of them when asked for, and in JSON") {
  std::vector<tidemark::analysis::ObjectGrowth> objects(7, examples::objects()[1]);
  const ReportView view = with(objects);
  const std::string text = unwrapped(report_text(view, {}));
  CHECK(has(text, "Not shown, as their objects grew less: 2 processes (--all shows them)."));
  CHECK_FALSE(has(unwrapped(report_text(view, {.all = true})), "as their objects grew less"));
  const auto json = nlohmann::json::parse(report_json({view}))["recordings"][0]["objects"];
  CHECK(json.size() == 7);
}

TEST_CASE("JSON has the figures of each type") {
  const auto json = nlohmann::json::parse(report_json({with(examples::objects())}))["recordings"][0]["objects"];
  REQUIRE(json.size() == 3);
  CHECK(json[0]["censuses"] == 30);
  CHECK(json[0]["first_objects"] == 210'000);
  const auto& order = json[0]["types"][2];
  CHECK(order["type"] == "shop.models.Order");
  CHECK(order["growth_objects"] == 641);
  CHECK(order["share_percent"] == 0.4);
  CHECK(order["new"] == true);
  CHECK(order["rises"] == true);
  CHECK(order["slope"]["bins"] == 300);
  CHECK(json[0]["types"][0]["rises"] == false);
  CHECK(json[1]["types"][0]["rises"].is_null());  // too few censuses to tell
  CHECK(json[1]["types"][0]["slope"].is_null());
}

TEST_CASE("numbers of objects are grouped") {
  CHECK(detail::signed_count(0) == "+0");
  CHECK(detail::signed_count(999) == "+999");
  CHECK(detail::signed_count(1000) == "+1,000");
  CHECK(detail::signed_count(-120'300) == "-120,300");
  CHECK(detail::signed_count(1e12) == "+1,000,000,000,000");
}
