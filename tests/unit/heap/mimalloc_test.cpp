#include "detail/mimalloc.hpp"

#include "fake_space.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

constexpr std::uint64_t unit = 32 << 20, first = 0x7f00'0000'0000, slice = 64 << 10, bytes = 4 * slice;
constexpr std::uint64_t secret = 0x1234'5678'9abc'def0, thread = 0x7f10'0000'1000;

/// Three segments of one allocator, the first of a thread that is known.
struct Segments {
  Segments() {
    for (std::uint64_t i = 0; i < 3; ++i) {
      space.map(at(i), bytes);
      segment(at(i), secret, i == 0 ? thread : 0);
    }
  }
  static std::uint64_t at(std::uint64_t i) { return first + i * unit; }
  void segment(std::uint64_t start, std::uint64_t of_secret, std::uint64_t of_thread) {
    space.put_word(start + 32, bytes);
    space.put_word(start + 216, start ^ of_secret);
    space.put_word(start + 224, bytes / slice);
    space.put_word(start + 256, of_thread);
  }
  [[nodiscard]] std::vector<Range> find(const std::vector<std::uint64_t>& threads = {0x5000, thread}) const {
    return find_segments(space.space(), space, threads);
  }
  FakeSpace space;
};

}  // namespace

TEST_CASE_FIXTURE(Segments, "segments of mimalloc are known by their thread and by what they share with its own") {
  CHECK(are(find(), {{at(0), at(0) + bytes}, {at(1), at(1) + bytes}, {at(2), at(2) + bytes}}));
  segment(at(1), secret + 1, 0);
  CHECK(are(find(), {{at(0), at(0) + bytes}, {at(2), at(2) + bytes}}));
  CHECK(find({0x5000}).empty());
  CHECK(find({}).empty());
}

TEST_CASE_FIXTURE(Segments, "heads that make no sense, or are not in memory, are none") {
  for (const std::uint64_t size : {std::uint64_t{0}, bytes + 1, 2 * bytes, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    space.put_word(at(1) + 32, size);
    CHECK(find().size() == 2);
  }
  space.put_word(at(2) + 224, 3);
  CHECK(find().size() == 1);
  space.set_pages(at(0), page, swapped);
  CHECK(find().empty());
}
