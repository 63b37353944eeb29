// Purpose: what the kernel says each thread of a process does, and what the process itself calls the thread.
// Invariants: a thread that ends meanwhile is left out. Descriptors of task/TID/stat are kept for a reading per tick:
// one of a thread that has ended never speaks for another, although the tid may come again.
#pragma once

#include <unordered_map>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::proc {

struct ThreadRun {
  base::Tid outer = 0;  ///< as this /proc names it
  base::Tid inner = 0;  ///< what its own gettid() says
  char state =
      '?';  ///< R on a processor or waiting for one, S sleeps, D sleeps uninterruptibly, T t stopped, Z X ended

  bool operator==(const ThreadRun&) const = default;
};

/// Threads whose descriptor is kept; those of the ones beyond are opened each time (about 6 us each).
inline constexpr std::size_t max_kept_stats = 256;

class ThreadStates {
 public:
  /// All threads, in no order. `process` is the same one at each call. Errors: `gone`, `limit` (more than
  /// max_inner_threads), `unsupported` before kernel 4.1 (no NSpid).
  [[nodiscard]] base::Result<std::vector<ThreadRun>> read(ProcessFiles& process);

 private:
  struct Kept {
    base::Fd stat;
    base::Tid inner = 0;
    bool seen = false;  ///< in this reading
  };

  [[nodiscard]] base::Result<ThreadRun> read_thread(const ProcessFiles& process, base::Tid tid);
  [[nodiscard]] base::Result<base::Tid> inner_of(const ProcessFiles& process, base::Tid tid) const;

  std::unordered_map<base::Tid, Kept> kept_;
  bool is_inner_another_ = true;  ///< the process is in a pid namespace below that of this /proc
};

}  // namespace tidemark::proc
