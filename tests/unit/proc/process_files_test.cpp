#include "tidemark/proc/process_files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <thread>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;
using test::must;
using test::Tree;
using test::WaitingChild;

namespace {

ProcessFiles open_real(base::Pid pid) { return must(ProcessFiles::open(must(ProcRoot::open()), pid)); }

/// Every reading must say that the process has gone, and which file said so.
template <class T>
void check_gone(const base::Result<T>& result, const ProcessFiles& process) {
  REQUIRE_FALSE(result);
  CHECK(base::describe(result.error()) != "");
  CHECK(result.error().code == base::ErrorCode::gone);
  CHECK(result.error().path.starts_with(process.path() + "/"));
}

void write_process(const Tree& tree) {
  tree.write("6516/stat", fixture("stat"));
  tree.write("6516/status", fixture("status"));
}

}  // namespace

TEST_CASE("process: ourselves, by what the kernel tells us otherwise") {
  auto self = open_real(::getpid());
  const auto stat = must(self.stat());
  CHECK(stat.pid == ::getpid());
  CHECK(stat.ppid == ::getppid());
  CHECK(stat.pgrp == ::getpgrp());
  CHECK(stat.session == ::getsid(0));
  CHECK(stat.state == 'R');
  const auto status = must(self.status());
  CHECK(status.tgid == ::getpid());
  CHECK(status.real_uid == ::getuid());
  CHECK(status.effective_gid == ::getegid());
  CHECK(status.vm_rss.value() <= status.vm_hwm.value());
  CHECK(status.vm_rss.value() == status.rss_anon.value() + status.rss_file.value() + status.rss_shmem.value());
  CHECK(must(self.executable()) == std::filesystem::read_symlink("/proc/self/exe").string());
  CHECK(must(self.command_line()).starts_with(std::string(program_invocation_name) + '\0'));
}

TEST_CASE("process: the name keeps what the kernel lets it hold") {
  auto self = open_real(::getpid());
  const std::string before = must(self.comm());
  REQUIRE(::prctl(PR_SET_NAME, "a) S\n(b\\\xff") == 0);
  CHECK(must(self.comm()) == "a) S\n(b\\\xff");
  CHECK(must(self.stat()).comm == "a) S\n(b\\\xff");
  CHECK(must(self.status()).tgid == ::getpid());
  REQUIRE(::prctl(PR_SET_NAME, before.c_str()) == 0);
}

TEST_CASE("process: descriptors are counted as they are") {
  auto self = open_real(::getpid());
  const std::uint64_t before = must(self.fd_count());
  {
    const auto one = must(base::open_at(AT_FDCWD, "/dev/null", O_RDONLY, "open"));
    const auto two = must(base::open_at(AT_FDCWD, "/dev/null", O_RDONLY, "open"));
    CHECK(must(self.fd_count()) == before + 2);
  }
  CHECK(must(self.fd_count()) == before);
  std::uint64_t listed = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++listed;
  CHECK(before == listed - 1);  // the listing's own
}

TEST_CASE("process: what it reads and writes shows in io") {
  auto self = open_real(::getpid());
  const auto before = must(self.io());
  const auto null = must(base::open_at(AT_FDCWD, "/dev/null", O_WRONLY, "open"));
  std::size_t written = 0;
  REQUIRE(base::write_all(null.get(), std::string(5000, 'x'), "write", written));
  const auto after = must(self.io());
  CHECK(after.write_chars - before.write_chars == 5000);
  CHECK(after.write_calls - before.write_calls == 1);
  CHECK(after.read_chars > before.read_chars);  // our own reading of io
}

