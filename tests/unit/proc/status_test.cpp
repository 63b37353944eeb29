#include "tidemark/proc/status.hpp"

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;
using test::must;

TEST_CASE("status: the captured text gives its own numbers") {
  const auto status = must(parse_status(fixture("status")));
  CHECK(status.state == 'S');
  CHECK(status.pid == 6516);
  CHECK(status.tgid == 6516);
  CHECK(status.inner_pid == 6516);
  CHECK(status.pid_namespaces == 1);
  CHECK(status.threads == 1);
  CHECK(status.vm_peak == 2920 * 1024);
  CHECK(status.vm_size == 2920 * 1024);
  CHECK(status.vm_hwm == 1772 * 1024);
  CHECK(status.vm_rss == 1772 * 1024);
  CHECK(status.vm_data == 224 * 1024);
  CHECK(status.vm_swap == 0);
  CHECK(status.vm_pte == 44 * 1024);
  CHECK(status.rss_anon == 116 * 1024);
  CHECK(status.rss_file == 1656 * 1024);
  CHECK(status.rss_shmem == 0);
  CHECK(status.voluntary_switches == 1);
  CHECK(status.involuntary_switches == 0);
  CHECK(status.seccomp_mode == 0);
}

TEST_CASE("status: ids, namespaces and modes are taken from their own places") {
  const auto ids = must(parse_status(test::status_with_line("Uid", "Uid:\t1000\t33\t33\t33")));
  CHECK(ids.real_uid == 1000);
  CHECK(ids.effective_uid == 33);
  const auto groups = must(parse_status(test::status_with_line("Gid", "Gid:\t4294967295\t7\t7\t7")));
  CHECK(groups.real_gid == 4294967295);
  CHECK(groups.effective_gid == 7);
  const auto nested = must(parse_status(test::status_with_line("NSpid", "NSpid:\t6516\t41\t1")));
  CHECK(nested.inner_pid == 1);
  CHECK(nested.pid_namespaces == 3);
  CHECK(must(parse_status(test::status_with_line("Seccomp", "Seccomp:\t2"))).seccomp_mode == 2);
  CHECK(must(parse_status(test::status_with_line("Threads", "Threads:\t12"))).threads == 12);
}

TEST_CASE("status: a line that is missing is no zero") {
  std::string zombie;
  std::istringstream lines(fixture("status"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("Vm") && !line.starts_with("Rss")) zombie += line + "\n";
  }
  const auto status = must(parse_status(zombie));
  CHECK_FALSE(status.vm_rss.has_value());
  CHECK_FALSE(status.vm_peak.has_value());
  CHECK_FALSE(status.rss_anon.has_value());
  CHECK(status.threads == 1);
  CHECK_FALSE(must(parse_status(test::status_with_line("NSpid", ""))).inner_pid.has_value());
  CHECK_FALSE(must(parse_status(test::status_with_line("Seccomp", ""))).seccomp_mode.has_value());
}

TEST_CASE("status: what is not whole is malformed") {
  for (const char* key : {"State", "Pid", "Tgid", "Uid", "Gid", "Threads"}) {
    CAPTURE(key);
    const auto parsed = parse_status(test::status_with_line(key, ""));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == base::ErrorCode::malformed);
  }
  for (const char* line : {"VmRSS:\t18014398509481984 kB", "VmRSS:\t18446744073709551616 kB", "VmRSS:\t-1 kB",
                           "VmRSS:\t12 MB", "VmRSS:\t12", "VmRSS:\t", "VmRSS:\t12 kB\r", "VmRSS", "VmRSS:\t0x12 kB"}) {
    CAPTURE(line);
    CHECK_FALSE(parse_status(test::status_with_line("VmRSS", line)));
  }
  CHECK(must(parse_status(test::status_with_line("VmRSS", "VmRSS:\t18014398509481983 kB"))).vm_rss ==
        18446744073709550592U);
  CHECK_FALSE(parse_status(test::status_with_line("NSpid", "NSpid:\t")));
  CHECK_FALSE(parse_status(test::status_with_line("Uid", "Uid:\t0")));
  const std::string text = fixture("status");
  CHECK_FALSE(parse_status(text.substr(0, text.size() - 1)));
  CHECK_FALSE(parse_status(""));
}
