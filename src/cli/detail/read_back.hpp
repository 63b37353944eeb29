// Purpose: from file names to recordings in memory, for `report`, `compare` and the closing report of `record`.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tidemark/analysis/recording.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/record/recording_reader.hpp"

namespace tidemark::cli {

/// One recording's files read: several recordings when the machine was restarted in between.
struct ReadBack {
  record::RecordingFiles files;
  std::vector<analysis::Recording> recordings;
  std::vector<std::string> notes;  ///< sentences about what was not read

  /// All that were read, with those of the censuses.
  [[nodiscard]] std::vector<std::string> paths() const;
};

[[nodiscard]] std::variant<std::vector<ReadBack>, Failure> read_back(const std::vector<std::string>& named);

}  // namespace tidemark::cli
