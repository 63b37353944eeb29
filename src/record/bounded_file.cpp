#include "detail/bounded_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace tidemark::record::detail {
namespace {

using Block = std::array<char, 1U << 14U>;

/// Reads a block; the number of bytes, 0 at the end and on an error.
std::size_t read_block(const base::Fd& file, Block& block, std::uint64_t offset, std::uint64_t end) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(end - offset, block.size()));
  const ssize_t got = ::pread(file.get(), block.data(), wanted, static_cast<off_t>(offset));
  return got <= 0 ? 0 : static_cast<std::size_t>(got);
}

}  // namespace

void BoundedFile::restart_at(std::uint64_t offset) {
  position_ = offset;
  setg(nullptr, nullptr, nullptr);
}

std::uint64_t BoundedFile::count_lines(std::uint64_t begin, std::uint64_t end) const {
  Block block;
  std::uint64_t lines = 0;
  while (begin < end) {
    const std::size_t got = read_block(file_, block, begin, end);
    if (got == 0) break;
    lines += static_cast<std::uint64_t>(std::count(block.data(), block.data() + got, '\n'));
    begin += got;
  }
  return lines;
}

std::uint64_t BoundedFile::next_line(std::uint64_t offset) const {
  Block block;
  while (offset < size_bytes_) {
    const std::size_t got = read_block(file_, block, offset, size_bytes_);
    if (got == 0) break;
    const char* const found = std::find(block.data(), block.data() + got, '\n');
    if (found != block.data() + got) return offset + static_cast<std::uint64_t>(found - block.data()) + 1;
    offset += got;
  }
  return size_bytes_;
}

std::size_t BoundedFile::read_into(char* out, std::size_t wanted) {
  if (position_ >= size_bytes_) return 0;
  wanted = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, size_bytes_ - position_));
  ssize_t got = 0;
  do {
    got = ::pread(file_.get(), out, wanted, static_cast<off_t>(position_));
  } while (got < 0 && errno == EINTR);
  if (got < 0) read_errno_ = errno;
  if (got <= 0) return 0;
  position_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

std::streambuf::int_type BoundedFile::underflow() {
  const std::size_t got = read_into(buffer_.data(), buffer_.size());
  if (got == 0) return traits_type::eof();
  setg(buffer_.data(), buffer_.data(), buffer_.data() + got);
  return traits_type::to_int_type(buffer_.front());
}

std::streamsize BoundedFile::xsgetn(char* out, std::streamsize wanted) {
  std::streamsize filled = std::min(wanted, static_cast<std::streamsize>(egptr() - gptr()));
  if (filled > 0) {
    std::memcpy(out, gptr(), static_cast<std::size_t>(filled));
    setg(eback(), gptr() + filled, egptr());
  }
  while (filled < wanted) {
    const std::size_t got = read_into(out + filled, static_cast<std::size_t>(wanted - filled));
    if (got == 0) break;
    filled += static_cast<std::streamsize>(got);
  }
  return filled;
}

}  // namespace tidemark::record::detail
