#include "detail/address_space.hpp"

#include "fake_space.hpp"
#include "tidemark/heap/moment.hpp"

using namespace tidemark;
using namespace tidemark::heap;
using namespace tidemark::heap::test;

namespace {

/// Six pages, one of each kind; a hole of two pages; two pages; right behind them a mapping without flags.
struct SixKinds {
  SixKinds() {
    fake.map(0x10000, 6 * page);
    fake.set_pages(0x11000, page, common);
    fake.set_pages(0x12000, page, swapped);
    fake.set_pages(0x13000, page, zeros);
    fake.set_pages(0x14000, page, own | proc::page_file);
    fake.set_pages(0x15000, page, untouched);
    fake.map(0x18000, 2 * page);
    fake.map(0x1a000, 2 * page, {.path = "/dev/shm/x", .shared = true, .inode = 5});
  }
  FakeSpace fake;
  [[nodiscard]] AddressSpace space() const { return fake.space(); }
};

}  // namespace

TEST_CASE_FIXTURE(SixKinds, "a tally tells resident, private and swapped bytes apart") {
  CHECK(space().tally({0x10000, 0x11000}) == tally_of(page, page));
  CHECK(space().tally({0x11000, 0x12000}) == tally_of(page, 0));
  CHECK(space().tally({0x12000, 0x13000}) == tally_of(0, 0, page));
  CHECK(space().tally({0x13000, 0x14000}) == tally_of(0, 0));     // the page of zeros is in no RSS
  CHECK(space().tally({0x14000, 0x15000}) == tally_of(page, 0));  // a file's, or shared
  CHECK(space().tally({0x15000, 0x16000}) == tally_of(0, 0));
  CHECK(space().tally({0x10000, 0x16000}) == tally_of(3 * page, page, page));
}

TEST_CASE_FIXTURE(SixKinds, "a tally counts parts of pages, across holes and mappings") {
  CHECK(space().tally({0x10ff0, 0x11010}) == tally_of(0x20, 0x10));
  CHECK(space().tally({0x12800, 0x13800}) == tally_of(0, 0, 0x800));
  CHECK(space().tally({0x15ff0, 0x18010}) == tally_of(0x10, 0x10));
  CHECK(space().tally({0, 0x11000}) == tally_of(page, page));
  CHECK(space().tally({0, ~std::uint64_t{0}}) == tally_of(5 * page, 3 * page, page));  // without flags: none
  CHECK(space().tally({0x19000, 0x1b000}) == tally_of(page, page));
}

TEST_CASE_FIXTURE(SixKinds, "an empty or an inverted range has nothing") {
  CHECK(space().tally({0x10000, 0x10000}) == Tally{});
  CHECK(space().tally({0x12000, 0x10000}) == Tally{});
  CHECK(space().resident({0x12000, 0x10000}).empty());
  CHECK(space().tally({0x16000, 0x18000}) == Tally{});
  CHECK(space().tally({0x1c000, 0x20000}) == Tally{});
}

TEST_CASE_FIXTURE(SixKinds, "find gives the mapping that holds the address") {
  const auto all = space();
  CHECK(all.find(0xffff) == nullptr);
  REQUIRE(all.find(0x15fff) != nullptr);
  CHECK(all.find(0x15fff)->map.region.start == 0x10000);
  CHECK(all.find(0x16000) == nullptr);
  CHECK(all.find(0x1a000)->map.region.path == "/dev/shm/x");
  CHECK(AddressSpace(std::vector<SpaceRegion>{}).find(0x10000) == nullptr);
}

TEST_CASE_FIXTURE(SixKinds, "resident gives whole stretches, also of pages of zeros") {
  CHECK(are(space().resident({0x10000, 0x20000}), {{0x10000, 0x12000}, {0x13000, 0x15000}, {0x18000, 0x1a000}}));
  CHECK(are(space().resident({0x10800, 0x11800}), {{0x10800, 0x11800}}));
  CHECK(are(space().resident({0x12800, 0x13800}), {{0x13000, 0x13800}}));
  CHECK(are(space().resident({0x15000, 0x18000}), std::vector<Range>{}));
  CHECK(are(space().resident({0x1a000, 0x1c000}), std::vector<Range>{}));
}

