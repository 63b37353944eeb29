// Purpose: how a target's heap is read, and what the reading is compared with, for every command that walks one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidemark/base/clock.hpp"

namespace tidemark::cli {

/// `automatic` takes the gentlest exact one.
enum class Consistency { racing, stopped, frozen, automatic };

struct ReadingMode {
  Consistency consistency = Consistency::racing;
  std::int64_t max_pause_ns = base::ns_per_second;
  bool low_memory = false;
};

struct ComparisonChoice {
  std::string save_file;                       ///< empty: none
  std::string diff_file;                       ///< empty: none
  std::optional<std::int64_t> growth_ns = {};  ///< --growth: two readings, so far apart
};

}  // namespace tidemark::cli
