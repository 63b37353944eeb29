#include "tidemark/collect/ration.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <vector>

using namespace tidemark;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t ms = 1'000'000;
constexpr double share = 0.01;

model::ProcessIdentity process(base::Pid pid) { return {.pid = pid, .start_ticks = 1}; }

/// A process as the kernel would have it: what its reading costs, whatever was guessed.
struct Costly {
  std::int64_t cost_ns = 0;
  std::int64_t guess_ns = 0;
  std::int64_t since_ns = 0;  ///< when it comes
  std::int64_t until_ns = std::numeric_limits<std::int64_t>::max();
};

/// Ticks of a virtual clock over `all` (pid n is the n-th), with the books kept beside the ration's own.
class Recording {
 public:
  explicit Recording(std::vector<Costly> all, std::optional<std::int64_t> interval_ns = {})
      : all_(std::move(all)), ration_({.enabled = true, .share = share, .interval_ns = interval_ns}) {}

  void run(std::int64_t until_ns, std::int64_t tick_ns) {
    for (; now_ns_ <= until_ns; now_ns_ += tick_ns) tick();
  }
  void tick() {
    std::vector<collect::RationedProcess> here;
    std::vector<std::size_t> who;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i].until_ns == now_ns_) ration_.forget(process(static_cast<base::Pid>(i + 1)));
      if (all_[i].since_ns > now_ns_ || all_[i].until_ns <= now_ns_) continue;
      here.push_back({process(static_cast<base::Pid>(i + 1)), all_[i].guess_ns});
      who.push_back(i);
    }
    ration_.serve(here, now_ns_, [&](std::size_t place) { return read(who[place]); });
  }

  Costly& operator[](std::size_t index) { return all_[index]; }
  collect::Ration& ration() { return ration_; }
  [[nodiscard]] const std::vector<std::int64_t>& readings(std::size_t index) { return readings_[index]; }
  [[nodiscard]] std::int64_t spent(std::size_t index) { return spent_[index]; }
  [[nodiscard]] std::int64_t spent() const { return total_ns_; }

 private:
  /// All that was spent, and all of this process, was within the share before a reading that was judged right.
  std::int64_t read(std::size_t index) {
    const Costly& costly = all_[index];
    const auto first = readings_[index].empty();
    const std::int64_t judged_ns = first ? costly.guess_ns : last_cost_ns_[index];
    CHECK(static_cast<double>(total_ns_ + judged_ns) <= share * static_cast<double>(now_ns_));
    CHECK(static_cast<double>(spent_[index] + judged_ns) <= share * static_cast<double>(now_ns_ - costly.since_ns));
    readings_[index].push_back(now_ns_);
    spent_[index] += costly.cost_ns;
    total_ns_ += costly.cost_ns;
    return last_cost_ns_[index] = costly.cost_ns;
  }

  std::vector<Costly> all_;
  collect::Ration ration_;
  std::int64_t now_ns_ = 0, total_ns_ = 0;
  std::map<std::size_t, std::vector<std::int64_t>> readings_;
  std::map<std::size_t, std::int64_t> spent_, last_cost_ns_;
};

}  // namespace

TEST_CASE("the share holds at every reading, over the recording and for each target, with costs that change") {
  Recording recording({{ms, ms}, {ms, ms}, {ms, ms}, {ms, ms}, {ms, ms, 300 * second}});
  recording.run(60 * second, second);
  for (std::size_t i = 0; i < 5; ++i) recording[i].cost_ns = 9 * ms;
  recording.run(600 * second, second);
  CHECK(recording.spent() <= 6 * second + 9 * ms);
  CHECK(recording.spent() >= 5 * second);  // and the share is used
  for (std::size_t i = 0; i < 5; ++i) CHECK(recording.readings(i).size() > 20);
  CHECK(recording.spent(4) <= 3 * second + 9 * ms);  // a late worker has no claim on the time before it came
  CHECK(recording.ration().spent_percent(600 * second) ==
        doctest::Approx(100.0 * static_cast<double>(recording.spent()) / (600.0 * 1e9)));
}

