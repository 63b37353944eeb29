// Purpose: what it means that an entry of /proc/PID is not there.
#pragma once

#include <utility>

#include "tidemark/base/result.hpp"

namespace tidemark::base {

/// An entry of /proc/PID that is not there has no process any more; also when a thread's execve takes over its id, which
/// ends what was opened of it before.
[[nodiscard]] inline Error absent_means_gone(Error error) {
  if (error.code == ErrorCode::not_found) error.code = ErrorCode::gone;
  return error;
}

}  // namespace tidemark::base
