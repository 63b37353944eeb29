#include <doctest/doctest.h>

#include "analysis/series_support.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
using namespace tidemark::analysis::test;

namespace {

Findings findings_of(Series rss, const Settings& settings = {}, const std::vector<PhaseSpan>& phases = {}) {
  auto findings = find(memory_of(std::move(rss)), phases, settings);
  REQUIRE(findings);
  return *findings;
}

/// A little up and down that is no change.
double ripple(double at) { return std::fmod(at * 7, 5) / 50; }

}  // namespace

TEST_CASE("no samples, no findings") { CHECK_FALSE(find(MemorySeries{}, {}, {})); }

TEST_CASE("baseline: the first 5 % of the samples after a tenth of the time; end: the last 5 %") {
  const Findings findings = findings_of(every_second(1000, [](double at) { return at; }));
  CHECK(findings.levels.baseline_samples == 45);  // of the 900 from second 100 on
  CHECK(seconds(findings.levels.baseline_from_ns) == 100);
  CHECK(printed_mb(findings.levels.baseline) == 122);  // 100 .. 144
  CHECK(printed_mb(findings.levels.end) == 997);       // after the peak, at least 5: 995 .. 999
  CHECK(printed_mb(findings.levels.start) == 0);
  CHECK(printed_mb(findings.levels.growth_bytes) == 875);
}

TEST_CASE("baseline: given warm-up and given phase") {
  const Series series = every_second(200, [](double at) { return at < 50 ? 10 : 30 + std::floor(at / 100); });
  Settings settings;
  settings.warm_up_ns = ns(120);
  CHECK(printed_mb(findings_of(series, settings).levels.baseline) == 31);
  settings.warm_up_ns = ns(4000);  // longer than it lived
  CHECK(printed_mb(findings_of(series, settings).levels.baseline) == 10);
  CHECK(findings_of(series, settings).verdict.kind == VerdictKind::too_short);

  settings = {};
  settings.baseline_phase = "idle";
  const std::vector<PhaseSpan> phases{{.label = "load", .fields = {}, .from_ns = 0, .to_ns = ns(49)},
                                      {.label = "idle", .fields = {}, .from_ns = ns(60), .to_ns = ns(80)}};
  const Levels levels = findings_of(series, settings, phases).levels;
  CHECK(printed_mb(levels.baseline) == 30);
  CHECK(levels.baseline_samples == 21);
  CHECK(seconds(levels.baseline_to_ns) == 80);
  settings.baseline_phase = "elsewhere";  // the subject has no sample in it
  CHECK(printed_mb(findings_of(series, settings, phases).levels.baseline) == 10);
}

TEST_CASE("under 30 samples: first and last sample, and too short to tell however it looks") {
  const Findings findings = findings_of(every_second(29, [](double at) { return 100 + 10 * at; }));
  CHECK(printed_mb(findings.levels.baseline) == 100);
  CHECK(printed_mb(findings.levels.end) == 380);
  CHECK(*findings.levels.growth_percent == doctest::Approx(280));
  CHECK(findings.verdict.kind == VerdictKind::too_short);
  CHECK_FALSE(findings.trend);
}

TEST_CASE("a single sample says what it can") {
  const Findings findings = findings_of(series_mb({{3, 50}}));
  CHECK(printed_mb(findings.levels.peak.bytes) == 50);
  CHECK(findings.levels.growth_bytes == 0);
  CHECK_FALSE(findings.release.share_percent);
  CHECK(findings.moments.size() == 1);
}

TEST_CASE("a leak is growing; it wins over a peak that is not given back") {
  const Findings findings = findings_of(every_second(600, [](double at) { return 100 + at / 10 + ripple(at); }));
  CHECK(findings.verdict.kind == VerdictKind::growing);
  CHECK(findings.verdict.growth_threshold_bytes == 4 * mb);
  CHECK(findings.verdict.growth_medians_bytes / mb == doctest::Approx(54).epsilon(0.02));
}

TEST_CASE("growth under the threshold is none; the threshold is the larger of percent and bytes") {
  const auto slow = [](double at) { return 100 + at / 200 + ripple(at); };  // 3 MB in 600 s
  CHECK(findings_of(every_second(600, slow)).verdict.kind == VerdictKind::steady);
  Settings settings;
  settings.thresholds.growth_bytes = mb;
  CHECK(findings_of(every_second(600, slow), settings).verdict.kind == VerdictKind::growing);
  settings.thresholds.growth_percent = 5;
  const Findings findings = findings_of(every_second(600, slow), settings);
  CHECK(findings.verdict.kind == VerdictKind::steady);
  CHECK(findings.verdict.growth_threshold_bytes == doctest::Approx(5 * mb).epsilon(0.01));
}

