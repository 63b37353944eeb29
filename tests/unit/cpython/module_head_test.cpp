// Whether a file on disk is the mapped one, where device and inode do not tell (overlayfs, btrfs).
#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <vector>

#include "locate/module.hpp"
#include "tidemark/memory/image_memory.hpp"

using namespace tidemark;

namespace {

constexpr std::uint64_t start = 0x7f0000000000;
constexpr std::size_t page_bytes = 4096;

base::Fd file_of(const std::vector<std::byte>& bytes) {
  std::string path = "/tmp/tidemark_module_head_XXXXXX";
  base::Fd fd(::mkstemp(path.data()));
  REQUIRE(::write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  ::unlink(path.c_str());
  return fd;
}

}  // namespace

TEST_CASE("a file is believed when its first bytes are those in memory, and only then") {
  std::vector<std::byte> bytes(page_bytes, std::byte{7});
  memory::ImageMemory memory;
  REQUIRE(memory.add({.start = {start}, .bytes = bytes}));
  const proc::MapRegion part{
      .start = start, .end = start + page_bytes, .readable = true, .path = "/usr/lib/libpython3.12.so.1.0"};
  CHECK(cpython::has_mapped_head(file_of(bytes), part, memory));

  auto another = bytes;
  another[900] = std::byte{8};  // where a build-id may lie
  CHECK_FALSE(cpython::has_mapped_head(file_of(another), part, memory));
  CHECK_FALSE(cpython::has_mapped_head(file_of({bytes.begin(), bytes.begin() + 100}), part, memory));  // cut

  auto later = part;
  later.offset = page_bytes;  // not the file's beginning
  CHECK_FALSE(cpython::has_mapped_head(file_of(bytes), later, memory));
  auto elsewhere = part;
  elsewhere.start += 16 * page_bytes;  // memory that cannot be read
  elsewhere.end += 16 * page_bytes;
  CHECK_FALSE(cpython::has_mapped_head(file_of(bytes), elsewhere, memory));
}
