#include "tidemark/analysis/compare.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "analysis/series_support.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
using namespace tidemark::analysis::test;

namespace {

const MetricChange& metric(const SubjectChange& subject, CompareMetric which) {
  const auto found = std::find_if(subject.metrics.begin(), subject.metrics.end(),
                                  [which](const MetricChange& one) { return one.metric == which; });
  REQUIRE(found != subject.metrics.end());
  return *found;
}

bool has(const SubjectChange& subject, CompareMetric which) {
  return std::any_of(subject.metrics.begin(), subject.metrics.end(),
                     [which](const MetricChange& one) { return one.metric == which; });
}

/// One process; a sample each second; the CPU busy in the middle.
template <class Level>
Recording one_process(const std::string& name, int seconds_long, Level level_mb, double busy_percent = 50) {
  Feed feed;
  feed.process(0, name);
  for (int at = 0; at <= seconds_long; ++at) {
    const bool busy = at > seconds_long / 3 && at < seconds_long / 2;
    feed.row(at, 0, level_mb(at), busy ? busy_percent : 1.0);
  }
  return feed.only();
}

double exploded(int at) { return at < 120 ? 632.7 : 4500.0; }
double released(int at) {
  if (at < 120) return 12.4;
  return at < 247 ? 3590.2 : 13.3;
}

}  // namespace

TEST_CASE("the fix verification among the seeds: 3867.3 MB to 0.9 MB is 4297 times less") {
  const Compared compared = compare(one_process("rq", 730, exploded, 390), one_process("rq", 730, released, 408.9), {});
  REQUIRE(compared.subjects.size() == 2);
  for (const SubjectChange& subject : compared.subjects) {
    const MetricChange& growth = metric(subject, CompareMetric::growth);
    CHECK(printed_mb(*growth.before) == 3867.3);
    CHECK(printed_mb(*growth.after) == 0.9);
    CHECK(std::round(*growth.ratio) == 4297);
    CHECK(growth.change == Change::better);
    CHECK(*growth.upper < 0);
    CHECK_FALSE(growth.no_growth_after);
    CHECK(printed_mb(*metric(subject, CompareMetric::peak).after) == 3590.2);
    CHECK(*metric(subject, CompareMetric::cpu_peak).after == 408.9);
    CHECK(*metric(subject, CompareMetric::retained).before == doctest::Approx(100));
    CHECK(*metric(subject, CompareMetric::retained).after < 0.1);
    CHECK(metric(subject, CompareMetric::retained).change == Change::better);
    CHECK(*metric(subject, CompareMetric::duration).after == 730);
    CHECK(metric(subject, CompareMetric::duration).change == Change::not_judged);
    CHECK_FALSE(metric(subject, CompareMetric::duration).lower);
  }
  CHECK(compared.before.tree.verdict.kind == VerdictKind::peak_retained);
  CHECK(compared.after.tree.verdict.kind == VerdictKind::peak_released);
}

TEST_CASE("an AFTER at or below 0 is no growth; a BEFORE at or below 0 has no ratio") {
  const auto grows = [](int at) { return 100.0 + at * 0.1; };
  const auto falls = [](int at) { return 100.0 - at * 0.1; };
  const auto flat = [](int) { return 100.0; };
  const auto growth = [](const Recording& before, const Recording& after) {
    return metric(compare(before, after, {}).subjects.at(0), CompareMetric::growth);
  };
  const Recording up = one_process("a", 300, grows), down = one_process("a", 300, falls),
                  still = one_process("a", 300, flat);
  for (const Recording* after : {&down, &still}) {
    const MetricChange change = growth(up, *after);
    CHECK(change.no_growth_after);
    CHECK_FALSE(change.ratio);
    CHECK(change.change == Change::better);
  }
  for (const Recording* before : {&down, &still}) {
    const MetricChange change = growth(*before, up);
    CHECK_FALSE(change.no_growth_after);
    CHECK_FALSE(change.ratio);
    CHECK(change.change == Change::worse);
  }
  const MetricChange slope = metric(compare(up, still, {}).subjects[0], CompareMetric::slope);
  CHECK(*slope.before == doctest::Approx(360 * mb).epsilon(0.01));
  CHECK(slope.no_growth_after);
  CHECK_FALSE(slope.ratio);
  CHECK(slope.change == Change::better);
}

TEST_CASE("the same recording has not changed, and a difference that any two runs have is none") {
  const Recording one = one_process("a", 300, [](int) { return 100.0; });
  const Compared same = compare(one, one, {});
  for (const auto& change : same.subjects[0].metrics)
    CHECK(change.change == (change.metric == CompareMetric::duration ? Change::not_judged : Change::unclear));
  const auto peak = [&](double level) {
    return metric(compare(one, one_process("a", 300, [level](int) { return level; }), {}).subjects[0],
                  CompareMetric::peak)
        .change;
  };
  CHECK(peak(100.4) == Change::unclear);
  CHECK(peak(100.6) == Change::worse);
  CHECK(peak(99.4) == Change::better);
}

