#include "tidemark/base/fd.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>

using namespace tidemark::base;

namespace {

bool is_open_in_us(int raw) { return ::fcntl(raw, F_GETFD) >= 0; }

std::string temporary_file(const std::string& content) {
  std::string path = "/tmp/tidemark_fd_test_XXXXXX";
  Fd fd(::mkstemp(path.data()));
  std::size_t written = 0;
  REQUIRE(write_all(fd.get(), content, "write", written));
  REQUIRE(written == content.size());
  return path;
}

}  // namespace

TEST_CASE("a descriptor has one owner and is closed once") {
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  Fd write_end(pipe_ends[1]);
  {
    Fd first(pipe_ends[0]);
    Fd second(std::move(first));
    CHECK_FALSE(first.is_open());  // NOLINT: moved-from is the point
    CHECK(is_open_in_us(pipe_ends[0]));
  }
  CHECK_FALSE(is_open_in_us(pipe_ends[0]));
  write_end = Fd();
  CHECK_FALSE(is_open_in_us(pipe_ends[1]));
}

TEST_CASE("errors carry the step, the path and the errno") {
  const auto missing = open_at(AT_FDCWD, "/nonexistent/file", O_RDONLY, "open the file");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
  CHECK(describe(missing.error()) == "open the file: /nonexistent/file (No such file or directory)");
}

TEST_CASE("read_file reads all or says that the cap was passed") {
  const std::string content(10'000, 'x');
  const std::string path = temporary_file(content);
  CHECK(*read_file(AT_FDCWD, path, 1 << 20, "read") == content);
  CHECK(*read_file(AT_FDCWD, path, 10'000, "read") == content);  // exactly the cap
  const auto over = read_file(AT_FDCWD, path, 9'999, "read");
  REQUIRE_FALSE(over);
  CHECK(over.error().code == ErrorCode::limit);
  ::unlink(path.c_str());
}

TEST_CASE("read_from_start is one read, and a text that fills the buffer is refused") {
  const std::string path = temporary_file("12345");
  auto fd = open_at(AT_FDCWD, path, O_RDONLY, "open");
  REQUIRE(fd);
  char buffer[6];
  CHECK(*read_from_start(fd->get(), buffer, "read") == 5);
  CHECK(*read_from_start(fd->get(), buffer, "read") == 5);  // again from the start
  char small[5];
  CHECK(read_from_start(fd->get(), small, "read").error().code == ErrorCode::limit);
  ::unlink(path.c_str());
}

TEST_CASE("write_all says how far it came before a pipe closed") {
  ::signal(SIGPIPE, SIG_IGN);
  int pipe_ends[2];
  REQUIRE(::pipe2(pipe_ends, O_NONBLOCK) == 0);
  Fd read_end(pipe_ends[0]);
  Fd write_end(pipe_ends[1]);
  std::size_t written = 0;
  const auto full = write_all(write_end.get(), std::string(1 << 20, 'y'), "write", written);
  CHECK(full.error().code == ErrorCode::busy);  // EAGAIN
  CHECK(written == 65'536);                     // the pipe's capacity
  read_end.reset();
  CHECK(write_all(write_end.get(), "z", "write", written).error().code == ErrorCode::closed);
  CHECK(written == 0);
}

TEST_CASE("a Result holds one or the other") {
  Result<int> good = 7;
  CHECK(good.value_or(1) == 7);
  Result<int> bad = fail(Error{.code = ErrorCode::fault, .doing = "read a word", .address = Address{0x1000}});
  CHECK(bad.value_or(1) == 1);
  CHECK(describe(bad.error()) == "read a word at 0x1000");
  const Result<void> nothing;
  CHECK(nothing.has_value());
}
