#include "tidemark/analysis/report.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "analysis/series_support.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
using namespace tidemark::analysis::test;

TEST_CASE("names by growth; single processes only of names that have several, by growth") {
  Feed feed;
  feed.process(0, "uvicorn");
  feed.process(1, "rq");
  feed.process(2, "rq");
  for (int at = 0; at < 100; ++at) {
    feed.row(at, 0, 100);
    feed.row(at, 1, 50 + 0.1 * at);
    feed.row(at, 2, 50 + 0.3 * at);
  }
  const Report report = make_report(feed.only(), {});
  CHECK(report.tree.kind == SubjectKind::tree);
  CHECK(report.tree.processes == 3);
  REQUIRE(report.names.size() == 2);
  CHECK(report.names[0].name == "rq");
  CHECK(report.names[0].processes == 2);
  CHECK_FALSE(report.names[0].process);
  CHECK(report.names[0].verdict.kind == VerdictKind::growing);
  CHECK(report.names[1].name == "uvicorn");
  CHECK(report.names[1].process->identity.pid == 4951);
  CHECK(report.names[1].verdict.kind == VerdictKind::steady);
  REQUIRE(report.processes.size() == 2);
  CHECK(report.processes[0].process->identity.pid == 4953);
  CHECK(report.processes[0].kind == SubjectKind::process);
  CHECK(report.processes[0].verdict.kind == VerdictKind::growing);
}

TEST_CASE("recycled workers: each is too short to tell, their name together is steady") {
  Feed feed;
  constexpr int lives = 20;
  for (std::uint32_t worker = 0; worker < 1000; ++worker) {
    feed.process(worker, "rq");
    for (int i = 0; i < lives; ++i) feed.row(worker * lives + static_cast<double>(i), worker, 50 + 2.0 * i);
  }
  const Report report = make_report(feed.only(), {});
  REQUIRE(report.names.size() == 1);
  CHECK(report.names[0].processes == 1000);
  CHECK(report.names[0].samples == 20000);
  CHECK(report.names[0].verdict.kind != VerdictKind::growing);
  CHECK(report.processes.size() == 1000);
  for (const auto& process : report.processes) {
    CHECK(process.verdict.kind == VerdictKind::too_short);
    CHECK(printed_mb(process.levels.growth_bytes) == 38);
  }
}

TEST_CASE("of very many long processes those that grew most are judged; no word is said of the others") {
  Feed feed;
  constexpr std::uint32_t workers = most_judged_processes + 20;
  for (std::uint32_t worker = 0; worker < workers; ++worker) feed.process(worker, "rq");
  for (int at = 0; at < 40; ++at) {
    for (std::uint32_t worker = 0; worker < workers; ++worker) feed.row(at, worker, 50 + worker * 0.01 * at);
  }
  const Report report = make_report(feed.only(), {});
  REQUIRE(report.processes.size() == workers);
  CHECK(report.processes.front().process->identity.pid == 4951 + workers - 1);
  CHECK(report.processes.front().verdict.kind == VerdictKind::growing);
  for (std::size_t i = 0; i < workers; ++i) {
    const auto& process = report.processes[i];
    CHECK(process.trend.has_value() == (i < most_judged_processes));
    CHECK((process.verdict.kind == VerdictKind::not_judged) == (i >= most_judged_processes));
  }
}

TEST_CASE("a recording without rows makes an empty report") {
  Feed feed;
  const Report report = make_report(feed.only(), {});
  CHECK(report.tree.samples == 0);
  CHECK(report.names.empty());
  CHECK(report.plot.empty());
  CHECK_FALSE(report.forecast);
}

TEST_CASE("the plot keeps first and last, every spike, and time's order within its bound") {
  const Series all = every_second(100'001, [](double at) {
    return at == 31'415 ? 900 : at == 27'182 ? 1 : 100 + at / 1e4;
  });
  Recording recording;
  recording.tree.rss = all;
  const Series plot = make_report(recording, {}).plot;
  CHECK(plot.size() <= most_plot_points);
  CHECK(plot.size() > most_plot_points / 2);
  CHECK(std::is_sorted(plot.elapsed_ns.begin(), plot.elapsed_ns.end()));
  CHECK(plot.elapsed_ns.front() == 0);
  CHECK(plot.elapsed_ns.back() == ns(100'000));
  const auto at_second = [&plot](double at) {
    return std::find(plot.elapsed_ns.begin(), plot.elapsed_ns.end(), ns(at)) != plot.elapsed_ns.end();
  };
  CHECK(at_second(31'415));
  CHECK(at_second(27'182));
}

TEST_CASE("a spike is kept wherever in its stretch it lies") {
  for (int spike = 5000; spike < 5025; ++spike) {
    Recording recording;
    recording.tree.rss = every_second(10'000, [spike](double at) { return at == spike ? 900 : 100; });
    const Series plot = make_report(recording, {}).plot;
    CHECK(std::count(plot.values.begin(), plot.values.end(), 900 * mb) == 1);
  }
}

TEST_CASE("a short series is plotted whole") {
  Recording recording;
  recording.tree.rss = every_second(most_plot_points, [](double at) { return at; });
  CHECK(make_report(recording, {}).plot.elapsed_ns == recording.tree.rss.elapsed_ns);
}
