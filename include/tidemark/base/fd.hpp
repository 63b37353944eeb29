// Purpose: the owner of a file descriptor. Raw descriptors are closed nowhere else.
// Invariant: holds a descriptor it alone closes, or nothing (-1).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "tidemark/base/result.hpp"

namespace tidemark::base {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int raw) : raw_(raw) {}
  Fd(Fd&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.raw_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return raw_; }
  [[nodiscard]] bool is_open() const { return raw_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(raw_, -1); }
  void reset(int raw = -1);

 private:
  int raw_ = -1;
};

/// openat(2) with O_CLOEXEC added; `doing` names the step for the error.
[[nodiscard]] Result<Fd> open_at(int directory, const std::string& path, int flags, std::string doing,
                                 unsigned mode = 0);

/// One pread at offset 0: right for the files of /proc that the kernel makes in one piece (stat, status, io), where a
/// second read would make the text again. The number of bytes read; a text that fills the buffer is `limit`.
[[nodiscard]] Result<std::size_t> read_from_start(int fd, std::span<char> buffer, std::string_view doing);

/// The whole of a file, at most `cap_bytes`.
[[nodiscard]] Result<std::string> read_file(int directory, const std::string& path, std::size_t cap_bytes,
                                            std::string doing);

/// Writes all of `bytes` at the descriptor's position (short writes and EINTR continued). On failure `written` says
/// how many bytes reached the file before it.
[[nodiscard]] Result<void> write_all(int fd, std::string_view bytes, std::string_view doing, std::size_t& written);

}  // namespace tidemark::base
