#include "tidemark/analysis/rules.hpp"

#include <doctest/doctest.h>

using namespace tidemark;
using namespace tidemark::analysis;

namespace {

constexpr double mb = 1024.0 * 1024.0;

Rule parsed(std::string_view text) {
  auto rule = parse_rule(text);
  REQUIRE_MESSAGE(rule.has_value(), text);
  return *rule;
}

std::string refused(std::string_view text) {
  const auto rule = parse_rule(text);
  REQUIRE_MESSAGE(!rule.has_value(), text);
  CHECK(rule.error().code == base::ErrorCode::usage);
  return rule.error().detail;
}

bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Trend trend_of(double per_hour, double lower_per_hour, double upper_per_hour) {
  Trend trend;
  trend.medians = {.per_second = per_hour / 3600,
                   .lower_per_second = lower_per_hour / 3600,
                   .upper_per_second = upper_per_hour / 3600};
  trend.minima = trend.medians;
  trend.still_rising = per_hour > 0;
  return trend;
}

Findings subject(const std::string& name, double growth, double peak) {
  Findings findings;
  findings.kind = name.empty() ? SubjectKind::tree : SubjectKind::name;
  findings.name = name;
  findings.samples = 100;
  findings.levels.baseline = 100 * mb;
  findings.levels.peak.bytes = peak;
  findings.levels.end = 100 * mb + growth;
  findings.levels.growth_bytes = growth;
  findings.levels.growth_percent = growth / mb;
  findings.release.retained_bytes = growth;
  findings.release.share_percent = 100 * (peak - findings.levels.end) / (peak - 100 * mb);
  findings.verdict.kind = VerdictKind::steady;
  return findings;
}

Report a_report() {
  Report report;
  report.tree = subject("", 45 * mb, 400 * mb);
  report.names = {subject("worker.py", 30 * mb, 200 * mb), subject("web.py", 15 * mb, 200 * mb)};
  report.names[0].verdict.kind = VerdictKind::growing;
  report.names[0].trend = trend_of(60 * mb, 50 * mb, 70 * mb);
  report.names[0].cpu = CpuFindings{.peak_percent = 408.9};
  return report;
}

std::vector<RuleResult> judged(std::string_view text, const Report& report) { return judge({parsed(text)}, report); }

}  // namespace

TEST_CASE("rules as the issue writes them") {
  const Rule growth = parsed("growth>20MB");
  CHECK(growth.metric == RuleMetric::growth);
  CHECK(growth.comparison == Comparison::above);
  CHECK(growth.unit == RuleUnit::bytes);
  CHECK(growth.limit == 20 * mb);
  CHECK(growth.subject.empty());
  CHECK(growth.text == "growth>20MB");

  CHECK(parsed("slope>5MB/h").unit == RuleUnit::bytes_per_hour);
  CHECK(parsed("slope>5MB/h").limit == 5 * mb);
  CHECK(parsed("slope>1MB/min").limit == 60 * mb);
  CHECK(parsed("slope>24GB/day").limit == doctest::Approx(1024 * mb));
  CHECK(parsed("retained>30%").unit == RuleUnit::percent);
  CHECK(parsed("retained>30%").limit == 30);
  CHECK(parsed("retained>30MB").unit == RuleUnit::bytes);
  CHECK(parsed("peak>2GB").limit == 2048 * mb);
  CHECK(parsed("growth>10%").unit == RuleUnit::percent);
  CHECK(parsed("cpu_peak>300%").metric == RuleMetric::cpu_peak);
  CHECK(parsed("verdict=growing").verdict == VerdictKind::growing);
  CHECK(parsed("verdict=growing").unit == RuleUnit::verdict);
}

TEST_CASE("blanks, case and separators are forgiven") {
  CHECK(parsed(" growth >= 20 MB ").comparison == Comparison::at_least);
  CHECK(parsed(" growth >= 20 MB ").limit == 20 * mb);
  CHECK(parsed("growth<=1MB").comparison == Comparison::at_most);
  CHECK(parsed("growth<1MB").comparison == Comparison::below);
  CHECK(parsed("growth > -5 MB").limit == -5 * mb);
  CHECK(parsed("growth>0").limit == 0);
  CHECK(parsed("slope>0").unit == RuleUnit::bytes_per_hour);
  CHECK(parsed("CPU-Peak > 300 %").metric == RuleMetric::cpu_peak);
  for (const char* text : {"verdict=peak_retained", "verdict = peak-retained", "verdict == Peak Retained"})
    CHECK(parsed(text).verdict == VerdictKind::peak_retained);
}

TEST_CASE("a process name before the metric may hold anything") {
  CHECK(parsed("celery:growth>20MB").subject == "celery");
  CHECK(parsed("rq: worker 3 : growth > 20MB").subject == "rq: worker 3");
  CHECK(parsed("a=b>c:peak>1GB").subject == "a=b>c");
  CHECK(parsed("a=b>c:peak>1GB").metric == RuleMetric::peak);
  CHECK(says(refused(":growth>20MB"), "no process name"));
}

