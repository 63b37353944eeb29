// Purpose: where a recording left off, for --append. Reads only the two ends of the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidemark/base/result.hpp"
#include "tidemark/record/encoder.hpp"

namespace tidemark::record {

/// A recorder that continues it starts its elapsed time at `elapsed_ns + max(0, now - wall_ns)`.
struct LastRow {
  std::int64_t wall_ns = 0;     ///< to the millisecond
  std::int64_t elapsed_ns = 0;  ///< to the microsecond
  std::string phase;            ///< of the last row or mark, unescaped; empty before the first mark
};

/// Both ends of a file of ours.
struct FileEnds {
  std::string first_line;         ///< without its newline; not whole when whole_bytes is 0
  std::uint64_t whole_bytes = 0;  ///< up to and with the last newline
  std::uint64_t torn_bytes = 0;   ///< after it: not a line
};

/// No header of ours comes near this.
inline constexpr std::size_t max_header_bytes = std::size_t{1} << 20;

/// How far from the end the last row is looked for.
inline constexpr std::size_t max_tail_bytes = std::size_t{1} << 20;

/// A first line longer than max_header_bytes is `malformed`: such a file is not a recording.
[[nodiscard]] base::Result<FileEnds> read_ends(const std::string& path);

/// The last row of the whole lines of a recording; nullopt when it has only its header. A last line that is not a row
/// of ours is `malformed`.
[[nodiscard]] base::Result<std::optional<LastRow>> read_last_row(const std::string& path, Format format);

}  // namespace tidemark::record