TEST_CASE("an expensive process among many cheap ones is read as often as they") {
  constexpr std::size_t cheap = 40;
  std::vector<Costly> all(cheap, {ms / 5, ms / 2});
  all.push_back({80 * ms, 200 * ms});
  Recording recording(all);
  recording.run(600 * second, 10 * ms);
  // A round costs 88 ms, so at 1 % it is due each 8.8 s.
  const auto& expensive = recording.readings(cheap);
  CHECK(expensive.size() >= 55);
  for (std::size_t i = 0; i < cheap; ++i) {
    CHECK(recording.readings(i).size() <= expensive.size() + 101);  // while its own share was too small for its guess
    CHECK(recording.readings(i).size() >= expensive.size() - 1);
  }
  for (std::size_t i = 1; i < expensive.size(); ++i) CHECK(expensive[i] - expensive[i - 1] <= 10 * second);
}

TEST_CASE("workers that come and go without end do not keep the old ones from their turn") {
  std::vector<Costly> all{{20 * ms, 20 * ms}};
  for (std::int64_t born = 0; born < 600 * second; born += 400 * ms) {  // they alone would take more than the share
    all.push_back({5 * ms, 5 * ms, born, born + 2 * second});
  }
  Recording recording(all);
  recording.run(600 * second, 100 * ms);
  CHECK(recording.readings(0).size() >= 120);
}

TEST_CASE("one that is held back by its own share lets others pass until its own has paid") {
  Recording recording({{ms, ms}, {20 * ms, 20 * ms, 10 * second}});
  recording.run(12 * second - 1, 100 * ms);
  CHECK(recording.readings(0).size() >= 115);
  CHECK(recording.readings(1).empty());
  recording.run(15 * second, 100 * ms);
  CHECK(recording.readings(1).size() == 1);
}

TEST_CASE("nothing is read before the share has paid for it, by the guess at first and the measured cost later") {
  Recording recording({{10 * ms, ms}});
  recording.run(10 * second, ms);
  // 1 ms guessed: after 100 ms. It cost 10 ms: the next one is paid when 20 ms are.
  REQUIRE(recording.readings(0).size() >= 3);
  CHECK(recording.readings(0)[0] == 100 * ms);
  CHECK(recording.readings(0)[1] == 2 * second);
  CHECK(recording.readings(0)[2] == 3 * second);
  CHECK(recording.ration().interval_in_force_seconds() == doctest::Approx(1.0));
}

TEST_CASE("the user's interval is kept, lets others pass, and the share still holds above it") {
  Recording recording({{ms, ms}, {ms, ms, 3 * second}}, 5 * second);
  recording.run(20 * second, 100 * ms);
  CHECK(recording.readings(0) == std::vector<std::int64_t>{100 * ms, 5100 * ms, 10100 * ms, 15100 * ms});
  CHECK(recording.readings(1) == std::vector<std::int64_t>{3100 * ms, 8100 * ms, 13100 * ms, 18100 * ms});
  recording[0].cost_ns = recording[1].cost_ns = 100 * ms;
  recording.run(300 * second, 100 * ms);
  CHECK(recording.ration().interval_in_force_seconds() == doctest::Approx(20.0));
  CHECK(recording.spent() <= 3100 * ms);
}

TEST_CASE("what was spent outside of the turns is paid back before the next one") {
  Recording recording({{ms, ms}});
  recording.ration().spend(process(7), 0, 20 * ms);
  recording.run(10 * second, 100 * ms);
  CHECK(recording.readings(0).front() == 2100 * ms);
}

TEST_CASE("off is off") {
  collect::Ration ration({.enabled = false, .share = share, .interval_ns = {}});
  const std::vector<collect::RationedProcess> one{{process(1), 1}};
  ration.serve(one, 3600 * second, [](std::size_t) -> std::int64_t {
    FAIL("read");
    return 1;
  });
}
