#include "tidemark/cpython/debug_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include "tidemark/elf/dwarf.hpp"

namespace tidemark::cpython {

namespace {

constexpr std::size_t max_answer_bytes = 8192;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_build_id(const std::string& id) {
  constexpr std::size_t least_digits = 6;
  return id.size() >= least_digits && id.size() <= 2 * elf::max_build_id_bytes &&
         id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<DebugFile> open_debug_file(int directory, const std::string& path, const std::string& shown,
                                         const std::string& build_id) {
  auto descriptor = base::open_at(directory, path, O_RDONLY | O_NONBLOCK, "open a debug file");
  struct stat found {};
  if (!descriptor || ::fstat(descriptor->get(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  auto file = elf::ElfFile::open(std::move(*descriptor));
  if (!file || file->build_id().value_or("") != build_id) return std::nullopt;
  return DebugFile{.path = shown, .file = std::move(*file)};
}

/// Where debuginfod's client keeps what it has fetched (debuginfod_find_debuginfo(3), "CACHE").
std::vector<std::string> cache_directories() {
  if (const auto path = environment("DEBUGINFOD_CACHE_PATH"); !path.empty()) return {path};
  std::vector<std::string> directories;
  const auto home = environment("HOME");
  if (!home.empty()) directories.push_back(home + "/.debuginfod_client_cache");  // of before elfutils 0.179
  if (const auto cache = environment("XDG_CACHE_HOME"); !cache.empty()) {
    directories.push_back(cache + "/debuginfod_client");
  } else if (!home.empty()) {
    directories.push_back(home + "/.cache/debuginfod_client");
  }
  return directories;
}

/// All that the descriptor gives until its end; what comes late is not waited for.
std::string read_until(int fd, std::chrono::steady_clock::time_point deadline) {
  std::string answer;
  while (answer.size() < max_answer_bytes) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&waited, 1, static_cast<int>(left.count())) <= 0) break;
    std::array<char, 1024> bytes;
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got <= 0) break;
    answer.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return answer;
}

/// The path that debuginfod-find prints once it has fetched the file; empty when there is none, or no such program.
std::string ask_debuginfod(const std::string& build_id) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return "";
  const base::Fd reading(ends[0]);
  base::Fd writing(ends[1]);
  std::string program = "debuginfod-find", what = "debuginfo", id = build_id;
  std::array<char*, 4> arguments{program.data(), what.data(), id.data(), nullptr};
  posix_spawn_file_actions_t actions;
  if (::posix_spawn_file_actions_init(&actions) != 0) return "";
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);  // ours may hold back what ends the child
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int refused = ::posix_spawnp(&child, program.c_str(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  writing.reset();
  if (refused != 0) return "";
  std::string answer = read_until(reading.get(), std::chrono::steady_clock::now() + debuginfod_patience);
  int status = 0;
  if (answer.find('\n') == std::string::npos) ::kill(child, SIGKILL);  // our own child, which took too long
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  answer.erase(std::find(answer.begin(), answer.end(), '\n'), answer.end());
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? answer : "";
}

std::optional<DebugFile> open_in_roots(const proc::ProcessFiles& process, const std::string& path,
                                       const std::string& build_id) {
  if (auto theirs = open_debug_file(process.dir_fd(), "root" + path, path, build_id)) return theirs;
  return open_debug_file(AT_FDCWD, path, path, build_id);
}

std::optional<DebugFile> find_fetched_file(const std::string& build_id) {
  if (environment("DEBUGINFOD_URLS").empty()) return std::nullopt;
  for (const auto& directory : cache_directories()) {
    const std::string path = directory + "/" + build_id + "/debuginfo";
    if (auto found = open_debug_file(AT_FDCWD, path, path, build_id)) return found;
  }
  const std::string path = ask_debuginfod(build_id);
  if (path.empty()) return std::nullopt;
  return open_debug_file(AT_FDCWD, path, path, build_id);
}

}  // namespace

std::optional<DebugFile> find_debug_file(const proc::ProcessFiles& process, const std::string& build_id) {
  constexpr std::size_t directory_digits = 2;
  if (!is_build_id(build_id)) return std::nullopt;
  const std::string path = "/usr/lib/debug/.build-id/" + build_id.substr(0, directory_digits) + "/" +
                           build_id.substr(directory_digits) + ".debug";
  if (auto found = open_in_roots(process, path, build_id)) return found;
  return find_fetched_file(build_id);
}

std::optional<DebugFile> find_alternate(const proc::ProcessFiles& process, const DebugFile& debug) {
  const auto link = elf::DwarfTypes::alternate_link(debug.file);
  if (!link || !is_build_id(link->build_id)) return std::nullopt;
  if (link->path.starts_with('/')) return open_in_roots(process, link->path, link->build_id);
  return open_in_roots(process, debug.path.substr(0, debug.path.rfind('/') + 1) + link->path, link->build_id);
}

}  // namespace tidemark::cpython
