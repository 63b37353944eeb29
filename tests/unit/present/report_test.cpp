#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "compare_examples.hpp"
#include "report_examples.hpp"
#include "support.hpp"

using namespace tidemark;
using namespace tidemark::present;
using examples::mb;
using examples::second;

namespace {

bool has(const std::string& text, const std::string& piece) { return text.find(piece) != std::string::npos; }

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::vector<ReportView> all_examples() {
  return {examples::growing(), examples::peak_released(), examples::too_short(),
          examples::empty(),   examples::recycled(),      examples::hostile()};
}

/// A report of one process with this verdict.
std::string sentence_of(const analysis::Findings& findings) {
  ReportView view = examples::too_short();
  view.report.tree = findings;
  view.report.names.clear();
  view.rules.clear();
  const std::string text = report_text(view, {.width = 400});
  const std::size_t from = text.find("\n\n") + 2;
  return text.substr(from, text.find('\n', from) - from);
}

analysis::Findings with_verdict(analysis::VerdictKind kind) {
  auto findings = examples::findings(analysis::SubjectKind::tree, "", {100, 100, 361.5, 361.5}, kind, 730 * second);
  findings.release = {.retained_bytes = 261.5 * mb, .share_percent = 1, .last_part_percent = 62.5, .back_after_ns = {}};
  return findings;
}

void collect_keys(const nlohmann::json& json, std::set<std::string>& keys) {
  if (json.is_array()) {
    for (const auto& element : json) collect_keys(element, keys);
  }
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) {
    keys.insert(key);
    if (key != "fields") collect_keys(value, keys);  // the user's own keys
  }
}

std::string json_chapter() {
  std::ifstream file(std::string(TIDEMARK_SOURCE_DIR) + "/docs/report.md");
  std::ostringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  const std::size_t from = text.find("\n## JSON");
  REQUIRE(from != std::string::npos);
  const std::size_t end = text.find("\n## ", from + 1);
  return text.substr(from, end == std::string::npos ? end : end - from);
}

/// Every `key` in the first column of the chapter's tables.
std::set<std::string> documented_keys() {
  std::set<std::string> keys;
  std::istringstream lines(json_chapter());
  const std::regex key("`([a-z0-9_]+)`");
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string cell = line.substr(0, line.find('|', 1));
    for (std::sregex_iterator match(cell.begin(), cell.end(), key), end; match != end; ++match) {
      keys.insert((*match)[1].str());
    }
  }
  return keys;
}

}  // namespace

TEST_CASE("no line of text is wider than the screen, whatever the names and sizes") {
  for (const auto& view : all_examples()) {
    for (const bool ascii : {false, true}) {
      for (const bool all : {false, true}) {
        CHECK(widest_line(report_text(view, {.ascii = ascii, .all = all})) <= 80);
        CHECK(widest_line(report_text(view, {.width = 60, .ascii = ascii, .all = all})) <= 60);
      }
    }
  }
}

TEST_CASE("ASCII means ASCII, and without colour no escape reaches the terminal") {
  for (auto view : {examples::growing(), examples::peak_released(), examples::recycled()}) {
    const std::string text = report_text(view, {.ascii = true});
    CHECK(std::all_of(text.begin(), text.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x80; }));
  }
  for (const auto& view : all_examples()) {
    const std::string text = report_text(view, {});
    CHECK(std::all_of(text.begin(), text.end(),
                      [](char byte) { return static_cast<unsigned char>(byte) >= 0x20 || byte == '\n'; }));
  }
  CHECK(has(report_text(examples::growing(), {.colour = true}), "\x1b[1mGrowing\x1b[0m: 15.2 MB/h"));
}

TEST_CASE("no line ends in a space, and no two empty lines follow each other") {
  for (const auto& view : all_examples()) {
    const std::string text = report_text(view, {});
    CHECK_FALSE(has(text, " \n"));
    CHECK_FALSE(has(text, "\n\n\n"));
  }
}