TEST_CASE("growth of the tops alone, above a floor that stays, is none") {
  const auto tops = [](double at) { return std::fmod(at, 6) < 2 ? 50 + at / 900 : 100 + at / 30; };
  const Findings findings = findings_of(every_second(1800, tops));
  CHECK(findings.verdict.growth_medians_bytes > findings.verdict.growth_threshold_bytes);
  CHECK(findings.verdict.growth_minima_bytes < findings.verdict.growth_threshold_bytes);
  CHECK(findings.verdict.kind != VerdictKind::growing);
}

TEST_CASE("release by the end and over the last part are two figures; the verdict goes by the longer") {
  const Findings findings = findings_of(every_second(1000, [](double at) {
    return (at < 200 ? 100 : at < 300 ? 500 : at < 940 ? 400 : 100) + ripple(at);
  }));
  CHECK(*findings.release.share_percent == doctest::Approx(100).epsilon(0.01));
  CHECK(*findings.release.last_part_percent == doctest::Approx(25).epsilon(0.01));
  CHECK(findings.verdict.kind == VerdictKind::peak_retained);
}

TEST_CASE("what of a peak came back by the last part of the time decides") {
  const auto with_end = [](double end_mb) {
    return every_second(600, [end_mb](double at) {
      const double level = at < 200 ? 100 : at < 300 ? 500 : end_mb;
      return level + ripple(at);
    });
  };
  const Findings released = findings_of(with_end(110));
  CHECK(released.verdict.kind == VerdictKind::peak_released);
  CHECK(*released.release.share_percent == doctest::Approx(97.5).epsilon(0.01));
  CHECK(seconds(*released.release.back_after_ns) == doctest::Approx(100).epsilon(0.03));
  const Findings partly = findings_of(with_end(250));
  CHECK(partly.verdict.kind == VerdictKind::partly_released);
  CHECK(*partly.release.last_part_percent == doctest::Approx(62.5).epsilon(0.01));
  CHECK_FALSE(partly.release.back_after_ns);
  const Findings retained = findings_of(with_end(350));
  CHECK(retained.verdict.kind == VerdictKind::peak_retained);
  CHECK(printed_mb(retained.release.retained_bytes) == doctest::Approx(250).epsilon(0.01));
}

TEST_CASE("a peak that begins within the last part of the time is judged by what follows it") {
  for (const double jump_at : {480.0, 590.0}) {
    const Findings findings =
        findings_of(every_second(600, [jump_at](double at) { return (at < jump_at ? 100 : 500) + ripple(at); }));
    CHECK(findings.verdict.kind == VerdictKind::peak_retained);
    CHECK(printed_mb(findings.levels.end) == doctest::Approx(500).epsilon(0.01));
  }
}

TEST_CASE("one high sample at the end is noise, not a retained peak") {
  const Findings findings =
      findings_of(every_second(600, [](double at) { return (at == 599 ? 200 : 100) + ripple(at); }));
  CHECK(findings.verdict.kind == VerdictKind::peak_released);
  CHECK(printed_mb(findings.levels.end) == doctest::Approx(100).epsilon(0.01));
}

TEST_CASE("without a peak to speak of there is no share and the verdict is steady") {
  const Findings findings = findings_of(every_second(600, [](double at) { return 100 + ripple(at); }));
  CHECK(findings.verdict.kind == VerdictKind::steady);
  CHECK_FALSE(findings.release.share_percent);
  CHECK_FALSE(findings.release.last_part_percent);
}

TEST_CASE("CPU: peak, mean and the idle share") {
  MemorySeries memory = memory_of(every_second(4, [](double) { return 1; }));
  for (const double one : {0.0, 9.9, 10.0, 400.1}) memory.cpu.add(ns(static_cast<double>(memory.cpu.size())), one);
  const auto findings = find(memory, {}, {});
  REQUIRE(findings->cpu);
  CHECK(findings->cpu->peak_percent == 400.1);
  CHECK(seconds(findings->cpu->peak_at_ns) == 3);
  CHECK(findings->cpu->mean_percent == 105);
  CHECK(findings->cpu->idle_percent == 50);
  CHECK_FALSE(findings->gc);
  memory.cpu = {};
  CHECK_FALSE(find(memory, {}, {})->cpu);
}
