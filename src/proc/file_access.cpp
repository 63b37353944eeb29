#include "tidemark/proc/file_access.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "tidemark/proc/maps.hpp"

namespace tidemark::proc {
namespace {

constexpr std::array<std::string_view, 7> probed_files{"maps", "smaps_rollup", "pagemap",  "io",
                                                       "fd",   "environ",      memory_file};

std::optional<base::Error> try_open(const ProcessFiles& process, const std::string& file) {
  auto opened = base::open_at(process.dir_fd(), file, O_RDONLY | O_NONBLOCK, "open");
  if (!opened) return std::move(opened).error();
  if (file != "io") return std::nullopt;
  // The one file whose permission is checked when it is read (fs/proc/base.c, do_io_accounting).
  std::array<char, 1024> text;
  auto read = base::read_from_start(opened->get(), text, "read");
  if (!read) return std::move(read).error();
  return std::nullopt;
}

}  // namespace

std::vector<FileAccess> probe_files(const ProcessFiles& process) {
  std::vector<FileAccess> all;
  for (const auto file : probed_files) {
    const std::string name(file);
    auto refusal = try_open(process, name);
    if (refusal) refusal->path = process.path() + "/" + name;
    all.push_back({name, std::move(refusal)});
  }
  return all;
}

std::optional<bool> is_dumpable(const ProcessFiles& process, std::uint32_t effective_uid) {
  struct stat found {};
  // Not the directory: it is its user's whatever the process says.
  if (effective_uid == 0 || ::fstatat(process.dir_fd(), "maps", &found, 0) != 0) return std::nullopt;
  return found.st_uid == effective_uid;
}

ProgramFile program_file(const ProcessFiles& process) {
  const auto path = process.executable();
  if (!path) return ProgramFile::unknown;
  struct stat mapped {};
  struct stat on_disk {};
  if (const auto kept = without_deleted_mark(*path); kept != *path) {
    // An upgrade leaves another file of the same name.
    const std::string name = "root" + std::string(kept);
    return ::fstatat(process.dir_fd(), name.c_str(), &on_disk, 0) == 0 ? ProgramFile::replaced : ProgramFile::deleted;
  }
  if (::fstatat(process.dir_fd(), "exe", &mapped, 0) != 0) return ProgramFile::unknown;
  if (::fstatat(process.dir_fd(), ("root" + *path).c_str(), &on_disk, 0) != 0) return ProgramFile::unknown;
  const bool same = mapped.st_ino == on_disk.st_ino && mapped.st_dev == on_disk.st_dev;
  return same ? ProgramFile::as_started : ProgramFile::replaced;
}

}  // namespace tidemark::proc