TEST_CASE("each verdict has its sentence") {
  using analysis::VerdictKind;
  CHECK(sentence_of(with_verdict(VerdictKind::steady)) == "Steady: +261.5 MB since the baseline of 100.0 MB.");
  CHECK(sentence_of(with_verdict(VerdictKind::partly_released)) ==
        "Partly released: 62 % of 261.5 MB came back; 261.5 MB retained at the end.");
  CHECK(sentence_of(with_verdict(VerdictKind::peak_retained)) ==
        "Peak retained: 62 % of 261.5 MB was back over the last 25 % of the time; 261.5 MB retained at the end.");
  CHECK(sentence_of(with_verdict(VerdictKind::peak_released)) == "Peak released: 62 % of 261.5 MB came back.");
  auto growing = with_verdict(VerdictKind::growing);
  growing.trend = examples::trend(0.25, 0.125, 0.5, 730 * second);
  CHECK(sentence_of(growing) ==
        "Growing: 0.25 MB/h (95 %: 0.12 to 0.50 MB/h), +261.5 MB since the baseline of 100.0 MB.");
  auto short_one = with_verdict(VerdictKind::too_short);
  CHECK(sentence_of(short_one) == "Too short to tell: too few of the 730 samples lie after warm-up.");
  short_one.samples = 1;
  CHECK(sentence_of(short_one) == "Too short to tell: 1 sample; 30 are needed.");
}

TEST_CASE("the thresholds shown are those in force") {
  ReportView view = examples::growing();
  view.report.settings.thresholds.growth_percent = 7.5;
  view.report.tree.verdict.growth_threshold_bytes = 7.6 * mb;
  CHECK(has(report_text(view, {.width = 400}), "above 7.6 MB (the larger of 7.5 % of the baseline and 4.0 MB)"));
}

TEST_CASE("a thousand workers stay one screen; --all shows them") {
  const ReportView view = examples::recycled();
  CHECK(lines_of(report_text(view, {})) < 55);
  CHECK(has(report_text(view, {}), "Not shown, as they grew less: 995 single processes (--all shows them)."));
  const std::string all = report_text(view, {.all = true});
  CHECK(lines_of(all) > 1000);
  CHECK(has(all, "celery[100999]"));
  CHECK_FALSE(has(all, "Not shown"));
  CHECK(has(all, "job 47"));
}

TEST_CASE("phases of names come with --all") {
  CHECK_FALSE(has(report_text(examples::growing(), {}), "Phases of celery"));
  CHECK(has(report_text(examples::growing(), {.all = true}), "Phases of celery, MB"));
}

TEST_CASE("a worse part of a steady whole is named") {
  const std::string text = report_text(examples::recycled(), {.width = 400});
  CHECK(has(text, "Worse than the whole is celery[100000]. Growing: 1500.0 MB/h"));
  CHECK(has(text, "So are 2 more."));
}

TEST_CASE("the forecast says what is known of the limit, and no more") {
  ReportView view = examples::growing();
  auto& forecast = *view.report.forecast;
  CHECK(
      has(report_text(view, {.width = 400}),
          "the limit of 512.0 MB of the cgroup is reached in 13 h (95 %: 12 h to 14 h), around 2026-11-21 19:37 UTC."));
  forecast.latest_hours = std::nullopt;
  CHECK(has(report_text(view, {.width = 400}), "is reached in 13 h (12 h at the earliest)"));
  forecast.hours = 1000;
  CHECK(has(report_text(view, {.width = 400}), "is reached in 42 days (12 h at the earliest)."));
  forecast.now_bytes = 600 * mb;
  CHECK(has(report_text(view, {.width = 400}), "is already past the limit of 512.0 MB of the cgroup."));
  forecast.limit_bytes = std::nullopt;
  CHECK(has(report_text(view, {.width = 400}), "No limit is known (--limit sets one)."));
}