TEST_CASE("under 30 samples nothing is called a change") {
  const auto exploding = [](int at) { return 100.0 + at * 100; };
  const Recording few = one_process("a", 28, exploding);
  const Recording flat = one_process("a", 300, [](int) { return 100.0; });
  const Compared short_of_samples = compare(few, flat, {});
  for (const auto& change : short_of_samples.subjects[0].metrics) {
    CHECK(change.change == Change::not_judged);
    CHECK_FALSE(change.lower);
  }
  const MetricChange growth = metric(compare(few, flat, {}).subjects[0], CompareMetric::growth);
  CHECK(printed_mb(*growth.before) == 2800);
}

TEST_CASE("names meet by name; what only one side has is shown as such") {
  const auto fed = [](const std::string& second, double leak) {
    Feed feed;
    feed.process(0, "web");
    feed.process(1, second);
    for (int at = 0; at <= 100; ++at) {
      feed.row(at, 0, 50 + leak * at);
      feed.row(at, 1, 20);
    }
    return feed.only();
  };
  const Compared compared = compare(fed("old", 1), fed("new", 0), {});
  REQUIRE(compared.subjects.size() == 4);
  CHECK(compared.subjects[0].name.empty());
  CHECK(compared.subjects[1].name == "web");
  CHECK(compared.subjects[2].name == "old");
  CHECK(compared.subjects[2].only_before);
  CHECK(metric(compared.subjects[2], CompareMetric::peak).before == 20 * mb);
  CHECK_FALSE(metric(compared.subjects[2], CompareMetric::peak).after);
  CHECK(compared.subjects[3].name == "new");
  CHECK(compared.subjects[3].only_after);
}

TEST_CASE("names come by how much their growth changed, up or down") {
  const auto fed = [](double first, double second, double third) {
    Feed feed;
    for (const auto& [number, name] : {std::pair{0U, "first"}, {1U, "second"}, {2U, "third"}})
      feed.process(number, name);
    for (int at = 0; at <= 100; ++at) {
      feed.row(at, 0, 50 + first * at);
      feed.row(at, 1, 50 + second * at);
      feed.row(at, 2, 50 + third * at);
    }
    return feed.only();
  };
  const Compared compared = compare(fed(1, 0, 0), fed(1, 0.5, 1), {});
  CHECK(compared.subjects[1].name == "third");
  CHECK(compared.subjects[2].name == "second");
  CHECK(compared.subjects[3].name == "first");
}

TEST_CASE("phases meet by label, the first of each") {
  const auto fed = [](double grown, const std::string& last) {
    Feed feed;
    feed.process(0, "rq");
    for (int at = 0; at <= 200; ++at) {
      if (at == 50) feed.mark(at, "job");
      if (at == 100) feed.mark(at, last);
      if (at == 150) feed.mark(at, "job");
      const std::string phase = at < 50 ? "" : (at < 100 ? "job" : (at < 150 ? last : "job"));
      feed.row(at, 0, at < 75 ? 100 : 100 + grown, 5, phase);
    }
    return feed.only();
  };
  const Compared compared = compare(fed(400, "idle"), fed(100, "rest"), {});
  REQUIRE(compared.phases.size() == 3);
  CHECK(compared.phases[0].phase == "job");
  CHECK(printed_mb(*metric(compared.phases[0], CompareMetric::growth).before) == 400);
  CHECK(printed_mb(*metric(compared.phases[0], CompareMetric::growth).after) == 100);
  CHECK(*metric(compared.phases[0], CompareMetric::growth).ratio == doctest::Approx(4));
  CHECK(*metric(compared.phases[0], CompareMetric::duration).before == 50);
  CHECK(*metric(compared.phases[0], CompareMetric::cpu_mean).before == 5);
  CHECK_FALSE(has(compared.phases[0], CompareMetric::retained));
  CHECK(compared.phases[1].phase == "idle");
  CHECK(compared.phases[1].only_before);
  CHECK(compared.phases[2].phase == "rest");
  CHECK(compared.phases[2].only_after);
}

TEST_CASE("a subject more changes no other's interval, and the seed decides") {
  const auto noisy = [](bool with_second) {
    Feed feed;
    feed.process(0, "a");
    if (with_second) feed.process(1, "b");
    for (int at = 0; at <= 200; ++at) {
      feed.row(at, 0, 100 + (at * 7919 % 13));
      if (with_second) feed.row(at, 1, 10);
    }
    return feed.only();
  };
  const auto interval = [&](bool with_second, std::uint64_t seed) {
    const Compared compared = compare(noisy(with_second), noisy(with_second), {}, seed);
    const auto a = std::find_if(compared.subjects.begin(), compared.subjects.end(),
                                [](const SubjectChange& subject) { return subject.name == "a"; });
    const MetricChange& growth = metric(*a, CompareMetric::growth);
    return std::pair{*growth.lower, *growth.upper};
  };
  CHECK(interval(false, 1) == interval(true, 1));
  CHECK(interval(false, 1) != interval(false, 2));
}

TEST_CASE("a recording without samples compares as what it is") {
  const Recording one = one_process("a", 100, [](int) { return 100.0; });
  const Compared compared = compare(one, Recording{}, {});
  REQUIRE(compared.subjects.size() == 2);
  CHECK(compared.subjects[0].only_before);
  CHECK(compared.subjects[1].only_before);
  CHECK(compare(Recording{}, Recording{}, {}).subjects.empty());
}
