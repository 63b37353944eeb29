// Purpose: reads a whole recording: CSV of ours or of a psutil-style recorder, JSONL, rotated sets. What is not a row
// is counted and named. Which columns are decoded is the list of model::RecordedRow; the rest is not looked at.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/model/recorded.hpp"

namespace tidemark::record {

/// The files of one recording, oldest first: `x.1.csv`, `x.2.csv`, `x.csv`.
struct RecordingFiles {
  std::string name;  ///< the file as a user would name the recording: `x.csv`
  std::vector<std::string> paths;
  model::RecordedFormat format = model::RecordedFormat::csv;
  /// Of a CSV: the files with its censuses, oldest first; a JSONL holds its own.
  std::vector<std::string> objects = {};
  std::vector<std::string> twins;  ///< given too and left aside: the same recording in the other format
};

/// Groups what a user named (also by a shell's `x*.csv`) into recordings, in the order named: each file brings its
/// rotated set, a set named in parts is read once, and `x.csv` beside `x.jsonl` of one run is read as JSONL, which has
/// the marks' fields too. An objects file stands for the recording that it belongs to. Errors: those of opening;
/// malformed for a file that is no recording (empty, foreign, no whole line), with the reason in `detail`.
[[nodiscard]] base::Result<std::vector<RecordingFiles>> find_recordings(const std::vector<std::string>& named);

/// A line that was not read as a row.
struct LostLine {
  std::string path;
  std::uint64_t line = 0;  ///< from 1, as editors count
  std::string why;         ///< "12 cells, the header has 49", "elapsed_seconds is 'abc'"
};

struct ReadingLosses {
  std::uint64_t lost_rows = 0;         ///< wrong width, or without a pid or time that can be read
  std::vector<LostLine> first;         ///< the first max_named_lines of them
  std::uint64_t torn_tails = 0;        ///< files whose last line was still being written
  std::uint64_t bad_cells = 0;         ///< numbers that could not be read: taken as empty
  std::uint64_t foreign_censuses = 0;  ///< in the objects files, but not of this recording's time: left out
  std::uint64_t rows = 0;              ///< read
};

/// Reads all of it, in order. Errors: those of open and read; malformed when the files do not fit together.
[[nodiscard]] base::Result<ReadingLosses> read_recording(const RecordingFiles& files, model::RecordingVisitor& visitor);

}  // namespace tidemark::record
