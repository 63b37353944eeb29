#include "detail/figures.hpp"

#include <doctest/doctest.h>

using namespace tidemark::present::detail;

TEST_CASE("sizes have the unit that leaves the fewest digits") {
  CHECK(size_words(0) == "0 B");
  CHECK(size_words(23.6) == "24 B");
  CHECK(size_words(1023) == "1023 B");
  CHECK(size_words(1023.6) == "1.0 KB");
  CHECK(size_words(1024) == "1.0 KB");
  CHECK(size_words(1024 * 1024 - 1) == "1.0 MB");  // never 1024.0 KB
  CHECK(size_words(1.5 * 1024 * 1024 * 1024) == "1.5 GB");
  CHECK(size_words(0x1p50) == "1024.0 TB");
  CHECK(signed_size_words(-512) == "-512 B");
  CHECK(signed_size_words(2048) == "+2.0 KB");
  CHECK(signed_size_words(0) == "+0 B");
  CHECK(signed_size_words(INT64_MIN) == "-8388608.0 TB");
}

TEST_CASE("counts have their thousands apart") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'000) == "1,000");
  CHECK(grouped(123'456) == "123,456");
  CHECK(grouped(UINT64_MAX) == "18,446,744,073,709,551,615");
  CHECK(signed_grouped(-1'234) == "-1,234");
  CHECK(signed_grouped(12) == "+12");
  CHECK(signed_grouped(INT64_MIN) == "-9,223,372,036,854,775,808");
  CHECK(grouped(1, "object") == "1 object");
  CHECK(grouped(2'000, "object") == "2,000 objects");
  CHECK(grouped(3, "class", "es") == "3 classes");
}

TEST_CASE("what is not all never looks like it") {
  CHECK(percent_below(1) == "100.0");
  CHECK(percent_below(0.99999) == "99.9");
  CHECK(percent_below(0.9876) == "98.7");
  CHECK(percent_below(0) == "0.0");
}
