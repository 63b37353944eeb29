#include "tidemark/proc/cgroup.hpp"

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::must;
using test::Tree;
using test::WaitingChild;

namespace {

constexpr const char* v1_mount = "35 31 0:32 / /cg/memory rw,relatime - cgroup cgroup rw,memory\n";
constexpr const char* v2_mount =
    "41 31 0:38 / /cg/unified rw,relatime shared:4 master:1 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* unlimited_v1 = "9223372036854771712\n";

/// A machine with process 5, its mounts and its cgroups.
struct Machine {
  Machine(const std::string& mountinfo, const std::string& cgroup) {
    tree.write("self/mountinfo", "23 28 0:21 / /proc rw - proc proc rw\n" + mountinfo);
    tree.write("5/cgroup", cgroup);
  }
  [[nodiscard]] base::Result<CgroupFiles> open() const {
    return CgroupFiles::open(must(ProcRoot::open(tree.path())), 5, tree.path());
  }
  [[nodiscard]] std::string opened_path() const { return must(open()).path().substr(tree.path().size()); }
  void add_v2(const std::string& directory, const std::string& limit, int current = 1000) const {
    tree.write(directory + "/memory.current", std::to_string(current) + "\n");
    tree.write(directory + "/memory.stat", "anon 1\nfile 2\ninactive_file 300\nactive_file 4\n");
    tree.write(directory + "/memory.max", limit);
    tree.write(directory + "/memory.high", "10\n");
  }
  void add_v1(const std::string& directory, const std::string& limit, const std::string& hierarchical) const {
    tree.write(directory + "/memory.usage_in_bytes", "5000\n");
    tree.write(directory + "/memory.stat", "cache 1\ninactive_file 7\nhierarchical_memory_limit " + hierarchical +
                                               "total_cache 1\ntotal_inactive_file 1200\n");
    tree.write(directory + "/memory.limit_in_bytes", limit);
  }

  Tree tree;
};

}  // namespace

TEST_CASE("cgroup v2: the figures, and the lowest limit along the path") {
  const Machine machine(v2_mount, "0::/app/web\n");
  machine.add_v2("cg/unified/app", "4000\n", 9000);
  machine.add_v2("cg/unified/app/web", "max\n");
  const auto files = must(machine.open());
  CHECK(files.version() == CgroupVersion::v2);
  CHECK(files.path() == machine.tree.path() + "/cg/unified/app/web");
  auto reading = must(files.read());
  CHECK(reading.memory == 1000);
  CHECK(reading.working_set == 700);
  CHECK(reading.limit == 4000);

  machine.tree.write("cg/unified/app/web/memory.max", "3000\n");
  machine.tree.write("cg/unified/app/web/memory.current", "200\n");
  reading = must(files.read());
  CHECK(reading.limit == 3000);
  CHECK(reading.working_set == 0);  // the two files are not of one moment

  machine.tree.write("cg/unified/app/memory.max", "max\n");
  machine.tree.write("cg/unified/app/web/memory.max", "max\n");
  CHECK_FALSE(must(files.read()).limit.has_value());
}

TEST_CASE("cgroup v2: a cgroup without the controller is charged to its ancestor; the root has no figures") {
  const Machine machine(v2_mount, "0::/app/web/deep\n");
  machine.add_v2("cg/unified/app", "4000\n");
  machine.tree.write("cg/unified/app/web/deep/cgroup.procs", "5\n");
  CHECK(machine.opened_path() == "/cg/unified/app");

  const Machine bare(v2_mount, "0::/\n");
  bare.tree.make_directory("cg/unified");
  const auto none = bare.open();
  REQUIRE_FALSE(none);
  CHECK(none.error().code == base::ErrorCode::unsupported);
}

TEST_CASE("cgroup v1: the memory controller wins over a unified mount beside it") {
  const Machine machine(std::string(v2_mount) + v1_mount, "4:cpu,memory:/app\n1:name=systemd:/x\n0::/other\n");
  machine.add_v1("cg/memory/app", unlimited_v1, unlimited_v1);
  machine.add_v2("cg/unified/other", "1\n");
  const auto files = must(machine.open());
  CHECK(files.version() == CgroupVersion::v1);
  auto reading = must(files.read());
  CHECK(reading.memory == 5000);
  CHECK(reading.working_set == 3800);  // of total_inactive_file, not of the group's own
  CHECK_FALSE(reading.limit.has_value());

  machine.add_v1("cg/memory/app", unlimited_v1, "8000\n");
  CHECK(must(files.read()).limit == 8000);
  machine.add_v1("cg/memory/app", "7000\n", "8000\n");
  CHECK(must(files.read()).limit == 7000);
}

