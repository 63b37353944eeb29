// Purpose: what a person sees of a recording: one line while it runs, a screen when it ends. Values in, text out; no
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

/// One row of the closing table.
struct ProcessRow {
  std::string name;
  std::int64_t pid = 0;
  model::Bytes start = 0, peak = 0, end = 0;
  std::int64_t growth_bytes = 0;
  bool has_cpu = false;
  double mean_cpu_percent = 0;
  std::string python;  ///< "3.11.2", or empty
};

struct SummaryView {
  std::int64_t duration_ns = 0;
  ProcessRow tree;               ///< the sum of all
  std::vector<ProcessRow> rows;  ///< largest growth first; the caller cuts
  std::uint64_t rows_left_out = 0;
  std::int64_t growth_per_hour_bytes = 0;
  bool has_growth_per_hour = false;
  model::RecordingEnd end;
  std::vector<std::string> notes;  ///< sources that were refused, as sentences
  std::vector<std::string> files;
};

/// The closing screen: what was seen, what could not be read, what it cost, and the files.
[[nodiscard]] std::string recording_summary(const SummaryView& view);

}  // namespace tidemark::present
