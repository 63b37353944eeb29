// Purpose: how the CSV parser is told to read recordings, the same for files and single lines.
#pragma once

#include <csv.hpp>

namespace tidemark::record::detail {

/// More than any row of ours (five texts of max_text_bytes, each byte escaped), and little to hold in memory.
inline constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

/// Everything is said, nothing is guessed; a row of another width is handed over instead of dropped.
inline csv::CSVFormat recording_format() {
  csv::CSVFormat format;
  format.delimiter(',').quote('"').variable_columns(csv::VariableColumnPolicy::KEEP);
  format.threading(false).chunk_size(chunk_bytes);
  return format;
}

}  // namespace tidemark::record::detail
