// Purpose: what a file is and when it begins and ends, from its two ends only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidemark/base/result.hpp"
#include "tidemark/model/recorded.hpp"

namespace tidemark::record::detail {

struct RowTime {
  std::int64_t wall_ns = 0, elapsed_ns = 0;

  bool operator==(const RowTime&) const = default;
};

struct FileProbe {
  model::RecordedFormat format = model::RecordedFormat::csv;
  std::optional<RowTime> first, last;  ///< of its rows; unset when none is found near that end
};

/// Errors: those of open and read; malformed, with the reason, for what is no recording.
[[nodiscard]] base::Result<FileProbe> probe_file(const std::string& path);

}  // namespace tidemark::record::detail
