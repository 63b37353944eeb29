// Every prefix and every one-byte corruption of the kernel's own texts: a value or `malformed`, never a crash, a hang
// or an endless allocation (run under the asan preset too).
#include <algorithm>

#include "support.hpp"
#include "tidemark/proc/accounts.hpp"
#include "tidemark/proc/cgroup.hpp"
#include "tidemark/proc/maps.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/process_name.hpp"
#include "tidemark/proc/stat.hpp"
#include "tidemark/proc/status.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;

namespace {

base::Result<std::size_t> add_all(std::string_view text) {
  SmapsByKind sums;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto added = sums.add_line(text.substr(0, end));
    if (!added) return base::fail(std::move(added).error());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return sums.take().size();
}

/// The number of corruptions that were refused; an error other than malformed fails the test.
template <class Parse>
std::size_t refusals(std::string text, Parse parse) {
  std::size_t refused = 0;
  const auto feed = [&](std::string_view bad) {
    const auto result = parse(bad);
    if (result) return;
    ++refused;
    if (result.error().code != base::ErrorCode::malformed) FAIL(base::describe(result.error()));
  };
  for (std::size_t length = 0; length < text.size(); ++length) {
    const std::string exact(text.data(), length);  // its own allocation: one byte too far is seen by ASan
    feed(exact);
  }
  for (char& byte : text) {
    const char good = byte;
    for (const char bad : {'\0', '\n', ' ', '9', ')', '\xff'}) {
      byte = bad;
      feed(text);
    }
    byte = good;
  }
  return refused;
}

/// The first entries of smaps: the work grows with the square of the text.
std::string few_entries() {
  const std::string text = fixture("smaps");
  std::size_t end = 0;
  for (int entry = 0; entry < 3; ++entry) end = text.find("VmFlags", end + 1);
  return text.substr(0, text.find('\n', end) + 1);
}

}  // namespace

TEST_CASE("corruption: stat") { CHECK(refusals(fixture("stat"), parse_stat) > fixture("stat").size()); }
TEST_CASE("corruption: status") { CHECK(refusals(fixture("status"), parse_status) > fixture("status").size()); }
TEST_CASE("corruption: io") { CHECK(refusals(fixture("io"), parse_io) > fixture("io").size()); }
TEST_CASE("corruption: smaps_rollup") { CHECK(refusals(fixture("smaps_rollup"), parse_rollup) > 0); }
TEST_CASE("corruption: maps") { CHECK(refusals(fixture("maps"), parse_maps) > fixture("maps").size()); }
TEST_CASE("corruption: smaps") { CHECK(refusals(few_entries(), add_all) > 0); }

TEST_CASE("corruption: the machine's texts and the cgroup ones") {
  CHECK(refusals("MemTotal: 16384 kB\nMemFree: 1 kB\nMemAvailable: 1024 kB\n", parse_meminfo) > 0);
  CHECK(refusals("cpu 1 2\nbtime 1700000000\n", parse_boot_time) > 0);
  CHECK(refusals("35 31 0:32 / /cg/memory rw shared:9 - cgroup cgroup rw,memory\n", parse_cgroup_mounts) > 0);
  CHECK(refusals("9:memory:/a\n0::/b\n", [](std::string_view text) -> base::Result<CgroupName> {
          auto name = parse_cgroup_name(text);
          if (name || name.error().code != base::ErrorCode::not_found) return name;
          return CgroupName{};  // in no memory cgroup: an answer too
        }) > 0);
  CHECK(refusals("inactive_file 7\ntotal_inactive_file 8\nhierarchical_memory_limit 9\n", parse_cgroup_stat) > 0);
  CHECK(refusals("123456\n", parse_cgroup_limit) > 0);
}

TEST_CASE("corruption: a command line") {
  std::string raw("python3\0-X\0dev\0-Im\0pkg.mod\0--\0x.py\0", 36);
  for (std::size_t length = 0; length < raw.size(); ++length) {
    CHECK_FALSE(process_name("comm", std::string(raw.data(), length), "").empty());
  }
  for (char& byte : raw) {
    const char good = byte;
    for (int value = 0; value < 256; ++value) {
      byte = static_cast<char>(value);
      CHECK_FALSE(process_name("comm", raw, "python3").empty());
    }
    byte = good;
  }
}
