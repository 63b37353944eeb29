// Purpose: reading the kernel's files: whole texts through kept descriptors, long texts line by line, directories of
// numbers.
// Invariant: memory is bounded by a named cap, whatever the file holds. Errors carry no path: the caller knows it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::proc::detail {

/// The longest text that is made in one piece: a status whose Groups line names all of NGROUPS_MAX (65,536).
inline constexpr std::size_t max_text_bytes = 1 << 20;

/// Room for one text: on the stack as long as it fits, which is nearly always.
class TextBuffer {
 public:
  TextBuffer() = default;  // the bytes are left as they are: clearing them costs as much as parsing
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;

  /// One read from the start of the file: the kernel makes these texts anew for each read, so they never fit together.
  /// The view lives as long as the buffer and until the next read. Longer than max_text_bytes is `limit`.
  [[nodiscard]] base::Result<std::string_view> read(int fd, std::string_view doing);

 private:
  static constexpr std::size_t first_bytes = 8192;
  std::array<char, first_bytes> first_;
  std::vector<char> more_;
};

/// The lines of a file that the kernel makes piece by piece (maps, smaps), from the descriptor's position.
class LineStream {
 public:
  LineStream(int fd, std::size_t max_line_bytes, std::string_view doing);

  /// The next line without its newline, valid until the next call; nullopt at the end. A longer line is `limit`, a last
  /// line without a newline malformed.
  [[nodiscard]] base::Result<std::optional<std::string_view>> next();

 private:
  [[nodiscard]] base::Result<bool> fill();

  int fd_;
  std::string_view doing_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

/// An entry of a directory whose name is a number.
struct NumberedEntry {
  base::Pid number = 0;
  std::uint64_t inode = 0;
};

/// All of them from the start of the directory; more than `cap` is `limit`.
[[nodiscard]] base::Result<std::vector<NumberedEntry>> list_numbered(int directory, std::size_t cap,
                                                                     std::string_view doing);

}  // namespace tidemark::proc::detail
