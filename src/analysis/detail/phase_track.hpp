// Purpose: phases put together from the rows' phase column and, where there are any, the marks behind it.
#pragma once

#include <string_view>
#include <vector>

#include "tidemark/analysis/recording.hpp"

namespace tidemark::analysis {

class PhaseTrack {
 public:
  /// A mark is seen before the rows of the tick it took.
  void mark(const model::Mark& mark) { waiting_.push_back(mark); }
  /// True when a phase begins with this tick.
  bool begin_tick(std::int64_t at_ns, std::string_view phase);
  /// `shared_borders`: a phase ends at the tick that begins the next; else at its own last tick.
  [[nodiscard]] std::vector<PhaseSpan> take(bool shared_borders, std::int64_t end_ns);

 private:
  struct Begun {
    PhaseSpan span;              ///< from its first tick to its last
    std::int64_t border_ns = 0;  ///< the first tick that is no longer in it
    bool has_border = false;
  };
  std::vector<Begun> begun_;
  std::vector<model::Mark> waiting_;
  std::string current_;
};

}  // namespace tidemark::analysis
