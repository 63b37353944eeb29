#include "tidemark/proc/proc_root.hpp"

#include <algorithm>
#include <ctime>

#include "support.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/proc/stat.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::must;
using test::Tree;

TEST_CASE("root: a directory of ours is one, and is no procfs") {
  const Tree tree;
  const auto root = must(ProcRoot::open(tree.path()));
  CHECK(root.path() == tree.path());
  CHECK_FALSE(root.is_procfs());
  CHECK(must(ProcRoot::open()).is_procfs());
  const auto missing = ProcRoot::open(tree.path() + "/none");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == base::ErrorCode::not_found);
  CHECK(missing.error().path == tree.path() + "/none");
}

TEST_CASE("root: the machine's memory") {
  const Tree tree;
  tree.write("meminfo", "MemTotal:       16384 kB\nMemFree:  1 kB\nMemAvailable:    1024 kB\nBuffers: 7 kB\n");
  const auto root = must(ProcRoot::open(tree.path()));
  const auto file = must(MeminfoFile::open(root));
  CHECK(must(file.read()).total == 16384 * 1024);
  CHECK(must(file.read()).available == 1024 * 1024);

  tree.write("meminfo", "MemTotal:       16384 kB\nMemAvailable:    512 kB\n");
  CHECK(must(file.read()).available == 512 * 1024);
  tree.write("meminfo", "MemTotal: 16384 kB\n");
  const auto old_kernel = read_meminfo(root);
  REQUIRE_FALSE(old_kernel);
  CHECK(old_kernel.error().code == base::ErrorCode::malformed);
  CHECK(old_kernel.error().path == tree.path() + "/meminfo");
  CHECK_FALSE(parse_meminfo("MemTotal: 18014398509481984 kB\nMemAvailable: 1 kB\n"));
  CHECK_FALSE(parse_meminfo("MemTotal: 1 kB\nMemAvailable: 1"));
}

TEST_CASE("root: the boot time") {
  const Tree tree;
  const auto root = must(ProcRoot::open(tree.path()));
  const auto missing = boot_time_seconds(root);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().path == tree.path() + "/stat");
  tree.write("stat", "cpu  1 2 3\nintr 4 5\nbtime 1700000000\nprocesses 9\n");
  CHECK(must(boot_time_seconds(root)) == 1700000000);
  CHECK_FALSE(parse_boot_time("btime 18446744073709551616\n"));
  CHECK_FALSE(parse_boot_time("btime \n"));
  CHECK_FALSE(parse_boot_time("btime 12 13\n"));
  CHECK_FALSE(parse_boot_time("btime 12"));
  CHECK_FALSE(parse_boot_time(""));
}

TEST_CASE("root: the kernel's own boot time and memory") {
  const auto root = must(ProcRoot::open());
  const base::SystemClock clock;
  const auto booted = static_cast<std::int64_t>(must(boot_time_seconds(root)));
  const std::int64_t since_boot = (clock.wall_ns() - clock.boottime_ns()) / base::ns_per_second;
  CHECK(std::abs(booted - since_boot) <= 2);
  const auto memory = must(read_meminfo(root));
  CHECK(memory.available <= memory.total);
  CHECK(memory.total == static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE)));
}

TEST_CASE("root: the processes are the entries that are numbers") {
  const Tree tree;
  for (const char* name : {"1", "42", "4194303", "self", "12x", "-3", "0", "99999999999999999999"}) {
    tree.make_directory(name);
  }
  const auto root = must(ProcRoot::open(tree.path()));
  for (int again = 0; again < 2; ++again) {
    auto pids = must(list_pids(root));
    std::sort(pids.begin(), pids.end());
    CHECK(pids == std::vector<base::Pid>{1, 42, 4194303});
  }
  const auto real = must(list_pids(must(ProcRoot::open())));
  CHECK(std::count(real.begin(), real.end(), ::getpid()) == 1);
}
