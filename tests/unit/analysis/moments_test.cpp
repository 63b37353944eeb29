#include <doctest/doctest.h>

#include "analysis/series_support.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
using namespace tidemark::analysis::test;

namespace {

using Named = std::vector<std::pair<std::string, double>>;

Named names_of(const std::vector<NamedMoment>& moments) {
  Named named;
  for (const auto& [kind, moment] : moments) named.emplace_back(text_of(kind), seconds(moment.at_ns));
  return named;
}

std::vector<NamedMoment> moments_in(const MemorySeries& memory, const std::vector<PhaseSpan>& phases = {}) {
  const auto findings = find(memory, phases, {});
  REQUIRE(findings);
  return findings->moments;
}

/// 100 MB, from second 50 to 60 up to 600 MB, busy until 80, held until 120, then back.
MemorySeries job() {
  MemorySeries memory;
  for (int i = 0; i < 200; ++i) {
    const double at = i;
    const double rss = at < 50 ? 100 : at < 60 ? 100 + 50 * (at - 50) : at < 120 ? 600 : 105;
    memory.rss.add(ns(at), rss * mb);
    memory.cpu.add(ns(at), at >= 50 && at < 80 ? 300 : 1);
  }
  return memory;
}

}  // namespace

TEST_CASE("a job has all the moments a person points at, in time's order") {
  const auto findings = find(job(), {}, {});
  CHECK(names_of(findings->moments) ==
        Named{{"start", 0}, {"steepest rise", 50}, {"peak", 60}, {"hold", 80}, {"release", 120}, {"end", 199}});
  CHECK(findings->moments[3].moment.cpu_percent == 1);
  CHECK(printed_mb(findings->moments[4].moment.bytes) == 105);
}

TEST_CASE("no hold when it is busy until the memory is given back, no CPU where none was read") {
  MemorySeries memory = job();
  for (double& percent : memory.cpu.values) percent = 100;
  CHECK(names_of(moments_in(memory)) ==
        Named{{"start", 0}, {"steepest rise", 50}, {"peak", 60}, {"release", 120}, {"end", 199}});
  memory.cpu = {};
  for (const auto& one : moments_in(memory)) CHECK_FALSE(one.moment.cpu_percent);
}

TEST_CASE("idle only after the memory fell is no hold") {
  MemorySeries memory = job();
  for (std::size_t i = 0; i < 121; ++i) memory.cpu.values[i] = 100;
  for (const auto& one : moments_in(memory)) CHECK(one.kind != MomentKind::hold);
}

TEST_CASE("a steady series has start, peak and end, and one sample is named once") {
  const auto flat = every_second(100, [](double at) { return at == 40 ? 101 : 100; });
  CHECK(names_of(moments_in(memory_of(flat))) == Named{{"start", 0}, {"peak", 40}, {"end", 99}});
  const auto falling = every_second(100, [](double at) { return 100 - at / 200; });
  CHECK(names_of(moments_in(memory_of(falling))) == Named{{"peak", 0}, {"end", 99}});
}

TEST_CASE("a jump's rise begins at the last sample before it, also within a long window") {
  const auto jump = every_second(2000, [](double at) { return (at < 1000 ? 100 : 500) + std::fmod(at, 3) / 10; });
  for (const auto& [kind, moment] : moments_in(memory_of(jump))) {
    if (kind == MomentKind::steepest_rise) CHECK(seconds(moment.at_ns) == 999);
  }
}

TEST_CASE("a moment knows its phase; a border belongs to the phase that begins there") {
  const std::vector<PhaseSpan> phases{{.label = "run", .fields = {}, .from_ns = ns(40), .to_ns = ns(120)},
                                      {.label = "clean", .fields = {}, .from_ns = ns(120), .to_ns = ns(199)}};
  const auto findings = find(job(), phases, {});
  CHECK(findings->levels.peak.phase == "run");
  CHECK(findings->moments[0].moment.phase.empty());
  CHECK(findings->moments[4].moment.phase == "clean");
  CHECK(findings->moments[5].moment.phase == "clean");
}
