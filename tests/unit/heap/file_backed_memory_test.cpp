#include "tidemark/heap/file_backed_memory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tidemark/memory/live_memory.hpp"
#include "tidemark/proc/proc_root.hpp"

using tidemark::base::Address;
using tidemark::base::ErrorCode;
using tidemark::heap::FileBackedMemory;
using tidemark::memory::LiveMemory;
using tidemark::memory::ReadRequest;

namespace {

constexpr std::size_t page_bytes = 4096, pages = 3;

/// A file of three pages (of '0', '1' and '2') that this process has mapped and not touched.
class Mapping {
 public:
  explicit Mapping(int protection) {
    std::string name = "/tmp/tidemark-file-backed-XXXXXX";
    const int file = ::mkstemp(name.data());
    REQUIRE(file >= 0);
    for (std::size_t page = 0; page < pages; ++page) {
      const std::string text(page_bytes, static_cast<char>('0' + page));
      REQUIRE(::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
    start_ = ::mmap(nullptr, pages * page_bytes, protection, MAP_PRIVATE, file, 0);
    REQUIRE(start_ != MAP_FAILED);
    REQUIRE(::madvise(start_, pages * page_bytes, MADV_RANDOM) == 0);  // one fault maps one page
    ::close(file);
    ::unlink(name.c_str());
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(start_, pages * page_bytes); }

  [[nodiscard]] char* at(std::size_t offset) const { return static_cast<char*>(start_) + offset; }
  [[nodiscard]] Address address(std::size_t offset) const { return {reinterpret_cast<std::uint64_t>(at(offset))}; }

 private:
  void* start_ = nullptr;
};

/// This process, as it is read.
struct Own {
  tidemark::proc::ProcRoot root = *tidemark::proc::ProcRoot::open();
  tidemark::proc::ProcessFiles files = *tidemark::proc::ProcessFiles::open(root, ::getpid());
  std::unique_ptr<LiveMemory> live = *LiveMemory::open(root.fd(), ::getpid());
  FileBackedMemory backed{*live, files};
};

}  // namespace

TEST_CASE("pages that nobody may write are read from their file when they are not in memory") {
  const Mapping mapping(PROT_READ);
  const Own own;
  std::array<char, 20> across{};
  const auto into = std::as_writable_bytes(std::span(across));
  const auto from = mapping.address(page_bytes - 10);
  if (::geteuid() != 0) return;  // the file has no name any more, and map_files wants a capability
  CHECK(own.live->read(from, into).error().code == ErrorCode::absent);
  CHECK(own.backed.read(from, into));
  CHECK(std::string(across.data(), across.size()) == "00000000001111111111");
  CHECK(own.live->read(from, into).error().code == ErrorCode::absent);  // nothing was faulted in

  CHECK(static_cast<volatile char*>(mapping.at(page_bytes))[0] == '1');  // now one of the two is there
  std::array<ReadRequest, 2> requests{
      {{.from = mapping.address(2 * page_bytes), .into = into.first(1)}, {.from = from, .into = into.subspan(1, 19)}}};
  own.backed.read_many(requests);
  CHECK(requests[0].status);
  CHECK(requests[1].status);
  CHECK(std::string(across.data(), across.size()) == "20000000000111111111");
}

TEST_CASE("what may be written is not looked for in a file, and what is in none is absent") {
  const Mapping mapping(PROT_READ | PROT_WRITE);
  void* const anonymous = ::mmap(nullptr, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(anonymous != MAP_FAILED);
  const Own own;
  for (const Address from : {mapping.address(0), Address{reinterpret_cast<std::uint64_t>(anonymous)}}) {
    const auto read = own.backed.read_value<char>(from);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::absent);
  }
  ::munmap(anonymous, page_bytes);
}
