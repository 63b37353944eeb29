#include "tidemark/cpython/refcounts.hpp"

#include "fake_interpreter.hpp"
#include "fake_objects.hpp"

using namespace tidemark::cpython;        // the room under test
using namespace tidemark::cpython::test;  // its hand-made objects

TEST_CASE("immortal objects are told by the sign of the lower half, from 3.12 on") {
  constexpr std::uint64_t of_3_12 = 0xffff'ffff, of_3_14 = 3ULL << 30, in_static_data = of_3_14 | 5ULL << 48;
  for_each_layout([](const Layout& layout) {
    const bool has_them = layout.integer.tag.is_present();
    for (const std::uint64_t word : {of_3_12, of_3_14, in_static_data}) {
      CHECK(is_immortal_refcount(layout, word) == has_them);
      CHECK_FALSE(is_dead_refcount(word));
    }
    CHECK_FALSE(is_immortal_refcount(layout, 1));
    CHECK_FALSE(is_immortal_refcount(layout, 0x7fff'ffff));
    CHECK(refcount_of(layout, 7) == 7);
    CHECK(refcount_of(layout, 0) == 0);
  });
}

TEST_CASE("a link of a free list is no count, whatever its lower half is") {
  for_each_layout([](const Layout& layout) {
    for (const std::uint64_t link : {0x7f12'8765'4320ULL, 0x7f12'0765'4320ULL, 0x5555'8000'0010ULL}) {
      CHECK(is_in_free_list(link));
      CHECK(is_dead_refcount(link));
      CHECK_FALSE(is_immortal_refcount(layout, link));
      CHECK(refcount_of(layout, link) == 0);
    }
  });
  CHECK_FALSE(is_in_free_list(0));
  CHECK(is_dead_refcount(0));
  CHECK_FALSE(is_in_free_list(12));
}

TEST_CASE("the count of an object is read, in a free-threaded build out of two") {
  for_each_layout([](const Layout& layout) {
    FakeObjects fake(layout);
    const Address object = fake.object(fake.int_type, 64);
    if (layout.free_threaded) {
      fake.put_at(object.plus(12), std::uint32_t{3});
      fake.put_at(object.plus(16), std::int64_t{(4 << 2) | 3});
      CHECK(read_refcount(fake.image(), layout, object).value() == 7);
    } else {
      fake.put_at(object, std::uint64_t{7});
      CHECK(read_refcount(fake.image(), layout, object).value() == 7);
    }
    CHECK_FALSE(read_refcount(fake.image(), layout, {}));
    CHECK_FALSE(read_refcount(fake.image(), layout, {0xdead0000}));
  });
}
