#include "tidemark/proc/proc_root.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <utility>

#include "detail/kernel_file.hpp"
#include "detail/text.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view read_meminfo_step = "read the memory of the machine";
constexpr std::string_view read_boot_time_step = "read the boot time";

base::Error at_path(base::Error error, std::string path) {
  error.path = std::move(path);
  return error;
}

}  // namespace

Result<ProcRoot> ProcRoot::open(std::string path) {
  auto directory = base::open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, "open the proc filesystem");
  if (!directory) return fail(std::move(directory).error());
  struct statfs filesystem {};
  const bool known = ::fstatfs(directory->get(), &filesystem) == 0;
  return ProcRoot(std::move(*directory), std::move(path), known && filesystem.f_type == PROC_SUPER_MAGIC);
}

Result<MemInfo> parse_meminfo(std::string_view text) {
  MemInfo info;
  bool has_total = false, has_available = false;
  std::string_view line, key, value;
  while (detail::next_line(text, line)) {
    if (!detail::split_key(line, key, value)) continue;
    if (key != "MemTotal" && key != "MemAvailable") continue;
    const bool is_total = key == "MemTotal";
    if (!detail::parse_kilobytes(value, is_total ? info.total : info.available)) {
      return fail(detail::malformed(read_meminfo_step, "no size", line));
    }
    (is_total ? has_total : has_available) = true;
    if (has_total && has_available) return info;
  }
  return fail(detail::malformed(read_meminfo_step, "no MemTotal and MemAvailable", text));
}

Result<MeminfoFile> MeminfoFile::open(const ProcRoot& root) {
  auto file = base::open_at(root.fd(), "meminfo", O_RDONLY, std::string(read_meminfo_step));
  if (!file) return fail(at_path(std::move(file).error(), root.path() + "/meminfo"));
  return MeminfoFile(std::move(*file), root.path() + "/meminfo");
}

Result<MemInfo> MeminfoFile::read() const {
  detail::TextBuffer buffer;
  auto text = buffer.read(file_.get(), read_meminfo_step);
  if (!text) return fail(at_path(std::move(text).error(), path_));
  auto info = parse_meminfo(*text);
  if (!info) return fail(at_path(std::move(info).error(), path_));
  return info;
}

Result<MemInfo> read_meminfo(const ProcRoot& root) {
  auto file = MeminfoFile::open(root);
  if (!file) return fail(std::move(file).error());
  return file->read();
}

Result<std::uint64_t> parse_boot_time(std::string_view stat_text) {
  std::string_view rest = stat_text, line;
  while (detail::next_line(rest, line)) {
    if (detail::next_word(line) != "btime") continue;
    std::uint64_t seconds = 0;
    if (detail::take_number(line, seconds) && line.empty()) return seconds;
    return fail(detail::malformed(read_boot_time_step, "no number after btime", line));
  }
  return fail(detail::malformed(read_boot_time_step, "no line btime", stat_text));
}

Result<std::uint64_t> boot_time_seconds(const ProcRoot& root) {
  // One line per CPU and a long one of interrupt counts: far below this on the largest machines.
  constexpr std::size_t max_stat_bytes = 8 << 20;
  const std::string path = root.path() + "/stat";
  auto text = base::read_file(root.fd(), "stat", max_stat_bytes, std::string(read_boot_time_step));
  if (!text) return fail(at_path(std::move(text).error(), path));
  auto seconds = parse_boot_time(*text);
  if (!seconds) return fail(at_path(std::move(seconds).error(), path));
  return seconds;
}

Result<std::vector<base::Pid>> list_pids(const ProcRoot& root) {
  constexpr std::size_t pid_max_limit = 4 * 1024 * 1024;  // include/linux/threads.h, PID_MAX_LIMIT of 64-bit kernels
  // A directory of its own: list_numbered moves the position, and a const root may be shared.
  auto directory = base::open_at(root.fd(), ".", O_RDONLY | O_DIRECTORY, "list the processes");
  if (!directory) return fail(at_path(std::move(directory).error(), root.path()));
  auto entries = detail::list_numbered(directory->get(), pid_max_limit, "list the processes");
  if (!entries) return fail(at_path(std::move(entries).error(), root.path()));
  std::vector<base::Pid> pids;
  pids.reserve(entries->size());
  for (const auto& entry : *entries) {
    if (entry.number > 0) pids.push_back(entry.number);
  }
  return pids;
}

}  // namespace tidemark::proc
