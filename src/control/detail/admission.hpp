// Purpose: may this target be stopped, and if not, why: looked at before anything is done to it, and again to explain
// what the tracer could not do.
#pragma once

#include <cstdint>

#include "tidemark/base/result.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/process_files.hpp"
#include "tracer.hpp"

namespace tidemark::control::detail {

/// The target's /proc, and the /proc that names its tracer.
struct Subject {
  const proc::ProcRoot& root;
  proc::ProcessFiles& files;
};

/// `usage`: ourselves, or options out of bounds.
[[nodiscard]] base::Result<void> check_options(base::Pid pid, const StopOptions& options);

/// Waits at most `patience_ns` for a thread in uninterruptible sleep to leave it. The first living thread, which has
/// the memory: that of a leader that has ended is gone. Errors: `gone`, `busy` (traced, or such a thread), `limit`,
/// `unsupported` (a kernel thread).
[[nodiscard]] base::Result<base::Tid> admit(const Subject& subject, std::int64_t patience_ns);

/// Why the tracer gave up.
[[nodiscard]] base::Error explain_failure(const Subject& subject, const Message& message, const StopOptions& options);

/// It said nothing.
[[nodiscard]] base::Error tracer_was_killed(const Subject& subject);

}  // namespace tidemark::control::detail
