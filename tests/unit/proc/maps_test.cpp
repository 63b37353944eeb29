#include "tidemark/proc/maps.hpp"

#include <algorithm>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;
using test::must;

namespace {

std::vector<SmapsByKind::Kind> kinds_of(const std::string& text) {
  SmapsByKind sums;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto taken = sums.add_line(line);
    if (!taken) FAIL(base::describe(taken.error()));
  }
  return sums.take();
}

/// The sum of all `Key:` lines, found another way.
std::uint64_t total_of(const std::string& text, const std::string& key) {
  std::uint64_t total = 0;
  const std::string begin = "\n" + key + ":";
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    total += std::stoull(text.substr(at + begin.size())) * 1024;
  }
  return total;
}

std::string entry(const std::string& path, int rss_kb) {
  return "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 " + path + "\nSize: 4 kB\nRss: " + std::to_string(rss_kb) +
         " kB\nVmFlags: rd wr\n";
}

}  // namespace

TEST_CASE("maps: one line has all its columns") {
  const auto map =
      must(parse_map_line("7ff000001000-7ff000003000 r-xs 0000a000 fd:1f 316526    /tmp/a b\\012c (deleted)"));
  CHECK(map.start == 0x7ff000001000);
  CHECK(map.end == 0x7ff000003000);
  CHECK(map.size() == 0x2000);
  CHECK(map.readable);
  CHECK_FALSE(map.writable);
  CHECK(map.executable);
  CHECK(map.shared);
  CHECK(map.offset == 0xa000);
  CHECK(map.device_major == 0xfd);
  CHECK(map.device_minor == 0x1f);
  CHECK(map.inode == 316526);
  CHECK(map.path == "/tmp/a b\nc (deleted)");
}

TEST_CASE("maps: only the newline is an escape, since the kernel escapes nothing else here") {
  CHECK(must(parse_map_line("1000-2000 r--p 0 0:0 1 /a\\101\\012\\012")).path == "/a\\101\n\n");
  CHECK(must(parse_map_line("1000-2000 r--p 0 0:0 1 /a\\01")).path == "/a\\01");
  CHECK(must(parse_map_line("1000-2000 r--p 0 0:0 0 ")).path.empty());
}

TEST_CASE("maps: the last page of the address space, and lines that are no maps") {
  CHECK(must(parse_map_line("ffffffffff600000-ffffffffffffffff --xp 0 0:0 0")).end == 0xffffffffffffffff);
  for (const char* line :
       {"", "x", "1000-1000 r--p 0 0:0 0", "2000-1000 r--p 0 0:0 0", "1000-2000 r--q 0 0:0 0", "1000-2000 wr-p 0 0:0 0",
        "1000-2000 r--p 0 00 0", "1000-2000 r--p 0 0:0", "1000-2000 r--p 0 0:0 0x",
        "10000000000000000-20000000000000000 r--p 0 0:0 0", "1000-2000 r--p 0 0:0 18446744073709551616"}) {
    CAPTURE(line);
    const auto parsed = parse_map_line(line);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == base::ErrorCode::malformed);
  }
}

TEST_CASE("maps: the captured text") {
  const auto maps = must(parse_maps(fixture("maps")));
  CHECK(maps.size() == 37);
  CHECK(maps.front().path == "/tmp/proc/cap/a) b (c d");
  CHECK(maps.back().path == "[vsyscall]");
  CHECK(std::is_sorted(maps.begin(), maps.end(), [](const auto& a, const auto& b) { return a.end <= b.start; }));
  CHECK(must(parse_maps("")).empty());
  CHECK_FALSE(parse_maps("1000-2000 r--p 0 0:0 0"));
}

