// What the tests of this room share: a /proc of our own making, a child that waits, the captured texts.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "tidemark/base/fd.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::proc::test {

/// The value, or a failed test that says why.
template <class T>
T must(base::Result<T> result) {
  if (!result) FAIL(base::describe(result.error()));
  return std::move(*result);
}

inline std::string fixture(const std::string& name) {
  std::ifstream file(std::string(TIDEMARK_SOURCE_DIR) + "/fixtures/proc/" + name + ".txt", std::ios::binary);
  REQUIRE(file.is_open());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A directory tree that goes with the test.
class Tree {
 public:
  Tree() {
    std::string name = (std::filesystem::temp_directory_path() / "tidemark_proc_XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Makes the directories too.
  void write(const std::string& file, std::string_view text) const {
    const std::filesystem::path whole = std::filesystem::path(path_) / file;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole, std::ios::binary | std::ios::trunc) << text;
  }
  void make_directory(const std::string& name) const {
    std::filesystem::create_directories(std::filesystem::path(path_) / name);
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(std::filesystem::path(path_) / name); }

 private:
  std::string path_;
};

/// A forked child that does nothing until it is told to end: its memory stands still.
class WaitingChild {
 public:
  WaitingChild() {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      // Also the leashes of other children, which would outlive their owners here.
      ::dup2(ends[0], STDIN_FILENO);
      ::close_range(STDERR_FILENO + 1, ~0U, 0);
      char byte = 0;
      [[maybe_unused]] const auto closed = ::read(STDIN_FILENO, &byte, 1);
      ::_exit(0);
    }
    ::close(ends[0]);
    leash_.reset(ends[1]);
  }
  WaitingChild(const WaitingChild&) = delete;
  WaitingChild& operator=(const WaitingChild&) = delete;
  ~WaitingChild() { end(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// It has ended and nobody has waited for it: a zombie.
  void become_zombie() {
    leash_.reset();
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0);
  }
  /// It has gone.
  void end() {
    leash_.reset();
    if (!waited_for_) ::waitpid(pid_, nullptr, 0);
    waited_for_ = true;
  }

 private:
  pid_t pid_ = -1;
  base::Fd leash_;
  bool waited_for_ = false;
};

/// The captured status with one line put in another's place; "" takes it out.
inline std::string status_with_line(const std::string& key, const std::string& line) {
  std::string text = fixture("status");
  const std::size_t begin = text.find("\n" + key + ":") + 1;
  REQUIRE(begin != 0);
  return text.replace(begin, text.find('\n', begin) + 1 - begin, line.empty() ? line : line + "\n");
}

}  // namespace tidemark::proc::test
