#include "detail/focus.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>

#include "detail/block_sizes.hpp"
#include "detail/walk_budget.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using model::GcPlace;

namespace {

SeenObject object(std::uint64_t address, std::uint64_t bytes = 64) {
  return {.address = address, .refcount = 1, .bytes = bytes, .held = bytes};
}
std::uint64_t at(const Focus& focus, GcPlace place) { return focus.places()[static_cast<std::size_t>(place)]; }

}  // namespace

TEST_CASE("buckets are powers of two, each with those from it on") {
  Focus focus(0, false, 0);
  for (const std::uint64_t bytes : {0U, 1U, 63U, 64U, 127U, 128U}) focus.take(object(bytes, bytes));
  CHECK(focus.sizes() == std::vector<model::SizeBucket>{{.from = 0, .count = 1, .bytes = 0},
                                                        {.from = 1, .count = 1, .bytes = 1},
                                                        {.from = 32, .count = 1, .bytes = 63},
                                                        {.from = 64, .count = 2, .bytes = 191},
                                                        {.from = 128, .count = 1, .bytes = 128}});
}

TEST_CASE("every object is as likely a sample as any other, and none is one twice") {
  constexpr std::uint64_t objects = 1000, wanted = 100;
  std::array<int, 10> tenths{};
  for (std::uint64_t start = 0; start < 50; ++start) {  // the draw is the same: what is at a place is not
    Focus focus(0, true, wanted);
    for (std::uint64_t i = 0; i < objects; ++i) focus.take(object(0x1000 + (i + start * 20) % objects * 64));
    focus.sort();
    REQUIRE(focus.samples().size() == wanted);
    std::set<std::uint64_t> addresses;
    for (const auto& sample : focus.samples()) {
      addresses.insert(sample.address);
      ++tenths.at((sample.address - 0x1000) / 64 / (objects / 10));
    }
    CHECK(addresses.size() == wanted);
  }
  for (const int count : tenths) CHECK((count > 400 && count < 600));  // of 5,000
}

TEST_CASE("places: what is in a list, what is in none, what was not looked for") {
  Focus focus(0, true, 1);
  for (const std::uint64_t address : {0x300U, 0x100U, 0x200U}) focus.take(object(address));
  focus.sort();
  focus.place(0x200, GcPlace::generation1);
  focus.place(0x250, GcPlace::generation2);  // another type's
  CHECK(at(focus, GcPlace::unknown) == 2);
  focus.end_places(false);
  CHECK(at(focus, GcPlace::unknown) == 2);
  focus.end_places(true);
  CHECK(at(focus, GcPlace::untracked) == 2);
  CHECK(at(focus, GcPlace::generation1) == 1);
  CHECK(at(focus, GcPlace::generation2) == 0);
  CHECK(focus.place_of(0x200) == GcPlace::generation1);
  CHECK(focus.place_of(0x100) == GcPlace::untracked);
  CHECK(focus.place_of(0x250) == GcPlace::unknown);
}

TEST_CASE("an object that was taken twice has one place, and the other is unknown") {
  Focus focus(0, true, 0);
  focus.take(object(0x100));
  focus.take(object(0x100));
  focus.sort();
  focus.place(0x100, GcPlace::generation0);
  focus.end_places(true);
  CHECK(at(focus, GcPlace::generation0) == 1);
  CHECK(at(focus, GcPlace::unknown) == 1);
}

TEST_CASE("beyond the most addresses objects are unknown, and still counted and drawn") {
  constexpr std::uint64_t more = 5;
  Focus focus(0, true, 2);
  for (std::uint64_t i = 0; i < Focus::most_addresses + more; ++i) focus.take(object(0x1000 + i * 16));
  focus.sort();
  focus.end_places(true);
  CHECK(at(focus, GcPlace::untracked) == Focus::most_addresses);
  CHECK(at(focus, GcPlace::unknown) == more);
  CHECK(focus.place_of(0x1000 + Focus::most_addresses * 16) == GcPlace::unknown);
  CHECK(focus.sizes().at(0).count == Focus::most_addresses + more);
  CHECK(focus.samples().size() == 2);
}

TEST_CASE("what an allocator takes for a request") {
  const BlockSizes with_pymalloc(true), without(false);
  CHECK(with_pymalloc.of_python(0, true) == 0);
  CHECK(with_pymalloc.of_python(1, false) == 16);
  CHECK(with_pymalloc.of_python(16, false) == 16);
  CHECK(with_pymalloc.of_python(512, false) == 512);
  CHECK(with_pymalloc.of_python(513, false) == 528);
  CHECK(with_pymalloc.of_python(513 + 8, false) == 544);
  CHECK(with_pymalloc.of_python(16, true) == 48);    // 24 more
  CHECK(with_pymalloc.of_python(500, true) == 544);  // which make it malloc's
  CHECK(without.of_python(16, false) == 32);
  CHECK(BlockSizes::of_malloc(0) == 0);
  CHECK(BlockSizes::of_malloc(1) == 32);
  CHECK(BlockSizes::of_malloc(24) == 32);
  CHECK(BlockSizes::of_malloc(25) == 48);
  CHECK(BlockSizes::of_malloc((32U << 20) - 1) == (32U << 20) + 16);
  CHECK(BlockSizes::of_malloc(32U << 20) == (32U << 20) + 4096);
}

TEST_CASE("a budget is spent once and for all; none has no end; what it left out adds up") {
  WalkBudget none, all(INT64_MAX), long_one(std::int64_t{3600} * 1'000'000'000), spent(0), past(INT64_MIN);
  CHECK_FALSE(none.is_spent());
  CHECK_FALSE(all.is_spent());
  CHECK_FALSE(long_one.is_spent());
  CHECK_FALSE(spent.was_spent());  // not asked yet
  CHECK(spent.is_spent());
  CHECK(spent.was_spent());
  CHECK(past.is_spent());
  spent.leave_out(100);
  spent.leave_out(23);
  CHECK(spent.left_out_bytes() == 123);

  WalkBudget short_one(20'000'000);
  CHECK_FALSE(short_one.is_spent());
  std::uint64_t asked = 0;
  while (!short_one.is_spent()) ++asked;  // of our CPU, which asking takes
  CHECK(asked > 100);
}