TEST_CASE("what is wrong is said with what exists") {
  const std::string unknown = refused("grwth>20MB");
  CHECK(says(unknown, "no metric 'grwth'"));
  CHECK(says(unknown, "growth, slope, retained, peak, cpu_peak, verdict"));
  CHECK(says(refused("growth"), "growth>20MB"));
  CHECK(says(refused(""), "no comparison"));
  CHECK(says(refused("growth>20"), "'20' is no limit for growth"));
  CHECK(says(refused("growth>5MB/h"), "growth>20MB or growth>10%"));
  CHECK(says(refused("slope>5MB"), "slope>5MB/h"));
  CHECK(says(refused("slope>5MB/week"), "'5MB/week' is no limit"));
  CHECK(says(refused("peak>50%"), "peak>2GB"));
  CHECK(says(refused("cpu_peak>300"), "cpu_peak>300%"));
  CHECK(says(refused("growth=20MB"), "compared with > or <"));
  CHECK(says(refused("verdict>growing"), "verdict=growing"));
  CHECK(says(refused("verdict=leaking"), "growing, peak_released, peak_retained, partly_released, steady, too_short"));
  for (const char* text :
       {"growth>", "growth>MB", "growth>nan%", "growth>inf%", "growth>1e9999%", "growth>--5MB", "growth>%"})
    CHECK_FALSE(refused(text).empty());
}

TEST_CASE("a rule is held against the tree and every name, worst first") {
  const auto results = judged("growth>20MB", a_report());
  REQUIRE(results.size() == 3);
  CHECK(results[0].subject.empty());
  CHECK(results[0].broken);
  CHECK(results[0].value == 45 * mb);
  CHECK(results[1].subject == "worker.py");
  CHECK(results[1].broken);
  CHECK(results[2].subject == "web.py");
  CHECK_FALSE(results[2].broken);
  CHECK_FALSE(results[2].undecided);
  CHECK(any_broken(results));
  CHECK_FALSE(any_broken(judged("growth>50MB", a_report())));
  CHECK(judged("growth<20MB", a_report())[0].subject == "web.py");
}

TEST_CASE("equality is the difference between > and >=") {
  CHECK_FALSE(judged("web.py:growth>15MB", a_report())[0].broken);
  CHECK(judged("web.py:growth>=15MB", a_report())[0].broken);
  CHECK_FALSE(judged("web.py:growth<15MB", a_report())[0].broken);
  CHECK(judged("web.py:growth<=15MB", a_report())[0].broken);
  CHECK(judged("web.py:growth>14%", a_report())[0].broken);
  CHECK_FALSE(judged("web.py:growth>15%", a_report())[0].broken);
}

TEST_CASE("a rule with a name looks at that name only, and says when it is not there") {
  const auto results = judged("web.py:growth>1MB", a_report());
  REQUIRE(results.size() == 1);
  CHECK(results[0].broken);
  const auto absent = judged("celery:growth>1MB", a_report());
  REQUIRE(absent.size() == 1);
  CHECK(absent[0].undecided);
  CHECK(absent[0].absent);
  CHECK(absent[0].subject == "celery");
  CHECK_FALSE(any_broken(absent));
}

TEST_CASE("noise breaks no slope rule") {
  Report report = a_report();
  CHECK(judged("worker.py:slope>50MB/h", report)[0].broken);
  CHECK(judged("worker.py:slope>50MB/h", report)[0].value == doctest::Approx(60 * mb));
  CHECK_FALSE(judged("worker.py:slope>61MB/h", report)[0].broken);
  report.names[0].trend = trend_of(60 * mb, -10 * mb, 130 * mb);
  CHECK_FALSE(judged("worker.py:slope>50MB/h", report)[0].broken);
  CHECK_FALSE(judged("worker.py:slope>50MB/h", report)[0].undecided);
  CHECK_FALSE(judged("worker.py:slope<100MB/h", report)[0].broken);
  CHECK(judged("worker.py:slope<131MB/h", report)[0].broken);
}

TEST_CASE("what a subject does not have is undecided, and comes last") {
  const auto results = judged("slope>5MB/h", a_report());
  REQUIRE(results.size() == 3);
  CHECK(results[0].subject == "worker.py");
  CHECK(results[0].broken);
  CHECK(results[1].undecided);
  CHECK_FALSE(results[1].absent);
  CHECK(judged("web.py:cpu_peak>300%", a_report())[0].undecided);
  CHECK(judged("worker.py:cpu_peak>300%", a_report())[0].broken);

  Report empty;
  CHECK(judged("peak>1MB", empty)[0].undecided);
}

TEST_CASE("retained is what did not come back; without a peak that is nothing") {
  Report report = a_report();
  const auto kept = judged("web.py:retained>14%", report);  // 15 of 100 MB
  CHECK(kept[0].value == doctest::Approx(15));
  CHECK(kept[0].broken);
  CHECK_FALSE(judged("web.py:retained>16%", report)[0].broken);
  CHECK(judged("web.py:retained>14MB", report)[0].broken);
  report.names[1].release.share_percent.reset();
  const auto none = judged("web.py:retained>0%", report);
  CHECK_FALSE(none[0].broken);
  CHECK_FALSE(none[0].undecided);
  CHECK(none[0].value == 0);
}

TEST_CASE("verdicts") {
  Report report = a_report();
  auto results = judged("verdict=growing", report);
  CHECK(results[0].subject == "worker.py");
  CHECK(results[0].broken);
  CHECK_FALSE(results[1].broken);
  report.tree.verdict.kind = VerdictKind::too_short;
  results = judged("verdict=growing", report);
  CHECK(results[2].undecided);
  CHECK(results[2].subject.empty());
  CHECK(judged("verdict=too_short", report)[0].broken);
  CHECK_FALSE(judged("verdict=too_short", report)[0].undecided);
}

TEST_CASE("several rules keep their order") {
  const auto results = judge({parsed("peak>1GB"), parsed("web.py:growth>1MB")}, a_report());
  REQUIRE(results.size() == 4);
  CHECK(results[0].rule.text == "peak>1GB");
  CHECK(results[3].rule.text == "web.py:growth>1MB");
  CHECK(results[3].broken);
}
