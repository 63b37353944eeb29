// The process that is read is the test itself, or a child of its own.
#include "tidemark/memory/live_memory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <vector>

#include "tidemark/base/fd.hpp"

using tidemark::base::Address;
using tidemark::base::ErrorCode;
using tidemark::base::Fd;
using tidemark::memory::LiveAccess;
using tidemark::memory::LiveMemory;
using tidemark::memory::ReadRequest;

namespace {

constexpr std::size_t page_bytes = 4096;

/// Anonymous pages of our own, none of them touched yet.
class Pages {
 public:
  explicit Pages(std::size_t count) : size_(count * page_bytes) {
    void* at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(at != MAP_FAILED);
    REQUIRE(::madvise(at, size_, MADV_NOHUGEPAGE) == 0);
    start_ = static_cast<unsigned char*>(at);
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() { ::munmap(start_, size_); }

  void touch(std::size_t page, unsigned char value) { start_[page * page_bytes] = value; }
  void forbid(std::size_t page) { REQUIRE(::mprotect(start_ + page * page_bytes, page_bytes, PROT_NONE) == 0); }
  [[nodiscard]] Address address(std::size_t page) const {
    return Address{reinterpret_cast<std::uint64_t>(start_) + page * page_bytes};
  }

 private:
  std::size_t size_;
  unsigned char* start_ = nullptr;
};

Fd proc_root() {
  auto opened = tidemark::base::open_at(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, "open /proc");
  REQUIRE(opened);
  return std::move(opened).value();
}

std::unique_ptr<LiveMemory> open_memory(pid_t pid, LiveAccess access = LiveAccess::automatic) {
  const Fd root = proc_root();
  auto memory = LiveMemory::open(root.get(), pid, access);
  REQUIRE(memory);
  return std::move(memory).value();
}

/// A child that lives until it is told to go on; then it replaces its program or exits.
class Child {
 public:
  enum class Then { exits, runs_another_program };

