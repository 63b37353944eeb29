#include "tidemark/proc/stat.hpp"

#include <csignal>
#include <limits>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;
using test::must;

namespace {

/// The captured text with another name or another field (numbered as in proc(5), from 3).
std::string with_comm(const std::string& comm) {
  std::string text = fixture("stat");
  return text.replace(text.find('(') + 1, text.rfind(')') - text.find('(') - 1, comm);
}

std::string with_field(int number, const std::string& value) {
  const std::string text = fixture("stat");
  std::size_t begin = text.rfind(')') + 2;
  for (int field = 3; field < number; ++field) begin = text.find(' ', begin) + 1;
  return text.substr(0, begin) + value + text.substr(text.find_first_of(" \n", begin));
}

base::ErrorCode code_of(const std::string& text) {
  const auto parsed = parse_stat(text);
  REQUIRE_FALSE(parsed);
  CHECK_FALSE(parsed.error().doing.empty());
  return parsed.error().code;
}

}  // namespace

TEST_CASE("stat: the captured text gives its own numbers") {
  const auto stat = must(parse_stat(fixture("stat")));
  CHECK(stat.pid == 6516);
  CHECK(stat.comm == "a) b (c d");
  CHECK(stat.state == 'S');
  CHECK(stat.ppid == 6514);
  CHECK(stat.pgrp == 6514);
  CHECK(stat.session == 16573);
  CHECK(stat.minor_faults == 143);
  CHECK(stat.children_minor_faults == 0);
  CHECK(stat.major_faults == 0);
  CHECK(stat.threads == 1);
  CHECK(stat.exit_signal == SIGCHLD);
  CHECK(stat.exit_code == 0);
  CHECK(stat.start_ticks == 260345);
  CHECK(stat.vsize_bytes == 2990080);
  CHECK(stat.rss_pages == 414);
  CHECK(stat.start_code == 94309370617856);
  CHECK(stat.end_code == 94309370635785);
  CHECK(stat.start_stack == 140726307667120);
  CHECK(stat.arg_start == 140726307670648);
  CHECK(stat.arg_end == 140726307670676);
  CHECK(stat.env_start == 140726307670676);
  CHECK(stat.env_end == 140726307672032);
}

TEST_CASE("stat: each field is taken from its own place") {
  CHECK(must(parse_stat(with_field(10, "7"))).minor_faults == 7);
  CHECK(must(parse_stat(with_field(11, "7"))).children_minor_faults == 7);
  CHECK(must(parse_stat(with_field(12, "7"))).major_faults == 7);
  CHECK(must(parse_stat(with_field(13, "7"))).children_major_faults == 7);
  CHECK(must(parse_stat(with_field(14, "7"))).utime_ticks == 7);
  CHECK(must(parse_stat(with_field(15, "7"))).stime_ticks == 7);
  CHECK(must(parse_stat(with_field(20, "7"))).threads == 7);
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  CHECK(must(parse_stat(with_field(22, std::to_string(most)))).start_ticks == most);
}

TEST_CASE("stat: a name may hold anything the kernel lets it") {
  for (const std::string name :
       {"", ")", ") R 1 1", "a\nb", "((((", "\xff\x80", ") S 1 2 3 (x", "kworker/u8:2-events_unbound"}) {
    CAPTURE(name);
    const auto stat = must(parse_stat(with_comm(name)));
    CHECK(stat.comm == name);
    CHECK(stat.ppid == 6514);
  }
  CHECK(code_of(with_comm(std::string(64, 'x'))) == base::ErrorCode::malformed);
}

TEST_CASE("stat: what is not whole is malformed") {
  const std::string text = fixture("stat");
  for (std::size_t length = 0; length < text.size(); ++length) {
    CAPTURE(length);
    CHECK(code_of(text.substr(0, length)) == base::ErrorCode::malformed);
  }
  CHECK(code_of(with_field(22, "18446744073709551616")) == base::ErrorCode::malformed);
  CHECK(code_of(with_field(14, "-1")) == base::ErrorCode::malformed);
  CHECK(code_of(with_field(4, "2147483648")) == base::ErrorCode::malformed);
  CHECK(code_of(with_field(3, "SS")) == base::ErrorCode::malformed);
  CHECK(code_of(with_field(51, "0x10\r")) == base::ErrorCode::malformed);
  CHECK(code_of("x" + text) == base::ErrorCode::malformed);
}

TEST_CASE("stat: the start time is boot time plus ticks, as psutil's create_time") {
  CHECK(started_wall_ns(260345, 1'700'000'000, 100) == 1'700'002'603'450'000'000);
  CHECK(started_wall_ns(1, 0, 1024) == 976'562);
  CHECK(started_wall_ns(std::numeric_limits<std::uint64_t>::max(), 0, 100) == std::numeric_limits<std::int64_t>::max());
  CHECK(started_wall_ns(0, std::numeric_limits<std::uint64_t>::max(), 100) == std::numeric_limits<std::int64_t>::max());
  CHECK(started_wall_ns(9'000'000'000'00, 9'000'000'000, 100) == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("stat: the CPU time in ticks becomes nanoseconds and saturates") {
  StatFields stat;
  stat.utime_ticks = 250;
  stat.stime_ticks = 51;
  CHECK(cpu_ns_of(stat, 100) == 3'010'000'000);
  stat.utime_ticks = stat.stime_ticks = std::numeric_limits<std::uint64_t>::max();
  CHECK(cpu_ns_of(stat, 100) == std::numeric_limits<std::int64_t>::max());
  CHECK(ticks_per_second() > 0);
}
