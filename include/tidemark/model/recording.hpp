// Purpose: what a recording says of itself, once, before its first sample.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/base/address.hpp"

namespace tidemark::model {

/// The JSONL header. Bump `format_version` only when a reader of the old one would misread the new one.
struct RecordingHeader {
  int format_version = 1;
  std::string tool;     ///< "tidemark 0.1.0"
  std::string host;     ///< nodename
  std::string boot_id;  ///< /proc/sys/kernel/random/boot_id: elapsed and start_ticks compare only within one
  std::string kernel;   ///< release
  std::vector<std::string> command_line;  ///< ours
  std::vector<base::Pid> targets;
  std::int64_t started_wall_ns = 0;
  double interval_seconds = 1;
};

}  // namespace tidemark::model
