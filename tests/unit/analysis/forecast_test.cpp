#include <doctest/doctest.h>

#include "analysis/series_support.hpp"
#include "tidemark/analysis/report.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
using namespace tidemark::analysis::test;

namespace {

/// 10 minutes, 6 MB a minute from 100 MB, with a little noise.
Recording leak(double cgroup_mb_per_minute, std::optional<double> limit_mb) {
  Feed feed;
  feed.process(0, "app");
  for (int i = 0; i <= 600; ++i) {
    const double at = i;
    const double noise = std::fmod(at * 7, 5) / 100;
    model::RecordedRow row;
    row.elapsed_ns = ns(at);
    row.rss = static_cast<model::Bytes>((100 + at / 10 + noise) * mb);
    row.memory_percent = static_cast<double>(*row.rss) / (16.0 * 1024 * mb) * 100;
    row.cgroup_working_set = static_cast<model::Bytes>((300 + at * cgroup_mb_per_minute / 60 + noise) * mb);
    if (limit_mb) row.cgroup_limit = static_cast<model::Bytes>(*limit_mb * mb);
    feed.add(row);
  }
  return feed.only();
}

}  // namespace

TEST_CASE("the cgroup's working set against the cgroup's limit") {
  const Report report = make_report(leak(12, 1140), {});
  CHECK(report.tree.verdict.kind == VerdictKind::growing);
  REQUIRE(report.forecast);
  const Forecast& forecast = *report.forecast;
  CHECK(forecast.of_cgroup);
  CHECK(forecast.limit_source == LimitSource::cgroup);
  CHECK(printed_mb(forecast.now_bytes) == 420);
  CHECK(forecast.bytes_per_hour / mb == doctest::Approx(720).epsilon(0.01));
  CHECK(*forecast.hours == doctest::Approx(1).epsilon(0.01));
  CHECK(*forecast.earliest_hours <= *forecast.hours);
  CHECK(*forecast.latest_hours >= *forecast.hours);
  REQUIRE(forecast.rows.size() == 5);
  CHECK(*forecast.rows[0].percent_of_limit == doctest::Approx(100 * 420.0 / 1140).epsilon(0.001));
  CHECK(*forecast.rows[1].percent_of_limit == doctest::Approx(100).epsilon(0.01));
  CHECK(forecast.rows[4].hours == 24);
  CHECK(forecast.rows[4].lower_bytes <= forecast.rows[4].bytes);
  CHECK(forecast.rows[4].upper_bytes >= forecast.rows[4].bytes);
}

TEST_CASE("a working set that does not rise leaves the tree's slope, and the machine is the limit of last resort") {
  const Report report = make_report(leak(0, std::nullopt), {});
  REQUIRE(report.forecast);
  CHECK_FALSE(report.forecast->of_cgroup);
  CHECK(report.forecast->limit_source == LimitSource::machine);
  CHECK(*report.forecast->limit_bytes / mb == doctest::Approx(16 * 1024).epsilon(0.001));
  CHECK(printed_mb(report.forecast->now_bytes) == 160);
  CHECK(report.forecast->bytes_per_hour / mb == doctest::Approx(360).epsilon(0.01));
}

TEST_CASE("a given limit comes first; one already passed is reached in no time") {
  Settings settings;
  settings.limit = static_cast<model::Bytes>(50 * mb);
  const Report report = make_report(leak(12, 1140), settings);
  CHECK(report.forecast->limit_source == LimitSource::option);
  CHECK(report.forecast->hours == 0);
}

TEST_CASE("without a limit there are levels and no hours") {
  Recording recording = leak(12, std::nullopt);
  recording.machine_memory.reset();
  const Report report = make_report(recording, {});
  REQUIRE(report.forecast);
  CHECK(report.forecast->limit_source == LimitSource::none);
  CHECK_FALSE(report.forecast->hours);
  CHECK_FALSE(report.forecast->rows[1].percent_of_limit);
  CHECK(report.forecast->rows[1].bytes > report.forecast->now_bytes);
}

TEST_CASE("a cgroup reading that ended long before the tree is not extrapolated") {
  Recording recording = leak(12, 1140);
  recording.cgroup_working_set.elapsed_ns.resize(500);
  recording.cgroup_working_set.values.resize(500);
  CHECK_FALSE(make_report(recording, {}).forecast->of_cgroup);
}

TEST_CASE("what does not grow has no forecast") {
  Feed feed;
  feed.process(0, "app");
  for (int at = 0; at < 100; ++at) feed.row(at, 0, 100);
  CHECK_FALSE(make_report(feed.only(), {}).forecast);
}