  explicit Child(Then then) {
    REQUIRE(::pipe2(go_, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(gone_, O_CLOEXEC) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) live(then);
    ::close(gone_[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    for (const int fd : {go_[0], go_[1], gone_[0]}) ::close(fd);
  }

  /// Returns when the child's old address space has ended: exit and exec close the pipe after that.
  void go_on() {
    char byte = 'x';
    REQUIRE(::write(go_[1], &byte, 1) == 1);
    REQUIRE(::read(gone_[0], &byte, 1) == 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  [[noreturn]] void live(Then then) const {
    char byte = 0;
    if (::read(go_[0], &byte, 1) != 1) _exit(1);
    if (then == Then::runs_another_program) ::execl("/bin/sleep", "sleep", "1000", nullptr);
    _exit(0);
  }

  int go_[2] = {-1, -1};
  int gone_[2] = {-1, -1};
  pid_t pid_ = -1;
};

/// Whether no other process has the page, by bit 56 of its pagemap entry.
bool is_exclusive(pid_t pid, Address at) {
  const Fd root = proc_root();
  const auto pagemap = tidemark::base::open_at(root.get(), std::to_string(pid) + "/pagemap", O_RDONLY, "open pagemap");
  REQUIRE(pagemap);
  std::uint64_t entry = 0;
  REQUIRE(::pread(pagemap->get(), &entry, sizeof entry, static_cast<off_t>(at.value / page_bytes * sizeof entry)) ==
          sizeof entry);
  return (entry >> 56 & 1) != 0;
}

}  // namespace

TEST_CASE("both ways of reading give the bytes and count them") {
  for (const LiveAccess access : {LiveAccess::automatic, LiveAccess::mem_file_only}) {
    const auto memory = open_memory(::getpid(), access);
    const std::uint64_t stored = 0x1122334455667788;
    const auto read = memory->read_value<std::uint64_t>(Address{reinterpret_cast<std::uint64_t>(&stored)});
    REQUIRE(read);
    CHECK(*read == stored);
    CHECK(memory->bytes_read() == sizeof stored);
    CHECK(memory->absent_bytes() == 0);
  }
}

TEST_CASE("a page that is not resident is counted and not faulted in") {
  for (const LiveAccess access : {LiveAccess::automatic, LiveAccess::mem_file_only}) {
    Pages pages(3);
    pages.touch(0, 1);
    pages.touch(2, 3);
    const auto memory = open_memory(::getpid(), access);
    std::array<std::byte, 100> into;
    for (int repeat = 0; repeat < 2; ++repeat) {  // the first read has not made it resident
      const auto read = memory->read(pages.address(1).minus(10), into);
      REQUIRE_FALSE(read);
      CHECK(read.error().code == ErrorCode::absent);
      CHECK(read.error().address == pages.address(1));
    }
    CHECK(memory->absent_bytes() == 2 * into.size());
    CHECK(memory->bytes_read() == 0);
    CHECK(memory->read_value<unsigned char>(pages.address(2)).value_or(0) == 3);
  }
}

TEST_CASE("pages that a fork shares are not unshared by being read") {
  for (const LiveAccess access : {LiveAccess::automatic, LiveAccess::mem_file_only}) {
    Pages pages(2);
    pages.touch(0, 1);
    pages.touch(1, 2);
    const Child child(Child::Then::exits);
    pages.touch(1, 3);  // ours from now on, and the child's the old one
    for (const pid_t pid : {::getpid(), child.pid()}) {
      const auto memory = open_memory(pid, access);
      std::array<std::byte, 1> first, second;
      std::array<ReadRequest, 2> requests{
          {{.from = pages.address(0), .into = first}, {.from = pages.address(1), .into = second}}};
      memory->read_many(requests);
      CHECK(requests[0].status);
      CHECK(first[0] == std::byte{1});
      CHECK(second[0] == (pid == child.pid() ? std::byte{2} : std::byte{3}));
      CHECK(memory->read_value<unsigned char>(pages.address(1)));  // by itself in the other way
      CHECK_FALSE(is_exclusive(pid, pages.address(0)));
      CHECK(is_exclusive(pid, pages.address(1)));
    }
  }
}

TEST_CASE("one absent page does not spoil the other requests of a vectored read") {
  Pages pages(200);
  pages.touch(0, 11);
  pages.touch(150, 33);
  const auto memory = open_memory(::getpid());
  std::array<std::byte, 1> first, second, third;
  std::array<ReadRequest, 4> requests{{{.from = pages.address(0), .into = first},
                                       {.from = pages.address(7), .into = second},
                                       {.from = pages.address(150), .into = third},
                                       {.from = pages.address(9), .into = {}}}};
  memory->read_many(requests);
  CHECK(requests[0].status);
  CHECK(first[0] == std::byte{11});
  REQUIRE_FALSE(requests[1].status);
  CHECK(requests[1].status.error().code == ErrorCode::absent);
  CHECK(requests[2].status);
  CHECK(third[0] == std::byte{33});
  CHECK(requests[3].status);
}

TEST_CASE("what the kernel refuses in the middle of a vectored read fails alone, with its first missing address") {
  Pages pages(4);
  for (std::size_t page = 0; page < 4; ++page) pages.touch(page, static_cast<unsigned char>(page + 1));
  pages.forbid(1);  // resident, but not readable
  const auto memory = open_memory(::getpid());
  std::array<std::byte, 1> first, third;
  std::array<std::byte, 2 * page_bytes> second;
  std::array<ReadRequest, 3> requests{{{.from = pages.address(0), .into = first},
                                       {.from = pages.address(0).plus(8), .into = second},
                                       {.from = pages.address(2), .into = third}}};
  memory->read_many(requests);
  CHECK(requests[0].status);
  REQUIRE_FALSE(requests[1].status);
  CHECK(requests[1].status.error().code == ErrorCode::fault);
  CHECK(requests[1].status.error().address == pages.address(1));
  CHECK(requests[2].status);
  CHECK(third[0] == std::byte{3});
}

TEST_CASE("more requests than one call of the kernel takes") {
  constexpr std::size_t count = 2 * IOV_MAX + 17;
  std::vector<std::uint32_t> stored(count), read(count);
  std::vector<ReadRequest> requests(count);
  for (std::size_t i = 0; i < count; ++i) {
    stored[i] = static_cast<std::uint32_t>(i * 2654435761U);
    requests[i].from = Address{reinterpret_cast<std::uint64_t>(&stored[i])};
    requests[i].into = std::as_writable_bytes(std::span(&read[i], 1));
  }
  const auto memory = open_memory(::getpid());
  memory->read_many(requests);
  for (const auto& request : requests) REQUIRE(request.status);
  CHECK(read == stored);
}

TEST_CASE("addresses outside user space are faults") {
  for (const LiveAccess access : {LiveAccess::automatic, LiveAccess::mem_file_only}) {
    const auto memory = open_memory(::getpid(), access);
    for (const std::uint64_t address : {0x7fff'ffff'efffULL, 0x8000'0000'0000ULL, 0xffff'8000'0000'0000ULL, ~0ULL}) {
      const auto read = memory->read_value<std::uint64_t>({address});
      REQUIRE_FALSE(read);
      CHECK(read.error().code == ErrorCode::fault);
    }
    CHECK_FALSE(memory->read_value<std::uint64_t>({0}));
  }
}

TEST_CASE("after exit and after exec the old address space is gone, whichever way it was read") {
  static const std::uint64_t stored = 42;
  for (const LiveAccess access : {LiveAccess::automatic, LiveAccess::mem_file_only}) {
    for (const Child::Then then : {Child::Then::exits, Child::Then::runs_another_program}) {
      Child child(then);
      const auto memory = open_memory(child.pid(), access);
      const Address address{reinterpret_cast<std::uint64_t>(&then)};  // the child's stack is a copy of ours
      CHECK(memory->read_value<Child::Then>(address).has_value());
      child.go_on();
      const auto read = memory->read_value<std::uint64_t>({reinterpret_cast<std::uint64_t>(&stored)});
      REQUIRE_FALSE(read);
      CHECK(read.error().code == ErrorCode::gone);
    }
  }
}

TEST_CASE("a process that does not exist is gone when it is opened") {
  const Fd root = proc_root();
  const auto memory = LiveMemory::open(root.get(), 0x7ffffff0);
  REQUIRE_FALSE(memory);
  CHECK(memory.error().code == ErrorCode::gone);
}

TEST_CASE("a process of another user refuses to be opened") {
  if (::geteuid() != 0) return;  // only root can make one
  const pid_t reader = ::fork();
  REQUIRE(reader >= 0);
  if (reader == 0) {
    const Fd root = proc_root();
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) _exit(2);
    const auto memory = LiveMemory::open(root.get(), ::getppid());
    _exit(!memory && memory.error().code == ErrorCode::permission ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(reader, &status, 0) == reader);
  CHECK(status == 0);
}
