#include "tidemark/collect/ration.hpp"

#include <doctest/doctest.h>

#include <map>
#include <vector>

using namespace tidemark;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t ms = 1'000'000;

model::ProcessIdentity process(base::Pid pid) { return {.pid = pid, .start_ticks = 1}; }

}  // namespace

TEST_CASE("the share holds over the whole recording and for each target, with costs that change") {
  collect::Ration ration({.enabled = true, .share = 0.01, .interval_ns = {}});
  std::map<base::Pid, std::int64_t> spent;
  std::map<base::Pid, std::vector<std::int64_t>> readings;
  std::int64_t total = 0;
  for (std::int64_t now = 0; now <= 600 * second; now += second) {
    for (base::Pid pid = 1; pid <= 5; ++pid) {
      if (pid == 5 && now < 300 * second) continue;  // a late worker has no claim on the time before it came
      const std::int64_t cost = (now < 60 * second ? 1 : 9) * ms;
      if (!ration.allows(process(pid), now, cost)) continue;
      ration.spend(process(pid), now, cost);
      spent[pid] += cost;
      total += cost;
      readings[pid].push_back(now);
      CHECK(total <= now / 100 + 9 * ms);
    }
  }
  CHECK(total <= 6 * second + 9 * ms);
  CHECK(total >= 5 * second);  // and the share is used
  for (const auto& [pid, times] : readings) CHECK(times.size() > 20);
  CHECK(spent[5] <= 3 * second + 9 * ms);
  CHECK(ration.spent_percent(600 * second) == doctest::Approx(100.0 * static_cast<double>(total) / (600.0 * 1e9)));
}

TEST_CASE("nothing is read before the share has paid for it, by the guess at first and the measured cost later") {
  collect::Ration ration({.enabled = true, .share = 0.01, .interval_ns = {}});
  CHECK_FALSE(ration.allows(process(1), 0, ms));
  CHECK_FALSE(ration.allows(process(1), 99 * ms, ms));
  CHECK(ration.allows(process(1), 100 * ms, ms));
  ration.spend(process(1), 100 * ms, 10 * ms);
  CHECK_FALSE(ration.allows(process(1), second, ms));
  CHECK(ration.allows(process(1), 2 * second, ms));
  CHECK(ration.interval_in_force_seconds() == doctest::Approx(1.0));
}

TEST_CASE("the user's interval is kept, and the share still holds above it") {
  collect::Ration ration({.enabled = true, .share = 0.01, .interval_ns = 5 * second});
  ration.spend(process(1), second, ms);
  CHECK_FALSE(ration.allows(process(1), 5 * second, ms));
  CHECK(ration.allows(process(1), 6 * second, ms));
  ration.spend(process(1), 6 * second, 100 * ms);
  CHECK_FALSE(ration.allows(process(1), 11 * second, ms));
  CHECK(ration.interval_in_force_seconds() == doctest::Approx(10.0));
}

TEST_CASE("off is off") {
  collect::Ration ration({.enabled = false, .share = 0.01, .interval_ns = {}});
  CHECK_FALSE(ration.allows(process(1), 3600 * second, 1));
}
