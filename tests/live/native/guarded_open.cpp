#include "guarded_open.hpp"

#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <initializer_list>
#include <string_view>

namespace guard {
namespace {

/// As much as is readable, at most `size`: a path may end just before an unmapped page.
std::string read_memory(pid_t pid, std::uint64_t address, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    constexpr std::size_t page = 4096;
    const std::size_t wanted = std::min(size - filled, page - (address + filled) % page);
    iovec local{bytes.data() + filled, wanted};
    iovec remote{reinterpret_cast<void*>(address + filled), wanted};  // the command's address: never followed here
    if (::process_vm_readv(pid, &local, 1, &remote, 1, 0) != static_cast<ssize_t>(wanted)) break;
    filled += wanted;
  }
  bytes.resize(filled);
  return bytes;
}

std::string read_path(pid_t pid, std::uint64_t address) {
  const auto bytes = read_memory(pid, address, PATH_MAX);
  return bytes.substr(0, bytes.find('\0'));
}

bool is_own_oom_score(const std::string& path) {
  return path == "/proc/self/oom_score_adj" || path == "self/oom_score_adj";
}

bool is_of_type(int file, std::initializer_list<long> types) {
  struct statfs system {};
  if (file < 0 || ::fstatfs(file, &system) != 0) return false;
  return std::any_of(types.begin(), types.end(), [&](long type) { return system.f_type == type; });
}

/// The path with the command's own number for "self", which would be this process when we follow it.
std::string without_self(const std::string& path, int directory, pid_t pid) {
  const bool is_in_proc = is_of_type(directory, {PROC_SUPER_MAGIC});
  constexpr std::string_view proc = "/proc/";
  for (const std::string_view self : {"self/", "thread-self/"}) {
    const std::string number = std::to_string(pid) + '/';
    if (path.starts_with(std::string(proc) + std::string(self)))
      return std::string(proc) + number + path.substr(proc.size() + self.size());
    if (is_in_proc && path.starts_with(self)) return number + path.substr(self.size());
  }
  return path;
}

}  // namespace

Open decode(const seccomp_notif& asked) {
  const auto pid = static_cast<pid_t>(asked.pid);
  const auto& arguments = asked.data.args;
  switch (asked.data.nr) {
    case SYS_open:
      return {AT_FDCWD, read_path(pid, arguments[0]), arguments[1]};
    case SYS_creat:
      return {AT_FDCWD, read_path(pid, arguments[0]), O_WRONLY | O_CREAT | O_TRUNC};
    case SYS_openat:
      return {static_cast<int>(arguments[0]), read_path(pid, arguments[1]), arguments[2]};
    default: {
      open_how how{};
      const auto bytes = read_memory(pid, arguments[2], sizeof how);
      std::memcpy(&how, bytes.data(), bytes.size());
      return {static_cast<int>(arguments[0]), read_path(pid, arguments[1]), how.flags};
    }
  }
}

bool writes(const Open& open) {
  return (open.flags & O_PATH) == 0 && ((open.flags & O_ACCMODE) != O_RDONLY || (open.flags & O_TRUNC) != 0);
}

bool changes_a_process(pid_t pid, const Open& open) {
  const std::string own = "/proc/" + std::to_string(pid);
  const std::string base = open.directory == AT_FDCWD ? own + "/cwd" : own + "/fd/" + std::to_string(open.directory);
  const int directory = ::open(base.c_str(), O_PATH | O_CLOEXEC);
  const int file = ::openat(directory, without_self(open.path, directory, pid).c_str(), O_PATH | O_CLOEXEC);
  const bool is_of_proc = is_of_type(file, {PROC_SUPER_MAGIC});
  const bool is_of_cgroup = is_of_type(file, {CGROUP2_SUPER_MAGIC, CGROUP_SUPER_MAGIC});
  if (file >= 0) ::close(file);
  if (directory >= 0) ::close(directory);
  return is_of_cgroup || (is_of_proc && !is_own_oom_score(open.path));
}

}  // namespace guard
