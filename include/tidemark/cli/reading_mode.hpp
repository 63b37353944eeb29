// Purpose: how a target's heap is read, for every command that walks one.
#pragma once

#include <cstdint>

#include "tidemark/base/clock.hpp"

namespace tidemark::cli {

/// `automatic` takes the gentlest exact one.
enum class Consistency { racing, stopped, frozen, automatic };

struct ReadingMode {
  Consistency consistency = Consistency::racing;
  std::int64_t max_pause_ns = base::ns_per_second;
  bool low_memory = false;
};

}  // namespace tidemark::cli
