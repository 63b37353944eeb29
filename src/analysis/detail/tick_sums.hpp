// Purpose: the processes of a recording as series, with the sums over a tick: of all, and of those of one name. A tick
// in which one of them was not read is left out of the sum: less than all would look like a release.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tidemark/analysis/recording.hpp"

namespace tidemark::analysis {

class TickSums {
 public:
  /// Numbers as add_process() gives them count up from 0. Call it between begin_tick() and the process's first add().
  std::uint32_t add_process(const model::ProcessInfo& info);
  /// Ends the tick before.
  void begin_tick(std::int64_t at_ns);
  [[nodiscard]] bool has_in_this_tick(std::uint32_t process) const { return members_[process].tick == tick_; }
  /// A row of this tick, at its own time.
  void add(std::uint32_t process, std::int64_t at_ns, const model::RecordedRow& row);

  /// Hands all of it over; nothing is left here.
  void move_into(Recording& recording);

 private:
  /// What a tick adds up to so far.
  struct Sum {
    std::uint64_t tick = 0;
    double rss = 0, cpu = 0;
    bool rss_known = true, cpu_known = true;

    void add(const model::RecordedRow& row);
    void end_at(std::int64_t at_ns, MemorySeries& series) const;
  };
  struct Member {
    std::uint32_t name = 0;
    std::uint64_t tick = 0;  ///< of its last row
  };

  void end_tick();
  void join(std::uint32_t process, std::uint32_t name);

  std::vector<ProcessSeries> processes_;
  std::vector<Member> members_;
  std::vector<NameSeries> names_;
  std::vector<Sum> name_sums_;                ///< as names_
  std::vector<std::uint32_t> names_in_tick_;  ///< those that have a row in this tick
  std::unordered_map<std::string, std::uint32_t> name_numbers_;
  MemorySeries tree_;
  Sum tree_sum_;
  std::uint64_t tick_ = 0;  ///< counts from 1
  std::int64_t tick_at_ns_ = 0;
  std::uint64_t incomplete_ = 0;
};

}  // namespace tidemark::analysis
