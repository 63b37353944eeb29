#include "tidemark/proc/accounts.hpp"

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;
using test::must;

TEST_CASE("io: each line fills its own member") {
  const auto io =
      must(parse_io("rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n"
                    "cancelled_write_bytes: 18446744073709551615\n"));
  CHECK(io.read_chars == 1);
  CHECK(io.write_chars == 2);
  CHECK(io.read_calls == 3);
  CHECK(io.write_calls == 4);
  CHECK(io.read_bytes == 5);
  CHECK(io.write_bytes == 6);
  CHECK(io.cancelled_write_bytes == 18446744073709551615U);
  CHECK(must(parse_io(fixture("io"))).read_chars == 6976);
}

TEST_CASE("io: every cut is malformed") {
  const std::string text = fixture("io");
  for (std::size_t length = 0; length < text.size(); ++length) {
    CAPTURE(length);
    const auto parsed = parse_io(text.substr(0, length));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == base::ErrorCode::malformed);
  }
  CHECK_FALSE(parse_io("rchar: 18446744073709551616\n"));
  CHECK_FALSE(parse_io("rchar: 1\r\n"));
}

TEST_CASE("smaps_rollup: the captured text gives its own numbers") {
  const auto rollup = must(parse_rollup(fixture("smaps_rollup")));
  CHECK(rollup.rss == 1772 * 1024);
  CHECK(rollup.pss == 374 * 1024);
  CHECK(rollup.private_clean == 16 * 1024);
  CHECK(rollup.private_dirty == 152 * 1024);
  CHECK(rollup.shared_clean == 1604 * 1024);
  CHECK(rollup.shared_dirty == 0);
  CHECK(rollup.anonymous == 116 * 1024);
  CHECK(rollup.anon_huge == 0);
  CHECK(rollup.uss() == 168 * 1024);
  CHECK(rollup.rss == rollup.uss() + rollup.shared_clean + rollup.shared_dirty);
}

TEST_CASE("smaps_rollup: huge pages are part of the unique set, newer lines may be missing") {
  const std::string least = "Rss: 4 kB\nPss: 3 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 2 kB\n";
  const auto rollup = must(parse_rollup(least + "Private_Hugetlb: 2048 kB\nSwap: 5 kB\n"
                                                "SwapPss: 6 kB\nAnonHugePages: 7 kB\n"));
  CHECK(rollup.uss() == 2051 * 1024);
  CHECK(rollup.swap == 5 * 1024);
  CHECK(rollup.swap_pss == 6 * 1024);
  CHECK(rollup.anon_huge == 7 * 1024);
  CHECK(must(parse_rollup(least)).swap_pss == 0);
  CHECK_FALSE(parse_rollup("Rss: 4 kB\nPss: 3 kB\nPrivate_Clean: 1 kB\n"));
  CHECK_FALSE(parse_rollup(least + "Swap: 5"));
  CHECK_FALSE(parse_rollup(least + "Swap: 18014398509481984 kB\n"));
}
