#include <doctest/doctest.h>

#include "analysis/series_support.hpp"
#include "tidemark/analysis/report.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
using namespace tidemark::analysis::test;

namespace {

/// A server at 100 MB and, from second 20 to 30, a worker.
Recording two_phases() {
  Feed feed;
  feed.process(0, "uvicorn");
  feed.process(1, "rq");
  for (int at = 0; at < 40; ++at) {
    const std::string phase = at < 20 ? "" : at < 30 ? "job" : "idle";
    if (at == 20 || at == 30) feed.mark(at, phase, {{"at", std::to_string(at)}});
    feed.row(at, 0, 100, at, phase);
    if (at >= 20 && at <= 25) feed.row(at, 1, 40 + at, 7, phase);
  }
  return feed.only();
}

}  // namespace

TEST_CASE("phases of the tree and of each name that has samples in them") {
  const Report report = make_report(two_phases(), {});
  REQUIRE(report.phases.size() == 3);
  const auto& tree = report.phases[0];
  CHECK(tree.name.empty());
  REQUIRE(tree.phases.size() == 2);
  const PhaseFindings& job = tree.phases[0];
  CHECK(job.span.label == "job");
  CHECK(job.span.fields.at(0).second == "20");
  CHECK(job.samples == 11);  // with the border
  CHECK(printed_mb(job.before) == 160);
  CHECK(printed_mb(job.after) == 100);
  CHECK(printed_mb(job.delta_bytes) == -60);
  CHECK(printed_mb(job.from_start_bytes) == 0);
  CHECK(printed_mb(job.peak) == 165);
  CHECK(seconds(job.peak_at_ns) == 25);
  CHECK(job.cpu_peak_percent == 32);
  CHECK(*job.recovered_percent == doctest::Approx(100));
  CHECK_FALSE(tree.phases[1].recovered_percent);  // its peak added nothing

  for (const auto& subject : report.phases) {
    if (subject.name != "rq") continue;
    REQUIRE(subject.phases.size() == 1);
    CHECK(subject.phases[0].samples == 6);
    CHECK(printed_mb(subject.phases[0].delta_bytes) == 5);
  }
}

TEST_CASE("phases given by the user replace the recording's; one outside of it says nothing") {
  Settings settings;
  settings.phases = {{.label = "early", .fields = {}, .from_ns = ns(2), .to_ns = ns(4)},
                     {.label = "beyond", .fields = {}, .from_ns = ns(1000), .to_ns = ns(2000)}};
  const Report report = make_report(two_phases(), settings);
  REQUIRE(report.phases[0].phases.size() == 1);
  CHECK(report.phases[0].phases[0].span.label == "early");
  CHECK(report.phases[0].phases[0].samples == 3);
}

TEST_CASE("a recording without phases has none") {
  Feed feed;
  feed.process(0, "rq");
  feed.row(0, 0, 1);
  CHECK(make_report(feed.only(), {}).phases.empty());
}
