#include "detail/locked_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace tidemark::record::detail {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

constexpr const char* doing = "open the recording";
constexpr unsigned mode = 0666;  // less the umask

// O_APPEND: after somebody truncates the file under us (`> x.csv`, logrotate's copytruncate) we go on at its new end
// instead of leaving a hole of NULs before it.
constexpr int write_flags = O_RDWR | O_CREAT | O_APPEND;

Error held_by_another(const std::string& path) {
  return Error{.code = ErrorCode::busy, .doing = doing, .path = path, .detail = "another recorder is writing it"};
}

/// A file system without locks is no reason not to record.
Result<void> lock(const base::Fd& file, const std::string& path) {
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return base::fail(held_by_another(path));
  return {};
}

/// Whether `path` still names the file with this status: another recorder may have renamed it before we had the lock.
bool is_at(const struct stat& status, const std::string& path) {
  struct stat now {};
  return ::stat(path.c_str(), &now) == 0 && now.st_dev == status.st_dev && now.st_ino == status.st_ino;
}

bool is_special(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

Result<OpenedFile> open_locked(const std::string& path) {
  if (is_special(path)) {
    auto file = base::open_at(AT_FDCWD, path, O_WRONLY, doing);
    if (!file) return base::fail(std::move(file).error());
    return OpenedFile{.file = std::move(*file)};
  }
  auto file = base::open_at(AT_FDCWD, path, write_flags, doing, mode);
  if (!file) return base::fail(std::move(file).error());
  if (auto locked = lock(*file, path); !locked) return base::fail(std::move(locked).error());
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return base::fail(base::os_error(doing, errno, path));
  if (!is_at(status, path)) return base::fail(held_by_another(path));
  return OpenedFile{.file = std::move(*file),
                    .regular = S_ISREG(status.st_mode),
                    .size_bytes = static_cast<std::uint64_t>(status.st_size)};
}

Result<OpenedFile> create_locked(const std::string& path) {
  auto file = base::open_at(AT_FDCWD, path, write_flags | O_EXCL, doing, mode);
  if (!file && file.error().os_errno == EEXIST) return base::fail(held_by_another(path));
  if (!file) return base::fail(std::move(file).error());
  if (auto locked = lock(*file, path); !locked) return base::fail(std::move(locked).error());
  return OpenedFile{.file = std::move(*file), .regular = true, .size_bytes = 0};
}

}  // namespace tidemark::record::detail
