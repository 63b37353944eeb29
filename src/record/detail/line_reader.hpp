// Purpose: the lines of a file one by one, whatever their length. Invariant: holds at most max_line_bytes; a longer
// line is passed over and said to be so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bounded_file.hpp"

namespace tidemark::record::detail {

/// More than a `maps` line of a process with ten thousand files.
inline constexpr std::size_t max_line_bytes = std::size_t{16} << 20U;

class LineReader {
 public:
  explicit LineReader(BoundedFile& file) : file_(file) {}

  struct Line {
    std::string_view text;  ///< without its newline; valid until the next call
    std::uint64_t number = 0;
    bool too_long = false;  ///< then there is no text
  };

  /// False at the end of the file, or where it could not be read (BoundedFile::read_errno).
  [[nodiscard]] bool next(Line& line);

 private:
  [[nodiscard]] bool fill();

  BoundedFile& file_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of the next line in buffer_
  std::uint64_t number_ = 0;
};

}  // namespace tidemark::record::detail
