// Purpose: one file of a recording, row by row, to the decoder that the files of a recording share.
#pragma once

#include <string>

#include "row_decoder.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/record/recording_reader.hpp"

namespace tidemark::record::detail {

/// Where the rows and events of a recording's files go.
struct Reading {
  RowDecoder& decoder;
  model::RecordingVisitor& visitor;
  ReadingLosses& losses;
};

/// `names` are the columns of the file before (empty for the first); a file that lacks one of them is malformed.
[[nodiscard]] base::Result<void> read_csv_file(const std::string& path, std::vector<std::string>& names, Reading into);

/// The censuses beside the CSV whose rows have been read; oldest file first.
[[nodiscard]] base::Result<void> read_objects_files(const std::vector<std::string>& paths, Reading into);

[[nodiscard]] base::Result<void> read_jsonl_file(const std::string& path, Reading into);

}  // namespace tidemark::record::detail
