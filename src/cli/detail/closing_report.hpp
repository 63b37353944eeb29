// Purpose: what `record` prints at its end: the report of what it has just written, as `tidemark report FILE` gives it.
#pragma once

#include <string>
#include <vector>

#include "tidemark/model/event.hpp"
#include "tidemark/present/report.hpp"

namespace tidemark::cli {

struct Closing {
  std::vector<std::string> files;  ///< that were written to the end
  model::RecordingEnd end;         ///< CSV has no books of its own
  std::int64_t elapsed_ns = 0;
  std::vector<std::string> notes;  ///< sources that were refused, as sentences
};

/// Reads the files back. A recording that cannot be read again (standard output, a fifo) has its books only, and the
/// text says how to get a report.
[[nodiscard]] std::string closing_report(const Closing& closing, const present::TextStyle& style);

}  // namespace tidemark::cli
