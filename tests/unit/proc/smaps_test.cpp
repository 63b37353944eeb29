#include "tidemark/proc/smaps.hpp"

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::must;

namespace {

base::Result<std::vector<SmapsRegion>> parse(std::string_view text) {
  SmapsReader reader;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (auto added = reader.add_line(text.substr(0, end)); !added) return base::fail(added.error());
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader.take();
}

constexpr std::string_view head = "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \n";

}  // namespace

TEST_CASE("smaps: each field where it belongs") {
  const auto regions =
      must(parse(std::string(head) +
                 "Size:                 64 kB\nKernelPageSize:        4 kB\nRss:    40 kB\nPss:   20 kB\n"
                 "Pss_Dirty:            19 kB\nShared_Clean: 1 kB\nShared_Dirty:   2 kB\n"
                 "Private_Clean: 3 kB\nPrivate_Dirty:        34 kB\nReferenced:     40 kB\n"
                 "Anonymous: 38 kB\nAnonHugePages: 4 kB\nShared_Hugetlb: 0 kB\n"
                 "Private_Hugetlb:       0 kB\nSwap:           8 kB\nSwapPss:   7 kB\n"
                 "THPeligible:           0\nProtectionKey:         0\nVmFlags: rd wr mr mw me ac sd \n"
                 "400000-401000 r-xp 00001000 fe:01 77 /usr/bin/x\nRss: 4 kB\n"));
  REQUIRE(regions.size() == 2);
  const auto& one = regions[0];
  CHECK(one.region.start == 0x7f00'0000'0000);
  CHECK(one.rss == 40 << 10);
  CHECK(one.pss == 20 << 10);
  CHECK(one.shared_clean == 1 << 10);
  CHECK(one.shared_dirty == 2 << 10);
  CHECK(one.private_clean == 3 << 10);
  CHECK(one.private_dirty == 34 << 10);
  CHECK(one.anonymous == 38 << 10);
  CHECK(one.anon_huge == 4 << 10);
  CHECK(one.swap == 8 << 10);
  CHECK(one.hugetlb == 0);
  CHECK(one.is_private_anonymous());
  CHECK_FALSE(one.is_hugetlb);
  CHECK_FALSE(one.is_dont_copy);
  CHECK_FALSE(one.is_wiped_on_fork);
  CHECK(regions[1].is_file());
  CHECK_FALSE(regions[1].is_private_anonymous());
  CHECK(regions[1].rss == 4 << 10);
}

TEST_CASE("smaps: huge pages of hugetlbfs, shared and private, are beside the rest") {
  const auto regions =
      must(parse(std::string(head) + "Rss: 0 kB\nShared_Hugetlb: 2048 kB\nPrivate_Hugetlb:    4096 kB\n"
                                     "VmFlags: rd wr mr mw me de ht sd \n"));
  REQUIRE(regions.size() == 1);
  CHECK(regions[0].hugetlb == 6 << 20);
  CHECK(regions[0].rss == 0);
  CHECK(regions[0].is_hugetlb);
  CHECK_FALSE(regions[0].is_private_anonymous());
}

TEST_CASE("smaps: what fork leaves out and what it wipes") {
  const auto regions = must(parse(std::string(head) + "VmFlags: rd wr mr mw me dc sd \n" +
                                  "7f0000010000-7f0000020000 rw-p 00000000 00:00 0 \nVmFlags: rd wf\n" +
                                  "7f0000020000-7f0000030000 rw-p 00000000 00:00 0 \nVmFlags: rd dcx xwf dd\n" +
                                  "7f0000030000-7f0000031000 r--p 00000000 00:00 0 [vvar]\nVmFlags:\n"));
  REQUIRE(regions.size() == 4);
  CHECK(regions[0].is_dont_copy);
  CHECK_FALSE(regions[0].is_wiped_on_fork);
  CHECK(regions[1].is_wiped_on_fork);
  CHECK_FALSE(regions[2].is_dont_copy);
  CHECK_FALSE(regions[2].is_wiped_on_fork);
  CHECK(regions[3].is_special());
  CHECK_FALSE(regions[3].is_private_anonymous());
}

TEST_CASE("smaps: a text that is none is refused") {
  CHECK_FALSE(parse("Rss: 4 kB\n"));
  CHECK_FALSE(parse(std::string(head) + "Rss: x kB\n"));
  CHECK_FALSE(parse(std::string(head) + "Rss: -4 kB\n"));
  CHECK_FALSE(parse(std::string(head) + "Rss: 4\n"));
  CHECK_FALSE(parse(std::string(head) + "Rss: 99999999999999999999 kB\n"));
  CHECK_FALSE(parse(std::string(head) + "Rss: 18014398509481984 kB\n"));  // 2^64 bytes
  CHECK_FALSE(parse(std::string(head) + "no field\n"));
  CHECK_FALSE(parse(std::string(head) + "\n"));
  CHECK_FALSE(parse("7f0000010000-7f0000000000 rw-p 00000000 00:00 0 \n"));
  CHECK_FALSE(parse("7f00 rw-p\n"));
  CHECK(must(parse("")).empty());
  // Fields that a later kernel may add.
  CHECK(parse(std::string(head) + "NewField: whatever it says\n"));
}

TEST_CASE("smaps: two fields of hugetlb that do not fit into one") {
  CHECK_FALSE(
      parse(std::string(head) + "Shared_Hugetlb: 18014398509481983 kB\nPrivate_Hugetlb: 18014398509481983 kB\n"));
}