TEST_CASE("process: the sums of smaps equal smaps_rollup and status for one that stands still") {
  constexpr std::size_t block_bytes = 3 << 20;
  void* const block = ::mmap(nullptr, block_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(block != MAP_FAILED);
  std::fill_n(static_cast<char*>(block), block_bytes, 'x');
  const WaitingChild child;
  const auto process = open_real(child.pid());
  while (must(process.stat()).state != 'S') std::this_thread::yield();  // it waits: its memory stands still from here
  const auto kinds = must(process.smaps_by_kind());
  const auto rollup = must(process.smaps_rollup());
  const auto sum_of = [&](std::uint64_t model::MapsReading::Kind::*member) {
    return std::accumulate(kinds.begin(), kinds.end(), std::uint64_t{0},
                           [&](std::uint64_t sum, const auto& kind) { return sum + kind.*member; });
  };
  using Kind = model::MapsReading::Kind;
  CHECK(sum_of(&Kind::rss) == rollup.rss);
  CHECK(sum_of(&Kind::anonymous) == rollup.anonymous);
  CHECK(sum_of(&Kind::rss) == must(process.status()).vm_rss.value());
  // Private or shared changes with every page that *we* copy; each reading adds up for itself.
  CHECK(rollup.rss == rollup.uss() + rollup.shared_clean + rollup.shared_dirty + rollup.shared_hugetlb);
  CHECK(sum_of(&Kind::rss) == sum_of(&Kind::private_dirty) + sum_of(&Kind::private_clean) +
                                  sum_of(&Kind::shared_dirty) + sum_of(&Kind::shared_clean));
  const auto maps = must(process.maps());
  CHECK(sum_of(&Kind::maps) == maps.size());
  CHECK(std::is_sorted(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.rss > b.rss; }));
  const auto shared =
      std::find_if(kinds.begin(), kinds.end(), [](const auto& kind) { return kind.name == "/dev/zero (deleted)"; });
  REQUIRE(shared != kinds.end());
  CHECK(shared->size == block_bytes);
  ::munmap(block, block_bytes);
}

TEST_CASE("process: its map holds a known address with the right rights") {
  const auto process = open_real(::getpid());
  const auto maps = must(process.maps());
  const auto code = reinterpret_cast<std::uint64_t>(&open_real);
  const auto region =
      std::find_if(maps.begin(), maps.end(), [&](const auto& map) { return map.start <= code && code < map.end; });
  REQUIRE(region != maps.end());
  CHECK(region->executable);
  CHECK_FALSE(region->writable);
  CHECK(region->path == std::filesystem::read_symlink("/proc/self/exe").string());
  CHECK(std::count_if(maps.begin(), maps.end(), [](const auto& map) { return map.path == "[stack]"; }) == 1);
}

TEST_CASE("process: a zombie speaks, and has no memory") {
  WaitingChild child;
  auto process = open_real(child.pid());
  child.become_zombie();
  CHECK(must(process.stat()).state == 'Z');
  const auto status = must(process.status());
  CHECK(status.state == 'Z');
  CHECK_FALSE(status.vm_rss.has_value());
  CHECK(must(process.maps()).empty());
  CHECK(must(process.smaps_by_kind()).empty());
  CHECK(must(process.smaps_rollup()).rss == 0);
  CHECK(must(process.command_line()).empty());
  CHECK_FALSE(must(process.comm()).empty());
  std::vector<base::Pid> children{7};
  CHECK(process.children(children));
  CHECK(children.empty());
}

TEST_CASE("process: a zombie belongs to root: its descriptors are refused to others; it runs no program") {
  WaitingChild child;
  auto process = open_real(child.pid());
  child.become_zombie();
  const bool is_root = ::geteuid() == 0;
  const auto fds = process.fd_count();
  CHECK((is_root ? fds && *fds == 0 : !fds && fds.error().code == base::ErrorCode::permission));
  const auto exe = process.executable();
  REQUIRE_FALSE(exe);
  CHECK(exe.error().code == base::ErrorCode::not_found);
}

TEST_CASE("process: one that has gone is gone from every reading") {
  WaitingChild child;
  auto early = open_real(child.pid());  // has opened everything before
  CHECK(early.io());
  CHECK(early.fd_count());
  std::vector<base::Pid> children;
  CHECK(early.children(children));
  auto late = open_real(child.pid());  // opens the rest afterwards
  child.end();
  for (ProcessFiles* process : {&early, &late}) {
    check_gone(process->stat(), *process);
    check_gone(process->status(), *process);
    check_gone(process->io(), *process);
    check_gone(process->fd_count(), *process);
    check_gone(process->children(children), *process);
    check_gone(process->thread_ids(), *process);
    check_gone(process->thread_status(child.pid()), *process);
    check_gone(process->smaps_rollup(), *process);
    check_gone(process->smaps_by_kind(), *process);
    check_gone(process->maps(), *process);
    check_gone(process->command_line(), *process);
    check_gone(process->comm(), *process);
    check_gone(process->executable(), *process);
    check_gone(inner_pid(*process), *process);
    check_gone(inner_thread_ids(*process), *process);
  }
  const auto again = ProcessFiles::open(must(ProcRoot::open()), child.pid());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == base::ErrorCode::gone);
  CHECK(again.error().path == "/proc/" + std::to_string(child.pid()));
}

