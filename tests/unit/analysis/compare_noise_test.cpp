// Is "beyond noise" what it says: two recordings of one law are rarely called changed, a real change nearly always is.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "analysis/made_series.hpp"
#include "sanitized.hpp"
#include "tidemark/analysis/compare.hpp"

using namespace tidemark;
using namespace tidemark::analysis;

namespace {

constexpr std::size_t pairs = 200;
constexpr std::size_t resamples = 300;
constexpr std::size_t ten_minutes = 600, half_an_hour = 1800;

struct Law {
  std::string name;
  std::vector<double> (*values)(made::Random& random, std::size_t seconds);
};

std::vector<double> white(made::Random& random, std::size_t seconds) {
  return made::autoregression(random, seconds, 0, 3);
}
std::vector<double> persistent(made::Random& random, std::size_t seconds) {
  return made::autoregression(random, seconds, 0.9, 3);
}
std::vector<double> sawtooth(made::Random& random, std::size_t seconds) {
  auto values = made::sawtooth(random, seconds, 37.3, 20, 0);
  made::add_noise(values, random, 0.5);
  return values;
}

const std::array laws{Law{"white noise", white}, Law{"AR(0.9)", persistent}, Law{"sawtooth", sawtooth}};

/// RSS and CPU of the same law, independent of each other.
Recording recorded(const Law& law, made::Random& random, std::size_t seconds, double mb_per_hour) {
  Recording recording;
  auto rss = law.values(random, seconds);
  made::add_leak(rss, mb_per_hour);
  recording.tree.rss = made::series_of(rss);
  recording.tree.cpu.elapsed_ns = recording.tree.rss.elapsed_ns;
  recording.tree.cpu.values = law.values(random, seconds);
  // So wide that the smallest change of a core's percent has no part in it.
  for (double& percent : recording.tree.cpu.values) percent = 1000 + 40 * (percent - made::base_mb);
  recording.to_ns = recording.tree.rss.elapsed_ns.back();
  return recording;
}

struct Counts {
  std::array<std::size_t, 7> changed{};
  [[nodiscard]] double share(CompareMetric metric) const {
    return static_cast<double>(changed[static_cast<std::size_t>(metric)]) / static_cast<double>(pairs);
  }
};

Counts count(const Law& law, std::size_t seconds, double leak_before) {
  Counts counts;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    made::Random random(1000 * seconds + pair);
    const Recording before = recorded(law, random, seconds, leak_before);
    const Recording after = recorded(law, random, seconds, 0);
    const Compared compared = compare(before, after, {}, pair, resamples);
    for (const auto& metric : compared.subjects.at(0).metrics) {
      const bool changed = leak_before > 0 ? metric.change == Change::better
                                           : metric.change == Change::better || metric.change == Change::worse;
      counts.changed[static_cast<std::size_t>(metric.metric)] += changed ? 1 : 0;
    }
  }
  return counts;
}

}  // namespace

TEST_CASE("two recordings of one law are rarely called changed" * doctest::skip(tidemark::is_sanitized)) {
  for (const Law& law : laws) {
    for (const std::size_t seconds : {ten_minutes, half_an_hour}) {
      if (seconds == half_an_hour && law.values != persistent) continue;  // the longest memory is the hardest
      const Counts counts = count(law, seconds, 0);
      CAPTURE(law.name);
      CAPTURE(seconds);
      for (const auto metric : {CompareMetric::growth, CompareMetric::slope, CompareMetric::cpu_mean})
        CHECK(counts.share(metric) <= 0.08);
      for (const auto metric : {CompareMetric::peak, CompareMetric::cpu_peak}) CHECK(counts.share(metric) <= 0.12);
    }
  }
}

TEST_CASE("a leak of 20 MB/h that is gone is found in half an hour" * doctest::skip(tidemark::is_sanitized)) {
  for (const Law& law : laws) {
    const Counts counts = count(law, half_an_hour, 20);
    CAPTURE(law.name);
    CHECK(counts.share(CompareMetric::slope) >= 0.95);
    if (law.values == white) CHECK(counts.share(CompareMetric::growth) >= 0.95);
  }
}
