// Purpose: decides, by reading only, whether and where an existing recording is continued.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidemark/base/result.hpp"
#include "tidemark/record/encoder.hpp"
#include "tidemark/record/last_row.hpp"
#include "tidemark/record/rotated_set.hpp"

namespace tidemark::record::detail {

struct AppendPlan {
  std::uint64_t keep_bytes = 0;  ///< the whole lines; what follows is cut off
  std::uint64_t torn_bytes = 0;
  std::optional<LastRow> last;  ///< of the file, or of the newest rotated one when the file has no row
};

/// `usage` when the file (or, when that is empty, the newest rotated one) has another header than `header_line`;
/// `detail` then holds both. CSV headers are equal byte for byte. JSONL headers are equal when format version and
/// columns are: host, command line and start differ from run to run, which is why an appended run writes its own header
/// line.
[[nodiscard]] base::Result<AppendPlan> plan_append(const std::string& path, const RotatedSet& rotated, Format format,
                                                   const std::string& header_line);

}  // namespace tidemark::record::detail
