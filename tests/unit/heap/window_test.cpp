#include "detail/window.hpp"

#include "fake_space.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

/// Four pages that say their number; the third one is in swap.
struct FourPages {
  FourPages() {
    fake.map(0x10000, 4 * page);
    for (std::uint64_t i = 0; i < 4; ++i) fake.put_word(0x10000 + i * page, 100 + i);
    fake.set_pages(0x12000, page, swapped);
  }
  FakeSpace fake;
};

/// Says that all is there, and reads nothing.
struct NothingThere final : memory::MemorySource {
  [[nodiscard]] base::Result<void> read(base::Address, std::span<std::byte>) const override {
    return base::fail(base::Error{.code = base::ErrorCode::absent, .doing = "read nothing"});
  }
};

}  // namespace

TEST_CASE_FIXTURE(FourPages, "what is resident is there, what is not is neither read nor given") {
  const auto space = fake.space();
  Window window(fake, space);
  REQUIRE(window.load({0x10000, 0x14000}));
  std::uint64_t value = 0;
  CHECK(window.take(0x11000, value) != nullptr);
  CHECK(value == 101);
  CHECK(window.take(0x12000, value) == nullptr);
  CHECK(window.at(0x11ffc, 8) == nullptr);  // its end is in swap
  CHECK(window.take(0x13000, value) != nullptr);
  CHECK(value == 103);
  CHECK(window.bytes_read() == 3 * page);
  CHECK(window.lost_bytes() == 0);
  CHECK_FALSE(window.is_complete());
}

TEST_CASE_FIXTURE(FourPages, "nothing outside of the window is given, wherever a sum wraps") {
  const auto space = fake.space();
  Window window(fake, space);
  REQUIRE(window.load({0x10000, 0x12000}));
  CHECK(window.is_complete());
  CHECK(window.at(0x11ff8, 8) != nullptr);
  CHECK(window.at(0x11ffc, 8) == nullptr);
  CHECK(window.at(0xfff8, 8) == nullptr);
  CHECK(window.at(0x11000, ~std::uint64_t{0}) == nullptr);
  CHECK(window.at(~std::uint64_t{0} - 3, 8) == nullptr);
}

TEST_CASE_FIXTURE(FourPages, "at_least has zeros where nothing is there, also where an earlier window had something") {
  const auto space = fake.space();
  Window window(fake, space);
  REQUIRE(window.load({0x10000, 0x12000}));  // fills what the gap comes to lie over
  REQUIRE(window.load({0x11000, 0x14000}));
  const std::byte* const from = window.at_least(0x11000, page, 3 * page);
  REQUIRE(from != nullptr);
  CHECK(load(from) == 101);
  for (std::uint64_t i = 0; i < page; i += 8) REQUIRE(load(from + page + i) == 0);
  CHECK(load(from + 2 * page) == 103);
  CHECK(window.at_least(0x12000, 8, 16) == nullptr);
  CHECK(window.at_least(0x13000, 8, 2 * page) == nullptr);  // past the window
}

TEST_CASE_FIXTURE(FourPages, "a window over nothing says so") {
  const auto space = fake.space();
  Window window(fake, space);
  CHECK_FALSE(window.load({0x12000, 0x13000}));
  CHECK(window.at(0x12000, 8) == nullptr);
  CHECK_FALSE(window.load({0x20000, 0x21000}));
  CHECK_FALSE(window.load({0x10000, 0x10000}));
}

TEST_CASE_FIXTURE(FourPages, "what has gone since the flags were read is lost, and counted") {
  const auto space = fake.space();
  const NothingThere gone;
  Window window(gone, space);
  CHECK_FALSE(window.load({0x10000, 0x14000}));
  CHECK(window.at(0x10000, 8) == nullptr);
  CHECK(window.lost_bytes() == 3 * page);
  CHECK(window.bytes_read() == 0);
}