TEST_CASE("processes that no tick saw are mentioned") {
  ReportView view = examples::growing();
  REQUIRE(view.report.end);
  view.report.end->short_lived = 3;
  CHECK(has(report_text(view, {}), "3 processes lived only between two ticks and have no row."));
}

TEST_CASE("rules: passed, failed, not judged") {
  ReportView view = examples::growing();
  CHECK(has(report_text(view, {}), "Failed: growth>5MB: celery has 7.6 MB."));
  CHECK(has(report_text(view, {}), "Not judged: rq:growth>5MB: rq: no process has this name."));
  view.rules.resize(3);
  view.rules[0].broken = view.rules[1].broken = false;
  CHECK(has(report_text(view, {}), "\n  Passed: growth>5MB.\n"));
  view.rules[2].rule.text = "peak>2GB";
  CHECK(has(report_text(view, {}), "\n  Passed: growth>5MB.\n  Passed: peak>2GB.\n"));
  view.rules[1].undecided = true;
  CHECK(has(report_text(view, {}), "\n  Passed: growth>5MB. Too short to tell for 1 of 2 names.\n"));
  view.rules.clear();
  CHECK_FALSE(has(report_text(view, {}), "Rules"));
}

TEST_CASE("JSON: unset is null, whole numbers are whole, text is valid UTF-8, and all processes are there") {
  const auto growing = nlohmann::json::parse(report_json({examples::growing()}));
  const auto& recording = growing["recordings"][0];
  CHECK(growing["schema"] == 1);
  CHECK(growing["tool"] == "tidemark 0.1.0");
  CHECK(recording["tree"]["vm_hwm_bytes"].is_null());
  CHECK(recording["names"][1]["vm_hwm_bytes"] == 47 * 1024 * 1024);
  CHECK(recording["tree"]["trend"]["medians"]["bytes_per_hour"].get<double>() == doctest::Approx(15.2 * mb));
  CHECK(recording["tree"]["verdict"]["sentence"] ==
        "Growing: 15.2 MB/h (95 %: 14.1 to 16.3 MB/h), +7.6 MB since the baseline of 101.3 MB.");
  CHECK(recording["phases"][0]["phases"][1]["fields"]["file"] == "short.wav");
  CHECK(recording["rules"][0]["broken"] == true);
  CHECK(recording["rules"][3]["value"].is_null());
  CHECK(recording["processes"][1]["trend"].is_null());
  CHECK(recording["processes"][1]["verdict"]["growth_medians_bytes"].is_null());
  CHECK(recording["started"] == "2026-11-21T05:53:00Z");

  const auto recycled = nlohmann::json::parse(report_json({examples::recycled(), examples::empty()}));
  CHECK(recycled["recordings"][0]["processes"].size() == 1000);
  CHECK(recycled["recordings"][1]["tree"].is_null());
  const auto hostile = nlohmann::json::parse(report_json({examples::hostile()}));
  CHECK(hostile["recordings"][0]["notes"][1] == "Control \\x1b[2J bytes and \\xff.");
}

TEST_CASE("JSON: no number stands for what is none") {
  ReportView view = examples::too_short();
  view.report.tree.levels.baseline = std::nan("");
  view.report.tree.levels.end = HUGE_VAL;
  const auto tree = nlohmann::json::parse(report_json({view}))["recordings"][0]["tree"];
  CHECK(tree["baseline_bytes"].is_null());
  CHECK(tree["end_bytes"].is_null());
}

TEST_CASE("docs/report.md names every key of the JSON, and no other") {
  std::set<std::string> keys;
  collect_keys(nlohmann::json::parse(report_json({examples::growing(), examples::peak_released()})), keys);
  collect_keys(nlohmann::json::parse(compare_json(examples::the_fix())), keys);
  const auto documented = documented_keys();
  for (const auto& key : keys) CHECK_MESSAGE(documented.contains(key), "not documented: ", key);
  for (const auto& key : documented) CHECK_MESSAGE(keys.contains(key), "documented, but not there: ", key);
}
