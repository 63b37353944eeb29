// Purpose: what a person sees of a recording: one line while it runs, and its books. Values in, text out; no
// line is wider than the width asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/model/event.hpp"

namespace tidemark::present {

/// The live line's content.
struct ProgressView {
  std::int64_t elapsed_ns = 0;
  std::size_t processes = 0;
  model::Bytes rss_now = 0, rss_peak = 0;
  std::int64_t growth_bytes = 0;
  std::int64_t growth_per_hour_bytes = 0;
  bool has_growth_per_hour = false;  ///< false while too short to tell
  std::string phase;
};

/// One line without a newline, at most `width` columns: pieces that do not fit are left out from the end.
[[nodiscard]] std::string progress_line(const ProgressView& view, std::size_t width);

/// "At least 3 processes lived only between two ticks and have no row."; empty when there were none or nobody counted.
[[nodiscard]] std::string short_lived_sentence(const model::RecordingEnd& end);

/// The books of a recording: what was seen, what was missed and what it cost, for a recording without a report.
[[nodiscard]] std::string recording_books(const model::RecordingEnd& end, std::int64_t elapsed_ns);

}  // namespace tidemark::present
