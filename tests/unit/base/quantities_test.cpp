#include "tidemark/base/quantities.hpp"

#include <doctest/doctest.h>

using tidemark::base::parse_duration_ns;
using tidemark::base::parse_size_bytes;

TEST_CASE("durations") {
  CHECK(parse_duration_ns("10ms") == 10'000'000);
  CHECK(parse_duration_ns("1s") == 1'000'000'000);
  CHECK(parse_duration_ns("1") == 1'000'000'000);
  CHECK(parse_duration_ns("0.25") == 250'000'000);
  CHECK(parse_duration_ns("1.5m") == 90'000'000'000);
  CHECK(parse_duration_ns("1h") == 3'600'000'000'000);
  for (const char* wrong : {"", "s", "-1s", "-0", "1 s", "1x", "nan", "inf", "1e3", "1s1s", "99999999d"}) {
    CHECK_MESSAGE(!parse_duration_ns(wrong), wrong);
  }
}

TEST_CASE("sizes are powers of 1024") {
  CHECK(parse_size_bytes("4096") == 4096);
  CHECK(parse_size_bytes("64k") == 65'536);
  CHECK(parse_size_bytes("100MB") == 104'857'600);
  CHECK(parse_size_bytes("1.5GiB") == 1'610'612'736);
  for (const char* wrong : {"", "MB", "-5k", "1TBx", "5 MB", "1e9", "2000000000g"})
    CHECK_MESSAGE(!parse_size_bytes(wrong), wrong);
}