TEST_CASE("smaps: the kinds add up to smaps' own totals") {
  const std::string text = "\n" + fixture("smaps");
  const auto kinds = kinds_of(fixture("smaps"));
  using Kind = SmapsByKind::Kind;
  const auto check = [&](const char* key, std::uint64_t Kind::*member) {
    CAPTURE(key);
    std::uint64_t sum = 0;
    for (const Kind& kind : kinds) sum += kind.*member;
    CHECK(sum == total_of(text, key));
  };
  check("Size", &Kind::size);
  check("Rss", &Kind::rss);
  check("Pss", &Kind::pss);
  check("Private_Dirty", &Kind::private_dirty);
  check("Private_Clean", &Kind::private_clean);
  check("Shared_Dirty", &Kind::shared_dirty);
  check("Shared_Clean", &Kind::shared_clean);
  check("Anonymous", &Kind::anonymous);
  check("Swap", &Kind::swap);
  check("AnonHugePages", &Kind::anon_huge);
  std::uint64_t maps = 0;
  for (const Kind& kind : kinds) maps += kind.maps;
  CHECK(maps == 37);
}

TEST_CASE("smaps: largest first, each kind by its name") {
  const auto kinds = kinds_of(fixture("smaps"));
  REQUIRE(kinds.size() == 23);
  CHECK(kinds[0].name == "/usr/lib/x86_64-linux-gnu/libc.so.6");
  CHECK(kinds[0].maps == 5);
  CHECK(kinds[0].rss == 1256 * 1024);
  CHECK(kinds[1].name == "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
  const auto named = [&](const char* name) {
    return std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.name == name; });
  };
  REQUIRE(named("[anon]") != kinds.end());
  CHECK(named("[anon]")->maps == 3);
  CHECK(named("[anon]")->rss == 32 * 1024);
  CHECK(named("[heap]")->rss == 24 * 1024);
  CHECK(named("[stack]")->rss == 12 * 1024);
  CHECK(named("/tmp/proc/cap/a) b (c d")->rss == 44 * 1024);
}

TEST_CASE("smaps: what counts as anonymous, as a stack, and as itself") {
  CHECK(kind_name("") == "[anon]");
  CHECK(kind_name("[anon:glibc: malloc]") == "[anon]");
  CHECK(kind_name("[anon_shmem:cache]") == "[anon_shmem:cache]");
  CHECK(kind_name("[stack:4711]") == "[stack]");
  CHECK(kind_name("/memfd:x (deleted)") == "/memfd:x (deleted)");
  CHECK(kind_name("/dev/zero (deleted)") == "/dev/zero (deleted)");
  CHECK(kind_name("[vdso]") == "[vdso]");
}

TEST_CASE("smaps: a flood of files ends in one row and the total stays right") {
  std::string text;
  const std::size_t files = max_map_kinds + 100;
  for (std::size_t file = 0; file < files; ++file) text += entry("/f" + std::to_string(file), 4);
  const auto kinds = kinds_of(text);
  CHECK(kinds.size() == max_map_kinds);
  CHECK(kinds.front().name == more_kinds_name);
  CHECK(kinds.front().maps == 101);
  std::uint64_t rss = 0;
  for (const auto& kind : kinds) rss += kind.rss;
  CHECK(rss == files * 4 * 1024);
}

TEST_CASE("smaps: no sum is wrong in silence") {
  SmapsByKind sums;
  CHECK_FALSE(sums.add_line("Rss: 4 kB"));  // of no mapping
  REQUIRE(sums.add_line("1000-2000 r--p 0 0:0 0"));
  CHECK(sums.add_line("Rss: 18014398509481983 kB"));
  CHECK_FALSE(sums.add_line("Rss: 1 kB"));  // beyond 2^64
  CHECK_FALSE(sums.add_line("Rss: x kB"));
  CHECK_FALSE(sums.add_line("Rss"));
  CHECK_FALSE(sums.add_line(""));
  CHECK(sums.add_line("VmFlags: rd mr"));
  CHECK(sums.take().size() == 1);
  CHECK(sums.take().empty());
}
