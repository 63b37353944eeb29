// Purpose: decides when a reading that costs the target something may be made. smaps and smaps_rollup hold the target's
// mmap lock (0.1 ms at 10 MB RSS, 8.5 ms at 1 GB; feasibility.md §8), so they get at most a share of wall time, over
// the whole recording *and* over each target's own time in it. Invariant: the sum of what was spent never passes share
// * elapsed by more than the last reading's misjudged cost.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "tidemark/model/sample.hpp"

namespace tidemark::collect {

struct RationRule {
  bool enabled = true;
  double share = 0.01;                        ///< of wall time
  std::optional<std::int64_t> interval_ns{};  ///< the user's own; the share still holds
};

class Ration {
 public:
  explicit Ration(RationRule rule) : rule_(rule) {}

  /// May `process` be read now? `guess_ns` is what the first reading of it may cost; later ones use its last cost.
  /// Time is monotonic since the recording's start.
  [[nodiscard]] bool allows(const model::ProcessIdentity& process, std::int64_t elapsed_ns, std::int64_t guess_ns);

  /// Books what a reading cost.
  void spend(const model::ProcessIdentity& process, std::int64_t elapsed_ns, std::int64_t cost_ns);

  void forget(const model::ProcessIdentity& process);

  /// The process that has waited longest of those known to the ration; the round-robin order is ascending.
  [[nodiscard]] std::int64_t last_read_ns(const model::ProcessIdentity& process) const;

  /// Seconds between two readings of one process that the share allows at the last measured costs.
  [[nodiscard]] double interval_in_force_seconds() const;
  [[nodiscard]] double spent_percent(std::int64_t elapsed_ns) const;
  [[nodiscard]] std::int64_t last_cost_ns() const { return last_cost_ns_; }
  [[nodiscard]] const RationRule& rule() const { return rule_; }

 private:
  struct Account {
    std::int64_t since_ns = 0;  ///< first asked for
    std::int64_t spent_ns = 0;
    std::int64_t last_cost_ns = 0;
    std::int64_t last_read_ns = -1;  ///< -1: never
  };

  RationRule rule_;
  std::map<model::ProcessIdentity, Account> accounts_;
  std::int64_t spent_ns_ = 0;
  std::int64_t last_cost_ns_ = 0;
};

}  // namespace tidemark::collect
