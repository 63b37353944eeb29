// Purpose: why a value is missing. The text forms are part of the recording format (docs/recording-format.md): they are
// never renamed.
#pragma once

#include <string>
#include <string_view>

#include "tidemark/base/result.hpp"

namespace tidemark::model {

/// Which reading is missing.
enum class Source {
  stat,
  status,
  cpu,
  io,
  fds,
  smaps_rollup,
  smaps,
  children,
  cgroup,
  system,
  python,
  threads,
  gil,
  gc,
  frame,
  stacks,
  heap,
  objects
};

/// Why it is missing.
enum class Reason {
  denied,         ///< EPERM or EACCES
  gone,           ///< the process exited while it was read
  absent,         ///< the page is not resident and was not faulted in
  torn,           ///< two readings did not agree
  fault,          ///< the address is not mapped
  malformed,      ///< bytes that make no sense
  unsupported,    ///< the kernel has no such file or call
  not_python,     ///< no CPython runtime in the process
  starting,       ///< the interpreter is not initialised yet; tried again
  version,        ///< a CPython version without a layout table
  debug_build,    ///< a pydebug build
  free_threaded,  ///< a build without the GIL
  self_check,     ///< the layout did not pass its self-check: nothing is read with it
  too_slow,       ///< its measured cost is over the budget
  limit,          ///< a named cap was passed
  failed,         ///< anything else; the error event has the text
};

struct Gap {
  Source source;
  Reason reason;

  auto operator<=>(const Gap&) const = default;
};

[[nodiscard]] std::string_view text_of(Source source);
[[nodiscard]] std::string_view text_of(Reason reason);

/// `io:denied`; several gaps of a row are separated by one space.
[[nodiscard]] std::string text_of(Gap gap);

/// The reason that fits an error of a read.
[[nodiscard]] Reason reason_of(const base::Error& error);

}  // namespace tidemark::model
