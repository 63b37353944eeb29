#include "tidemark/analysis/running_summary.hpp"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

constexpr std::int64_t second = 1'000'000'000;

model::ProcessSample sample(base::Pid pid, model::Bytes rss) {
  model::ProcessSample one;
  one.process = std::make_shared<model::ProcessInfo>(model::ProcessInfo{
      .identity = {pid, 7}, .name = "worker", .command_line = {}, .started_wall_ns = 0, .parent_at_first_sight = 1});
  one.proc.rss = rss;
  return one;
}

model::Tick tick(std::int64_t elapsed_ns, std::vector<model::ProcessSample> samples) {
  model::Tick one;
  one.elapsed_ns = elapsed_ns;
  one.samples = std::move(samples);
  return one;
}

}  // namespace

TEST_CASE("the tree's level is the sum of a tick; growth is last less first") {
  analysis::RunningSummary summary;
  summary.add(tick(0, {sample(1, 100), sample(2, 50)}));
  summary.add(tick(1800 * second, {sample(1, 400), sample(2, 50)}));
  summary.add(tick(3600 * second, {sample(1, 200)}));
  CHECK(summary.tree().start == 150);
  CHECK(summary.tree().peak == 450);
  CHECK(summary.tree().peak_ns == 1800 * second);
  CHECK(summary.tree().growth_bytes() == 50);
  CHECK(*summary.tree().growth_bytes_per_hour(second) == doctest::Approx(50));
  CHECK(summary.processes_now() == 1);
}

TEST_CASE("too short a time gives no rate") {
  analysis::RunningSummary summary;
  summary.add(tick(0, {sample(1, 100)}));
  summary.add(tick(5 * second, {sample(1, 200)}));
  CHECK_FALSE(summary.tree().growth_bytes_per_hour(10 * second));
  CHECK(summary.tree().growth_bytes_per_hour(5 * second));
}