TEST_CASE("cgroup: in a container the mount's root is the container's own cgroup") {
  const std::string mount = "35 31 0:32 /docker/ab /cg/memory ro - cgroup cgroup rw,memory\n";
  const Machine machine(mount, "4:memory:/docker/ab\n");
  machine.add_v1("cg/memory", "9000\n", "9000\n");
  CHECK(machine.opened_path() == "/cg/memory");

  machine.tree.write("5/cgroup", "4:memory:/docker/ab/job\n");
  machine.add_v1("cg/memory/job", "9000\n", "9000\n");
  CHECK(machine.opened_path() == "/cg/memory/job");

  // Another container's process is not in what is mounted here; its name only begins alike.
  machine.tree.write("5/cgroup", "4:memory:/docker/abc\n");
  const auto other = machine.open();
  REQUIRE_FALSE(other);
  CHECK(other.error().code == base::ErrorCode::unsupported);
}

TEST_CASE("cgroup: a namespace gives paths from its own root") {
  const std::string mount = "35 31 0:32 /.. /cg/unified rw - cgroup2 cgroup2 rw\n";
  const Machine machine(mount, "0::/../sibling\n");
  machine.add_v2("cg/unified/sibling", "max\n");
  CHECK(machine.opened_path() == "/cg/unified/sibling");

  const Machine outside(v2_mount, "0::/../../secret\n");
  outside.add_v2("cg/unified", "max\n");
  outside.add_v2("secret", "max\n");
  const auto refused = outside.open();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::unsupported);
}

TEST_CASE("cgroup: the nearest existing ancestor of one that has been removed") {
  const Machine machine(v2_mount, "0::/app/web (deleted)\n");
  machine.add_v2("cg/unified/app", "max\n");
  CHECK(machine.opened_path() == "/cg/unified/app");
}

TEST_CASE("cgroup: of several mounts the one that shows the cgroup") {
  const std::string other = "36 31 0:38 /app /cg/bind rw - cgroup2 cgroup2 rw\n";
  const Machine machine(std::string(v2_mount) + other, "0::/app/web\n");
  machine.tree.make_directory("cg/unified");
  machine.add_v2("cg/bind/web", "max\n");
  CHECK(machine.opened_path() == "/cg/bind/web");
}

TEST_CASE("cgroup: mount points are decoded, and cut lines refused") {
  const auto mounts =
      must(parse_cgroup_mounts("35 31 0:32 /a\\134b /my\\040cgroups\\011 rw - cgroup cgroup rw,memory\n"
                               "36 31 0:33 / /cpu rw - cgroup cgroup rw,cpu\n"
                               "37 31 0:34 / /none rw - cgroup  rw,memory\n"));
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0].point == "/my cgroups\t");
  CHECK(mounts[0].root == "/a\\b");
  CHECK(mounts[0].version == CgroupVersion::v1);
  CHECK(mounts[1].point == "/none");
  CHECK_FALSE(parse_cgroup_mounts("35 31 0:32 / /cg rw - \n"));
  CHECK_FALSE(parse_cgroup_mounts("35 31 0:32 / /cg rw cgroup\n"));
  CHECK_FALSE(parse_cgroup_mounts("35 31"));
}

TEST_CASE("cgroup: names hold colons; a process may be in none") {
  CHECK(must(parse_cgroup_name("0::/a:b:c\n")).path == "/a:b:c");
  CHECK(must(parse_cgroup_name("3:memory:/x\n0::/y\n")).version == CgroupVersion::v1);
  CHECK(must(parse_cgroup_name("3:memory_other:/x\n0::/y\n")).path == "/y");
  const auto none = parse_cgroup_name("2:cpu:/\n");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == base::ErrorCode::not_found);
  CHECK_FALSE(parse_cgroup_name("0:/a\n"));
  CHECK_FALSE(parse_cgroup_name("0::a\n"));
  CHECK_FALSE(parse_cgroup_name("0::/a"));
}