TEST_CASE_FIXTURE(SixKinds, "is_resident and is_whole ask for presence") {
  CHECK(space().is_resident(0x11fff));
  CHECK_FALSE(space().is_resident(0x12000));
  CHECK_FALSE(space().is_resident(0x16000));
  CHECK_FALSE(space().is_resident(0x1a000));
  CHECK(space().is_whole({0x10010, 0x12000}));
  CHECK_FALSE(space().is_whole({0x10010, 0x12001}));
  CHECK_FALSE(space().is_whole({0x19000, 0x1b000}));
}

TEST_CASE("touching mappings: stretches go on, whole ranges do not") {
  FakeSpace fake;
  fake.map(0x10000, page);
  fake.map(0x11000, page);
  CHECK(are(fake.space().resident({0x10000, 0x12000}), {{0x10000, 0x12000}}));
  CHECK_FALSE(fake.space().is_whole({0x10000, 0x12000}));
  CHECK(fake.space().tally({0x10800, 0x11800}) == tally_of(page, page));
}

TEST_CASE_FIXTURE(SixKinds, "a moment has the resident memory that a copy has to hold") {
  const Moment moment(space());
  const auto ranges = moment.resident();
  REQUIRE(ranges.size() == 3);
  CHECK(ranges[1].start == base::Address{0x13000});
  CHECK(ranges[1].bytes == 2 * page);
  CHECK(moment.resident_bytes() == 6 * page);
}

TEST_CASE("in a clone a page is private when it was before") {
  FakeSpace before, clone;
  before.map(0x10000, 3 * page);
  before.set_pages(0x11000, page, common);
  clone.map(0xf000, 4 * page, {.flags = common});
  Moment moment(clone.space());
  moment.take_exclusiveness_of(Moment(before.space()));
  CHECK(moment.space().tally({0xf000, 0x13000}) == tally_of(4 * page, 2 * page));
}

TEST_CASE("without PAGEMAP_SCAN as many pages as RSS lacks are taken for the page of zeros") {
  constexpr std::uint8_t anybodys = proc::page_present, of_a_file = proc::page_present | proc::page_file;
  std::vector<std::uint8_t> pages{own, anybodys, of_a_file, anybodys, 0, own, anybodys};
  guess_zero_pages(pages, 4 * proc::page_bytes);
  CHECK(pages == std::vector<std::uint8_t>{own, zeros, of_a_file, zeros, 0, own, anybodys});
  guess_zero_pages(pages, proc::page_bytes);  // more than are shared: others, but no file's
  std::uint64_t left = 0;
  for (const auto flags : pages) {
    Tally one;
    add_page(one, flags, proc::page_bytes);
    left += one.bytes;
  }
  CHECK(left == proc::page_bytes);
  CHECK(pages[2] == of_a_file);
}

TEST_CASE("the files of a clone are those of the target") {
  const auto region = [](std::uint64_t start, std::uint64_t inode, std::uint64_t rss, bool is_dont_copy = false) {
    proc::SmapsRegion made;
    made.region.start = start;
    made.region.end = start + page;
    made.region.inode = inode;
    made.rss = rss;
    made.is_dont_copy = is_dont_copy;
    return made;
  };
  const auto all =
      with_files_of({region(0x1000, 7, 0), region(0x3000, 0, 5)},
                    {region(0x1000, 7, 9), region(0x2000, 0, 4, true), region(0x3000, 0, 8), region(0x5000, 0, 6)});
  REQUIRE(all.size() == 3);
  CHECK(all[0].rss == 9);                // a file: the target's
  CHECK(all[1].region.start == 0x2000);  // not copied by fork
  CHECK(all[2].rss == 5);                // anonymous: the clone's own
}
