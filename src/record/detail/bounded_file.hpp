// Purpose: the first `size` bytes of a recording as a stream, for the parsers. Not a mapping: a recorder that cuts the
// file back while we read would be a SIGBUS there, and is only an early end here.
// Invariant: an error of read(2) is kept and never passes for the end of the file.
#pragma once

#include <cstdint>
#include <streambuf>
#include <vector>

#include "tidemark/base/fd.hpp"

namespace tidemark::record::detail {

class BoundedFile final : public std::streambuf {
 public:
  BoundedFile(base::Fd file, std::uint64_t size_bytes) : file_(std::move(file)), size_bytes_(size_bytes) {}

  /// Goes on reading at `offset`.
  void restart_at(std::uint64_t offset);

  /// How many line ends lie between two offsets.
  [[nodiscard]] std::uint64_t count_lines(std::uint64_t begin, std::uint64_t end) const;
  /// The offset behind the first line end at or after `offset`; the size when there is none.
  [[nodiscard]] std::uint64_t next_line(std::uint64_t offset) const;

  [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }
  /// The errno of a read that failed; 0 when none did.
  [[nodiscard]] int read_errno() const { return read_errno_; }

 protected:
  int_type underflow() override;
  /// What the parsers ask for is larger than the buffer and goes past it.
  std::streamsize xsgetn(char* out, std::streamsize wanted) override;

 private:
  std::size_t read_into(char* out, std::size_t wanted);

  base::Fd file_;
  std::uint64_t size_bytes_;
  std::uint64_t position_ = 0;  ///< of the next read(2)
  int read_errno_ = 0;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{64} << 10U);
};

}  // namespace tidemark::record::detail