TEST_CASE("cgroup: limits") {
  CHECK_FALSE(must(parse_cgroup_limit("max\n")).has_value());
  CHECK_FALSE(must(parse_cgroup_limit(unlimited_v1)).has_value());
  CHECK_FALSE(must(parse_cgroup_limit("9223372036854710272\n")).has_value());  // pages of 64 KiB
  CHECK(must(parse_cgroup_limit("0\n")) == 0);
  CHECK(must(parse_cgroup_limit("1073741824\n")) == 1073741824);
  for (const char* text : {"", "max", "12", "18446744073709551616\n", "-1\n", "12 \n", "12\n13\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_cgroup_limit(text));
  }
}

TEST_CASE("cgroup: bad text names its file, a deep path is refused, a process may go") {
  const Machine machine(v2_mount, "0::/app\n");
  machine.add_v2("cg/unified/app", "max\n");
  machine.tree.write("cg/unified/app/memory.stat", "inactive_file x\n");
  const auto bad = must(machine.open()).read();
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == base::ErrorCode::malformed);
  CHECK(bad.error().path == machine.tree.path() + "/cg/unified/app/memory.stat");

  std::string deep;
  for (std::size_t level = 0; level <= max_cgroup_depth; ++level) deep += "/d";
  machine.tree.write("5/cgroup", "0::" + deep + "\n");
  const auto beyond = machine.open();
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().code == base::ErrorCode::limit);

  machine.tree.remove("5");
  const auto gone = machine.open();
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == base::ErrorCode::gone);
  CHECK(gone.error().path == machine.tree.path() + "/5/cgroup");
}

TEST_CASE("cgroup: this machine's own") {
  const auto root = must(ProcRoot::open());
  const auto files = CgroupFiles::open(root, ::getpid());
  if (!files) {  // a machine may mount none, or keep us in v2's root
    CHECK(files.error().code == base::ErrorCode::unsupported);
    return;
  }
  const auto reading = must(files->read());
  CHECK(reading.memory.value() > 0);
  CHECK(reading.working_set.value() <= reading.memory.value());
  const WaitingChild child;
  CHECK(must(CgroupFiles::open(root, child.pid())).path() == files->path());
}

TEST_CASE("cgroup v2: what the usage is made of") {
  const Machine machine(v2_mount, "0::/app\n");
  machine.add_v2("cg/unified/app", "4000\n");
  auto parts = must(must(machine.open()).read_parts());
  CHECK(parts.usage == 1000);
  CHECK(parts.anon == 1);
  CHECK(parts.file == 2);
  CHECK(parts.kernel == 0);  // before kernel 5.18
  CHECK(parts.limit == 4000);
  machine.tree.write("cg/unified/app/memory.stat", "anon 600\nfile 300\nkernel 90\ninactive_file 5\n");
  machine.tree.write("cg/unified/app/memory.max", "max\n");
  parts = must(must(machine.open()).read_parts());
  CHECK(parts.anon == 600);
  CHECK(parts.file == 300);
  CHECK(parts.kernel == 90);
  CHECK_FALSE(parts.limit);
}

TEST_CASE("cgroup v1: what the usage is made of, with descendants") {
  const Machine machine(v1_mount, "4:memory:/app\n");
  machine.add_v1("cg/memory/app", unlimited_v1, unlimited_v1);
  const auto without = must(machine.open()).read_parts();
  REQUIRE_FALSE(without);  // total_rss is not there
  CHECK(without.error().code == base::ErrorCode::unsupported);
  machine.tree.write("cg/memory/app/memory.stat",
                     "cache 1\nrss 2\nhierarchical_memory_limit 8000\ntotal_cache 1200\ntotal_rss 3000\n"
                     "total_inactive_file 7\n");
  const auto parts = must(must(machine.open()).read_parts());
  CHECK(parts.usage == 5000);
  CHECK(parts.anon == 3000);
  CHECK(parts.file == 1200);
  CHECK(parts.kernel == 0);
  CHECK(parts.limit == 8000);
}
