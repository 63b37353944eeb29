#include "tidemark/proc/process_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "detail/kernel_file.hpp"
#include "tidemark/base/gone.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view open_step = "open a process";
constexpr std::string_view stat_step = "read the state of a process";
constexpr std::string_view status_step = "read the status of a process";
constexpr std::string_view io_step = "read the I/O account of a process";
constexpr std::string_view fd_step = "count the open descriptors of a process";
constexpr std::string_view command_line_step = "read the command line of a process";
constexpr std::string_view comm_step = "read the name of a process";
constexpr std::string_view executable_step = "read which program a process runs";

}  // namespace

Result<ProcessFiles> ProcessFiles::open(const ProcRoot& root, base::Pid pid) {
  const std::string number = std::to_string(pid);
  const std::string path = root.path() + "/" + number;
  auto directory = base::open_at(root.fd(), number, O_RDONLY | O_DIRECTORY, std::string(open_step));
  if (!directory) {
    base::Error error = std::move(directory).error();
    error = base::absent_means_gone(std::move(error));
    error.path = path;
    return fail(std::move(error));
  }
  ProcessFiles process(pid, path, root.is_procfs(), std::move(*directory));
  auto stat = process.keep_open(process.stat_, "stat", stat_step, O_RDONLY);
  if (!stat) return fail(std::move(stat).error());
  auto status = process.keep_open(process.status_, "status", status_step, O_RDONLY);
  if (!status) return fail(std::move(status).error());
  return process;
}

std::string ProcessFiles::path_of(std::string_view file) const { return path_ + "/" + std::string(file); }

/// stat speaks until the process has been waited for; nobody may be refused it.
bool ProcessFiles::is_alive() const {
  char byte = 0;
  return stat_.is_open() && ::pread(stat_.get(), &byte, 1, 0) >= 0;
}

/// Names the file, and tells a process that has gone from a file that the kernel does not have: both are ENOENT.
base::Error ProcessFiles::in_file(base::Error error, std::string_view file) const {
  error.path = path_of(file);
  if (error.code == base::ErrorCode::not_found) {
    error.code = is_alive() ? base::ErrorCode::unsupported : base::ErrorCode::gone;
  }
  return error;
}

base::Error ProcessFiles::error_of(int os_errno, std::string_view doing, std::string_view file) const {
  return in_file(base::os_error(std::string(doing), os_errno), file);
}

Result<base::Fd> ProcessFiles::open_file(const std::string& file, std::string_view doing, int flags) const {
  auto opened = base::open_at(directory_.get(), file, flags, std::string(doing));
  if (!opened) return fail(in_file(std::move(opened).error(), file));
  return opened;
}

Result<void> ProcessFiles::keep_open(base::Fd& kept, const std::string& file, std::string_view doing, int flags) {
  if (kept.is_open()) return {};
  auto opened = open_file(file, doing, flags);
  if (!opened) return fail(std::move(opened).error());
  kept = std::move(*opened);
  return {};
}

Result<StatFields> ProcessFiles::stat() const {
  detail::TextBuffer buffer;
  auto text = buffer.read(stat_.get(), stat_step);
  if (!text) return fail(in_file(std::move(text).error(), "stat"));
  auto fields = parse_stat(*text);
  if (!fields) return fail(in_file(std::move(fields).error(), "stat"));
  return fields;
}

Result<StatusFields> ProcessFiles::status() const {
  detail::TextBuffer buffer;
  auto text = buffer.read(status_.get(), status_step);
  if (!text) return fail(in_file(std::move(text).error(), "status"));
  auto fields = parse_status(*text);
  if (!fields) return fail(in_file(std::move(fields).error(), "status"));
  return fields;
}

Result<StatusFields> ProcessFiles::thread_status(base::Tid tid) const {
  const std::string name = "task/" + std::to_string(tid) + "/status";
  auto file = base::open_at(directory_.get(), name, O_RDONLY, std::string(status_step));
  if (!file) {
    base::Error error = std::move(file).error();
    error = base::absent_means_gone(std::move(error));
    error.path = path_of(name);
    return fail(std::move(error));
  }
  detail::TextBuffer buffer;
  auto text = buffer.read(file->get(), status_step);
  if (!text) return fail(in_file(std::move(text).error(), name));
  auto fields = parse_status(*text);
  if (!fields) return fail(in_file(std::move(fields).error(), name));
  return fields;
}

Result<IoFields> ProcessFiles::io() {
  auto opened = keep_open(io_, "io", io_step, O_RDONLY);
  if (!opened) return fail(std::move(opened).error());
  detail::TextBuffer buffer;
  auto text = buffer.read(io_.get(), io_step);
  if (!text) return fail(in_file(std::move(text).error(), "io"));
  auto fields = parse_io(*text);
  if (!fields) return fail(in_file(std::move(fields).error(), "io"));
  return fields;
}

Result<std::uint64_t> ProcessFiles::fd_count() {
  auto opened = keep_open(fd_directory_, "fd", fd_step, O_RDONLY | O_DIRECTORY);
  if (!opened) return fail(std::move(opened).error());
  if (!is_procfs_) return count_fd_entries();
  struct stat found {};
  if (::fstat(fd_directory_.get(), &found) != 0) return fail(error_of(errno, fd_step, "fd"));
  // Before kernel 6.2 the size is 0 (f1f1f2569901 "proc: report open files as size in stat() for /proc/pid/fd").
  return found.st_size > 0 ? Result(static_cast<std::uint64_t>(found.st_size)) : count_fd_entries();
}

Result<std::uint64_t> ProcessFiles::count_fd_entries() const {
  constexpr std::size_t max_listed_fds = 1 << 20;  // the kernel's default fs.nr_open
  auto entries = detail::list_numbered(fd_directory_.get(), max_listed_fds, fd_step);
  if (!entries) return fail(in_file(std::move(entries).error(), "fd"));
  return static_cast<std::uint64_t>(entries->size());
}

Result<std::string> ProcessFiles::command_line() const {
  auto file = open_file("cmdline", command_line_step, O_RDONLY);
  if (!file) return fail(std::move(file).error());
  std::string text(max_command_line_bytes, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(file->get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(error_of(errno, command_line_step, "cmdline"));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  // The kernel gives nothing for a process that ends between open and read, as for one without arguments.
  if (filled == 0 && !is_alive()) return fail(error_of(ESRCH, command_line_step, "cmdline"));
  text.resize(filled);
  text.shrink_to_fit();
  return text;
}

Result<std::string> ProcessFiles::comm() const {
  auto file = open_file("comm", comm_step, O_RDONLY);
  if (!file) return fail(std::move(file).error());
  detail::TextBuffer buffer;
  auto text = buffer.read(file->get(), comm_step);
  if (!text) return fail(in_file(std::move(text).error(), "comm"));
  if (text->ends_with('\n')) text->remove_suffix(1);
  return std::string(*text);
}

Result<std::string> ProcessFiles::executable() const {
  std::array<char, PATH_MAX> target;
  const ssize_t got = ::readlinkat(directory_.get(), "exe", target.data(), target.size());
  if (got >= 0) return std::string(target.data(), static_cast<std::size_t>(got));
  base::Error error = error_of(errno, executable_step, "exe");
  if (error.code == base::ErrorCode::unsupported && error.os_errno == ENOENT) error.code = base::ErrorCode::not_found;
  return fail(std::move(error));
}

}  // namespace tidemark::proc