TEST_CASE("process: a file that the kernel does not have is unsupported, not gone") {
  const Tree tree;
  write_process(tree);
  auto process = must(ProcessFiles::open(must(ProcRoot::open(tree.path())), 6516));
  const auto rollup = process.smaps_rollup();
  REQUIRE_FALSE(rollup);
  CHECK(rollup.error().code == base::ErrorCode::unsupported);
  CHECK(rollup.error().path == tree.path() + "/6516/smaps_rollup");
  tree.make_directory("6516/task/6516");
  std::vector<base::Pid> children;
  const auto listed = process.children(children);
  REQUIRE_FALSE(listed);
  CHECK(listed.error().code == base::ErrorCode::unsupported);
  CHECK(listed.error().path == tree.path() + "/6516/task/6516/children");
}

TEST_CASE("process: bad text names its file") {
  const Tree tree;
  tree.write("5/stat", "5 (x) S 1\n");
  tree.write("5/status", "Name:\tx\n");
  tree.write("5/io", "rchar: x\n");
  tree.write("5/maps", "1000-2000 r--p 0 0:0 0\nnonsense\n");
  tree.write("5/smaps", "1000-2000 r--p 0 0:0 0\nRss: 4 kB\nRss:");
  tree.write("5/smaps_rollup", "Rss: 4 kB\n");
  auto process = must(ProcessFiles::open(must(ProcRoot::open(tree.path())), 5));
  const auto check = [&](const auto& result, const char* file) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code == base::ErrorCode::malformed);
    CHECK(result.error().path == tree.path() + "/5/" + file);
  };
  check(process.stat(), "stat");
  check(process.status(), "status");
  check(process.io(), "io");
  check(process.maps(), "maps");
  check(process.smaps_by_kind(), "smaps");
  check(process.smaps_rollup(), "smaps_rollup");
}

TEST_CASE("process: texts longer than the first buffer, and longer than any") {
  const Tree tree;
  write_process(tree);
  std::string text = fixture("status");
  const std::size_t groups = text.find("Groups:\t") + 8;
  for (int group = 0; group < 65'536; ++group) text.insert(groups, "1234567 ");
  tree.write("6516/status", text);
  const auto process = must(ProcessFiles::open(must(ProcRoot::open(tree.path())), 6516));
  CHECK(must(process.status()).vm_rss == 1772 * 1024);
  text.insert(groups, std::string(1 << 20, ' '));
  tree.write("6516/status", text);
  const auto beyond = process.status();
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().code == base::ErrorCode::limit);
  CHECK(beyond.error().path == tree.path() + "/6516/status");
}

TEST_CASE("process: long lines of maps, and a long command line") {
  const Tree tree;
  write_process(tree);
  const std::string path = "/" + std::string(4094, 'p');
  std::string maps;
  for (int region = 0; region < 40; ++region) maps += "1000-2000 r--p 00000000 00:00 0 " + path + "\n";
  tree.write("6516/maps", maps);
  const auto process = must(ProcessFiles::open(must(ProcRoot::open(tree.path())), 6516));
  const auto regions = must(process.maps());
  REQUIRE(regions.size() == 40);
  CHECK(std::all_of(regions.begin(), regions.end(), [&](const auto& region) { return region.path == path; }));

  tree.write("6516/maps", "1000-2000 r--p 0 0:0 0 /" + std::string(max_map_line_bytes, 'p') + "\n");
  const auto too_long = process.maps();
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().code == base::ErrorCode::limit);

  tree.write("6516/cmdline", std::string(max_command_line_bytes + 1000, 'c'));
  CHECK(must(process.command_line()) == std::string(max_command_line_bytes, 'c'));
  tree.write("6516/comm", "x\n\n");
  CHECK(must(process.comm()) == "x\n");
}
