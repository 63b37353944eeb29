#include "tidemark/record/mark_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "tidemark/base/clock.hpp"

namespace tidemark::record {
namespace {

constexpr int backlog = 16;
constexpr int publish_attempts = 3;
constexpr const char* opening = "open a socket for marks";
constexpr const char* connecting = "connect to the recorder";

/// A directory that is open, and a name in it.
struct Place {
  int directory;
  std::string name;
};

/// `/proc/self/fd/N` or `/proc/self/fd/N/NAME`: short, whatever the path of N is.
sockaddr_un address_of(int fd, const std::string& name) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd) + (name.empty() ? "" : "/" + name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  return address;
}

/// sockaddr_un is one of the shapes that the socket calls take as sockaddr.
const sockaddr* as_sockaddr(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

/// Only an O_PATH descriptor of a socket can be had, and a connect through it reaches this inode and no later one.
base::Result<base::Fd> open_name(int directory, const std::string& name) {
  auto found = base::open_at(directory, name, O_PATH | O_NOFOLLOW, connecting);
  if (!found) return found;
  struct stat status {};
  if (::fstat(found->get(), &status) != 0) return base::fail(base::os_error(connecting, errno, name));
  if (!S_ISSOCK(status.st_mode)) {
    return base::fail(base::Error{
        .code = base::ErrorCode::malformed, .doing = connecting, .path = name, .detail = "it is not a socket"});
  }
  return found;
}

ino_t inode_of(int directory, const std::string& name) {
  struct stat status {};
  return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_ino : 0;
}

base::Result<base::Fd> connect_to(int name_fd, const std::string& path, std::int64_t timeout_ns) {
  base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (timeout_ns == 0 ? SOCK_NONBLOCK : 0), 0));
  if (!socket.is_open()) return base::fail(base::os_error(connecting, errno, path));
  // Rounded up: a timeout of zero would be none at all.
  const timeval timeout{.tv_sec = timeout_ns / base::ns_per_second,
                        .tv_usec = timeout_ns % base::ns_per_second / 1000 + 1};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const auto address = address_of(name_fd, {});
  if (::connect(socket.get(), as_sockaddr(address), sizeof address) == 0) return socket;
  auto error = base::os_error(connecting, errno, path);
  if (error.os_errno == ECONNREFUSED) error.code = base::ErrorCode::closed;
  return base::fail(std::move(error));
}

/// Only a refusal says that nobody listens; a full queue or a missing permission is somebody.
bool is_stale(const base::Result<base::Fd>& connected) {
  return !connected && connected.error().code == base::ErrorCode::closed;
}

base::Result<base::Fd> listen_at(const Place& place, const std::string& path) {
  base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return base::fail(base::os_error(opening, errno, path));
  const auto address = address_of(place.directory, place.name);
  const bool is_ready = ::bind(socket.get(), as_sockaddr(address), sizeof address) == 0 &&
                        // Before it listens nobody can connect, so the mode is never wide open.
                        ::fchmodat(place.directory, place.name.c_str(), S_IRUSR | S_IWUSR, 0) == 0 &&
                        ::listen(socket.get(), backlog) == 0;
  if (!is_ready) return base::fail(base::os_error(opening, errno, path));
  return socket;
}

base::Unexpected name_is_taken(const std::string& path, std::string detail) {
  return base::fail(base::Error{
      .code = base::ErrorCode::busy, .doing = opening, .path = path, .os_errno = 0, .detail = std::move(detail)});
}

/// Moves the stale name to `aside` before it goes: a name that another recorder published meanwhile comes back.
base::Result<void> remove_stale(const Place& wanted, const std::string& aside, const std::string& path) {
  auto name_fd = open_name(wanted.directory, wanted.name);
  if (!name_fd && name_fd.error().code == base::ErrorCode::not_found) return {};
  if (!name_fd) return name_is_taken(path, "a file that is no socket has this name");
  if (!is_stale(connect_to(name_fd->get(), path, 0))) return name_is_taken(path, "another recorder listens here");
  struct stat stale {};
  if (::fstat(name_fd->get(), &stale) != 0 ||
      ::renameat(wanted.directory, wanted.name.c_str(), wanted.directory, aside.c_str()) != 0) {
    return base::fail(base::os_error("replace a stale socket", errno, path));
  }
  if (inode_of(wanted.directory, aside) != stale.st_ino) {
    ::linkat(wanted.directory, aside.c_str(), wanted.directory, wanted.name.c_str(), 0);
  }
  ::unlinkat(wanted.directory, aside.c_str(), 0);
  return {};
}

/// Gives the listening socket at `temporary` its real name: link(2), unlike rename(2), never replaces.
base::Result<void> publish(const Place& wanted, const std::string& temporary, const std::string& path) {
  for (int attempt = 0; attempt < publish_attempts; ++attempt) {
    if (::linkat(wanted.directory, temporary.c_str(), wanted.directory, wanted.name.c_str(), 0) == 0) return {};
    if (errno != EEXIST) return base::fail(base::os_error(opening, errno, path));
    if (auto removed = remove_stale(wanted, temporary + "-stale", path); !removed) return removed;
  }
  return name_is_taken(path, "other recorders start here at the same time");
}

}  // namespace

ListeningSocket::ListeningSocket(base::Fd socket, base::Fd directory, std::string path, ino_t inode)
    : socket_(std::move(socket)), directory_(std::move(directory)), path_(std::move(path)), inode_(inode) {}

ListeningSocket::~ListeningSocket() {
  if (!directory_.is_open()) return;
  const std::string name = std::filesystem::path(path_).filename().string();
  if (inode_of(directory_.get(), name) == inode_) ::unlinkat(directory_.get(), name.c_str(), 0);
}

base::Result<ListeningSocket> ListeningSocket::open(const std::string& path) {
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(path, failed).lexically_normal();
  if (failed) return base::fail(base::os_error(opening, failed.value(), path));
  auto directory = base::open_at(AT_FDCWD, absolute.parent_path().string(), O_RDONLY | O_DIRECTORY, opening);
  if (!directory) return base::fail(std::move(directory).error());
  const Place wanted{directory->get(), absolute.filename().string()};
  // Unique among our own sockets by the descriptor, among processes by the pid.
  const Place temporary{directory->get(),
                        ".tidemark-" + std::to_string(::getpid()) + "-" + std::to_string(directory->get())};
  ::unlinkat(temporary.directory, temporary.name.c_str(), 0);  // of a killed recorder that had this pid
  auto socket = listen_at(temporary, path);
  auto published = socket ? publish(wanted, temporary.name, path) : base::Result<void>();
  const ino_t inode = inode_of(temporary.directory, temporary.name);
  ::unlinkat(temporary.directory, temporary.name.c_str(), 0);
  if (!socket) return base::fail(std::move(socket).error());
  if (!published) return base::fail(std::move(published).error());
  return ListeningSocket(std::move(*socket), std::move(*directory), absolute.string(), inode);
}

base::Result<base::Fd> connect_socket(const std::string& path, std::int64_t timeout_ns) {
  auto name_fd = open_name(AT_FDCWD, path);
  if (!name_fd) return name_fd;
  return connect_to(name_fd->get(), path, timeout_ns);
}

bool socket_is_live(const std::string& path) {
  auto name_fd = open_name(AT_FDCWD, path);
  return name_fd && !is_stale(connect_to(name_fd->get(), path, 0));
}

}  // namespace tidemark::record
