// Purpose: what we cost ourselves, and our place in the queue of the OOM killer. Always our own /proc/self, never a
// root that was handed in.
#pragma once

#include <cstdint>
#include <optional>

#include "tidemark/base/result.hpp"

namespace tidemark::proc {

struct OwnUsage {
  std::int64_t cpu_ns = 0;     ///< CLOCK_PROCESS_CPUTIME_ID: all our threads
  std::uint64_t peak_rss = 0;  ///< VmHWM, bytes; where /proc/self cannot be read, getrusage's, which survives exec
  std::optional<std::uint64_t> rss;  ///< VmRSS, bytes; nullopt where /proc/self cannot be read
};

[[nodiscard]] OwnUsage own_usage();

/// While it lives its thread goes ahead of others that want the processor, where it may (CAP_SYS_NICE): somebody stands
/// still until it is done.
class Hurry {
 public:
  Hurry();
  Hurry(const Hurry&) = delete;
  Hurry& operator=(const Hurry&) = delete;
  ~Hurry();

 private:
  bool hurries_ = false;
};

/// -1000 (never) to 1000 (first). Raising needs no privilege. `usage` outside the range.
[[nodiscard]] base::Result<void> set_own_oom_score_adj(int value);
[[nodiscard]] base::Result<int> own_oom_score_adj();

}  // namespace tidemark::proc
