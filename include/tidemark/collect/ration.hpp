// Purpose: decides when a reading that costs the target something is made. smaps and smaps_rollup hold the target's
// mmap lock (0.1 ms at 10 MB RSS, 8.5 ms at 1 GB; feasibility.md §8), so they get at most a share of wall time, over
// the whole recording *and* over each target's own time in it. Invariants: the sum of what was spent never passes
// share * elapsed by more than the last reading's misjudged cost; turns are taken in the order of waiting, and a turn
// that the recording's share cannot pay yet is saved for, so that an expensive process is read as often as a cheap one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "tidemark/model/sample.hpp"

namespace tidemark::collect {

struct RationRule {
  bool enabled = true;
  double share = 0.01;                        ///< of wall time
  std::optional<std::int64_t> interval_ns{};  ///< the user's own; the share still holds
};

/// A process whose reading is wanted.
struct RationedProcess {
  model::ProcessIdentity identity;
  std::int64_t guess_ns = 0;  ///< what the first reading may cost; later ones are judged by the last one's cost
};

class Ration {
 public:
  explicit Ration(RationRule rule) : rule_(rule) {}

  /// Reads the process at this place of the list, and says what it cost.
  using Read = std::function<std::int64_t(std::size_t)>;

  /// Reads those of `processes` that may be read now, the longest unread first. One that is held back by its own share
  /// or interval keeps its place and lets others pass; one that the recording's share cannot pay ends the round.
  /// `elapsed_ns` is monotonic since the recording's start.
  void serve(std::span<const RationedProcess> processes, std::int64_t elapsed_ns, const Read& read);

  /// Books what a reading cost that was made outside of the turns.
  void spend(const model::ProcessIdentity& process, std::int64_t elapsed_ns, std::int64_t cost_ns);

  void forget(const model::ProcessIdentity& process);

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
    std::optional<std::int64_t> last_read_ns{};

    [[nodiscard]] std::int64_t waiting_since_ns() const { return last_read_ns.value_or(since_ns); }
  };

  [[nodiscard]] Account& account_of(const model::ProcessIdentity& process, std::int64_t elapsed_ns);
  [[nodiscard]] std::vector<std::size_t> longest_unread_first(std::span<const RationedProcess> processes,
                                                              std::int64_t elapsed_ns);
  [[nodiscard]] bool is_held_back(const Account& account, std::int64_t elapsed_ns, std::int64_t cost_ns) const;

  RationRule rule_;
  std::map<model::ProcessIdentity, Account> accounts_;
  std::int64_t spent_ns_ = 0;
  std::int64_t last_cost_ns_ = 0;
};

}  // namespace tidemark::collect
