// Purpose: opens a recording for writing and keeps other recorders out.
#pragma once

#include <string>

#include "tidemark/base/fd.hpp"

namespace tidemark::record::detail {

/// A file that is open for appending, and what it is.
struct OpenedFile {
  base::Fd file;
  bool regular = false;
  std::uint64_t size_bytes = 0;
};

/// Opens the file at `path`, creating it when it is missing. A regular file is locked (flock, exclusive) and is still
/// the one at `path`; anything else (fifo, device) is opened for writing only, and a fifo waits for its reader. `busy`
/// when another process holds the lock; nothing was changed then.
[[nodiscard]] base::Result<OpenedFile> open_locked(const std::string& path);

/// Creates and locks a file that must not exist yet; `busy` when somebody was quicker.
[[nodiscard]] base::Result<OpenedFile> create_locked(const std::string& path);

}  // namespace tidemark::record::detail
