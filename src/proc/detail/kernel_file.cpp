#include "kernel_file.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "text.hpp"
#include "tidemark/base/fd.hpp"

namespace tidemark::proc::detail {

using base::fail;
using base::Result;

Result<std::string_view> TextBuffer::read(int fd, std::string_view doing) {
  auto got = base::read_from_start(fd, first_, doing);
  if (got) return std::string_view(first_.data(), *got);
  for (const std::size_t size : {first_bytes * 8, max_text_bytes}) {
    if (got.error().code != base::ErrorCode::limit) break;
    more_.resize(size);
    got = base::read_from_start(fd, more_, doing);
    if (got) return std::string_view(more_.data(), *got);
  }
  return fail(std::move(got).error());
}

LineStream::LineStream(int fd, std::size_t max_line_bytes, std::string_view doing)
    : fd_(fd), doing_(doing), buffer_(max_line_bytes + 1) {}

Result<std::optional<std::string_view>> LineStream::next() {
  std::size_t searched = begin_;
  while (true) {
    const auto* newline = static_cast<const char*>(std::memchr(buffer_.data() + searched, '\n', end_ - searched));
    if (newline != nullptr) {
      const auto line_end = static_cast<std::size_t>(newline - buffer_.data());
      const std::string_view line(buffer_.data() + begin_, line_end - begin_);
      begin_ = line_end + 1;
      return std::optional(line);
    }
    auto more = fill();
    if (!more) return fail(std::move(more).error());
    if (!*more && begin_ == end_) return std::optional<std::string_view>();
    if (!*more) return fail(malformed(doing_, "cut line", {buffer_.data() + begin_, end_ - begin_}));
    searched = begin_;
  }
}

/// Moves what is left to the front and reads more behind it; false at the end of the file.
Result<bool> LineStream::fill() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
            buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) {
    return fail(base::Error{.code = base::ErrorCode::limit, .doing = std::string(doing_), .detail = "line too long"});
  }
  ssize_t got = 0;
  do {
    got = ::read(fd_, buffer_.data() + end_, buffer_.size() - end_);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return fail(base::os_error(std::string(doing_), errno));
  end_ += static_cast<std::size_t>(got);
  return got > 0;
}

namespace {

/// Adds the numbered ones of a block of linux_dirent64 records.
void take_entries(const char* block, std::size_t size, std::vector<NumberedEntry>& out) {
  constexpr std::size_t name_offset = offsetof(dirent64, d_name);
  for (std::size_t at = 0; at + name_offset < size;) {
    NumberedEntry entry;
    std::uint16_t record_bytes = 0;
    std::memcpy(&entry.inode, block + at + offsetof(dirent64, d_ino), sizeof entry.inode);
    std::memcpy(&record_bytes, block + at + offsetof(dirent64, d_reclen), sizeof record_bytes);
    const std::string_view name(block + at + name_offset);
    if (parse_number(name, entry.number) && entry.number >= 0) out.push_back(entry);
    at += record_bytes;
  }
}

}  // namespace

Result<std::vector<NumberedEntry>> list_numbered(int directory, std::size_t cap, std::string_view doing) {
  constexpr std::size_t block_bytes = 16 * 1024;
  alignas(dirent64) std::array<char, block_bytes> block;
  std::vector<NumberedEntry> entries;
  if (::lseek(directory, 0, SEEK_SET) < 0) return fail(base::os_error(std::string(doing), errno));
  while (true) {
    const ssize_t got = ::getdents64(directory, block.data(), block.size());
    if (got < 0) return fail(base::os_error(std::string(doing), errno));
    if (got == 0) return entries;
    take_entries(block.data(), static_cast<std::size_t>(got), entries);
    if (entries.size() > cap) {
      return fail(
          base::Error{.code = base::ErrorCode::limit, .doing = std::string(doing), .detail = "too many entries"});
    }
  }
}

}  // namespace tidemark::proc::detail
