// On our own memory, whose state we know.
#include "tidemark/proc/page_map.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::must;

namespace {

/// Private anonymous pages without huge ones, none touched.
class Pages {
 public:
  explicit Pages(std::size_t count) : bytes_(count * page_bytes) {
    place_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(place_ != MAP_FAILED);
    ::madvise(place_, bytes_, MADV_NOHUGEPAGE);
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() { ::munmap(place_, bytes_); }

  void write(std::size_t i) const { static_cast<volatile char*>(place_)[i * page_bytes] = 1; }
  void read(std::size_t i) const {
    [[maybe_unused]] const char byte = static_cast<volatile char*>(place_)[i * page_bytes];
  }
  [[nodiscard]] std::uint64_t start() const { return reinterpret_cast<std::uint64_t>(place_); }
  [[nodiscard]] std::uint64_t end() const { return start() + bytes_; }

 private:
  void* place_ = nullptr;
  std::size_t bytes_;
};

PageMap page_map_of(base::Pid pid) {
  const auto directory = base::open_at(AT_FDCWD, "/proc/" + std::to_string(pid), O_RDONLY | O_DIRECTORY, "open");
  REQUIRE(directory);
  return must(PageMap::open(directory->get()));
}

}  // namespace

TEST_CASE("pagemap: present, absent, our own, the page of zeros") {
  const Pages pages(6);
  pages.write(0);
  pages.write(1);
  pages.read(2);
  pages.write(5);
  const auto map = page_map_of(::getpid());
  auto flags = must(map.read(pages.start(), pages.end()));
  REQUIRE(flags.size() == 6);
  for (const std::size_t i : {0U, 1U, 5U}) {
    CHECK((flags[i] & page_present) != 0);
    CHECK((flags[i] & page_exclusive) != 0);
    CHECK((flags[i] & (page_swapped | page_file)) == 0);
  }
  CHECK((flags[2] & page_present) != 0);
  CHECK(flags[3] == 0);
  CHECK(flags[4] == 0);
  if (map.mark_zero_pages(pages.start(), flags)) {  // kernel 6.7
    CHECK((flags[2] & page_zero) != 0);
    for (const std::size_t i : {0U, 1U, 3U, 4U, 5U}) CHECK((flags[i] & page_zero) == 0);
  }
}

TEST_CASE("pagemap: pages of zeros that lie apart are all marked") {
  constexpr std::size_t count = 1200;  // more stretches than one call gives
  const Pages pages(count * 2);
  for (std::size_t i = 0; i < count; ++i) pages.read(2 * i);
  const auto map = page_map_of(::getpid());
  auto flags = must(map.read(pages.start(), pages.end()));
  if (!map.mark_zero_pages(pages.start(), flags)) return;
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE((flags[2 * i] & page_zero) != 0);
    REQUIRE(flags[2 * i + 1] == 0);
  }
}

TEST_CASE("pagemap: a page is shared after fork, until one of both writes") {
  const Pages pages(2);
  pages.write(0);
  pages.write(1);
  test::WaitingChild child;
  pages.write(1);
  const auto ours = must(page_map_of(::getpid()).read(pages.start(), pages.end()));
  CHECK((ours[0] & (page_present | page_exclusive)) == page_present);
  CHECK((ours[1] & (page_present | page_exclusive)) == (page_present | page_exclusive));
  const auto theirs = must(page_map_of(child.pid()).read(pages.start(), pages.end()));
  CHECK((theirs[0] & page_present) != 0);
  child.end();
  const auto after = must(page_map_of(::getpid()).read(pages.start(), pages.end()));
  CHECK((after[0] & page_exclusive) != 0);
}

TEST_CASE("pagemap: pages of a file are a file's") {
  const test::Tree tree;
  tree.write("file", std::string(2 * page_bytes, 'x'));
  const auto file = base::open_at(AT_FDCWD, tree.path() + "/file", O_RDONLY, "open");
  REQUIRE(file);
  void* const place = ::mmap(nullptr, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file->get(), 0);
  REQUIRE(place != MAP_FAILED);
  static_cast<volatile char*>(place)[page_bytes] = 1;  // our own copy
  [[maybe_unused]] const char seen = *static_cast<volatile char*>(place);
  const auto start = reinterpret_cast<std::uint64_t>(place);
  const auto flags = must(page_map_of(::getpid()).read(start, start + 2 * page_bytes));
  CHECK((flags[0] & (page_present | page_file)) == (page_present | page_file));
  CHECK((flags[1] & (page_present | page_file)) == page_present);
  ::munmap(place, 2 * page_bytes);
}

TEST_CASE("pagemap: of a process that has gone") {
  test::WaitingChild child;
  const auto map = page_map_of(child.pid());
  child.end();
  const auto flags = map.read(0x400000, 0x401000);
  REQUIRE_FALSE(flags);
  CHECK(flags.error().code == base::ErrorCode::gone);
}
