#include "tidemark/base/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tidemark::base {

void Fd::reset(int raw) {
  if (raw_ >= 0) ::close(raw_);
  raw_ = raw;
}

Result<Fd> open_at(int directory, const std::string& path, int flags, std::string doing, unsigned mode) {
  const int raw = ::openat(directory, path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode));
  if (raw < 0) return fail(os_error(std::move(doing), errno, path));
  return Fd(raw);
}

Result<std::size_t> read_from_start(int fd, std::span<char> buffer, std::string_view doing) {
  ssize_t got = 0;
  do {
    got = ::pread(fd, buffer.data(), buffer.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return fail(os_error(std::string(doing), errno));
  if (static_cast<std::size_t>(got) == buffer.size()) {
    return fail(Error{.code = ErrorCode::limit, .doing = std::string(doing), .detail = "longer than its cap"});
  }
  return static_cast<std::size_t>(got);
}

Result<std::string> read_file(int directory, const std::string& path, std::size_t cap_bytes, std::string doing) {
  auto fd = open_at(directory, path, O_RDONLY, doing);
  if (!fd) return fail(std::move(fd).error());
  constexpr std::size_t first_chunk_bytes = 4096;
  std::string text(std::min(cap_bytes + 1, first_chunk_bytes), '\0');
  std::size_t filled = 0;
  while (true) {
    const ssize_t got = ::read(fd->get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(os_error(std::move(doing), errno, path));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled < text.size()) continue;
    if (filled > cap_bytes) return fail(Error{.code = ErrorCode::limit, .doing = std::move(doing), .path = path});
    text.resize(std::min(cap_bytes + 1, filled * 2));
  }
  text.resize(filled);
  return text;
}

Result<void> write_all(int fd, std::string_view bytes, std::string_view doing, std::size_t& written) {
  written = 0;
  while (written < bytes.size()) {
    const ssize_t put = ::write(fd, bytes.data() + written, bytes.size() - written);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(os_error(std::string(doing), errno));
    if (put == 0) return fail(os_error(std::string(doing), EIO));
    written += static_cast<std::size_t>(put);
  }
  return {};
}

}  // namespace tidemark::base
