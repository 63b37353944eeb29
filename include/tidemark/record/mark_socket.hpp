// Purpose: unix sockets that have a name in the file system: the end that listens and the connect to it.
// Invariants: a name appears only when its socket already listens, so a name that refuses a connect(2) is stale (its
// owner was killed) and may be replaced; a live one, or a file that is no socket, never is. Only the name is limited
// (255 bytes), not the path: sun_path has 108 bytes, so we bind under a short name in the directory's /proc/self/fd
// entry and link the real name to it, and connect through the O_PATH descriptor of the socket itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::record {

/// A listening, non-blocking socket with mode 0600; its name goes with it.
class ListeningSocket {
 public:
  /// `busy` when a live socket or another file has that name. `path` is made absolute against the working directory.
  [[nodiscard]] static base::Result<ListeningSocket> open(const std::string& path);
  ListeningSocket(ListeningSocket&&) noexcept = default;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  ListeningSocket(base::Fd socket, base::Fd directory, std::string path, ino_t inode);

  base::Fd socket_;
  base::Fd directory_;  ///< closed in a socket that was moved from, which then removes nothing
  std::string path_;
  ino_t inode_;  ///< of the name: removed only while it is still this one
};

/// A connected stream socket. Waits at most `timeout_ns` for room in the listener's queue (0: not at all, then `busy`).
/// `not_found`: no such name; `closed`: nobody listens (stale); `malformed`: not a socket; `permission`.
[[nodiscard]] base::Result<base::Fd> connect_socket(const std::string& path, std::int64_t timeout_ns);

/// True when somebody listens there, even if we may not connect.
[[nodiscard]] bool socket_is_live(const std::string& path);

}  // namespace tidemark::record
