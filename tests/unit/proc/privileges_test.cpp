#include "tidemark/proc/privileges.hpp"

#include <unistd.h>

#include "support.hpp"
#include "tidemark/proc/file_access.hpp"
#include "tidemark/proc/kernel_features.hpp"
#include "tidemark/proc/namespaces.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::must;
using test::Tree;

namespace {

constexpr const char* head = "Name:\tpython3\nUid:\t1000\t1001\t1002\t1003\nGid:\t7\t8\t9\t10\n";

std::string status_with(const std::string& lines) { return head + lines; }

ProcRoot root_of(const Tree& tree) { return must(ProcRoot::open(tree.path())); }

}  // namespace

TEST_CASE("privileges: ids, capabilities and modes come from their own lines") {
  const auto found =
      must(parse_privileges(status_with("CapInh:\tffffffffffffffff\nCapPrm:\t00000000a80425fb\nCapEff:"
                                        "\t0000000000080000\nNoNewPrivs:\t1\nSeccomp:\t2\n")));
  CHECK(found.uids == Ids{{1000, 1001, 1002, 1003}});
  CHECK(found.gids == Ids{{7, 8, 9, 10}});
  REQUIRE(found.effective);
  CHECK(found.effective->has(Capability::sys_ptrace));
  CHECK_FALSE(found.effective->has(Capability::sys_admin));
  CHECK_FALSE(found.effective->has(Capability::net_admin));
  // The default set of a Docker container: no SYS_PTRACE, no NET_ADMIN.
  REQUIRE(found.permitted);
  CHECK(found.permitted->bits() == 0xa80425fb);
  CHECK_FALSE(found.permitted->has(Capability::sys_ptrace));
  CHECK(found.no_new_privs == true);
  CHECK(found.seccomp_mode == 2);
}

TEST_CASE("privileges: each capability has the kernel's number") {
  const auto only = [](unsigned bit) { return CapabilitySet(std::uint64_t{1} << bit); };
  CHECK(only(12).has(Capability::net_admin));
  CHECK(only(19).has(Capability::sys_ptrace));
  CHECK(only(21).has(Capability::sys_admin));
  CHECK(only(38).has(Capability::perfmon));
  CHECK(only(39).has(Capability::bpf));
  CHECK(only(40).has(Capability::checkpoint_restore));
  CHECK(CapabilitySet(6).holds_all_of(CapabilitySet(2)));
  CHECK_FALSE(CapabilitySet(2).holds_all_of(CapabilitySet(6)));
}

TEST_CASE("privileges: an id is compared with real, effective and saved, not with the filesystem's") {
  CHECK(Ids{{5, 5, 5, 6}}.are_all(5));
  CHECK_FALSE(Ids{{6, 5, 5, 5}}.are_all(5));
  CHECK_FALSE(Ids{{5, 6, 5, 5}}.are_all(5));
  CHECK_FALSE(Ids{{5, 5, 6, 5}}.are_all(5));
}

TEST_CASE("privileges: what is not told is not zero, what makes no sense is malformed") {
  const auto bare = must(parse_privileges(head));
  CHECK_FALSE(bare.effective);
  CHECK_FALSE(bare.permitted);
  CHECK_FALSE(bare.no_new_privs);
  CHECK_FALSE(bare.seccomp_mode);
  for (const char* line :
       {"CapEff:\txyz\n", "CapEff:\t\n", "NoNewPrivs:\t2\n", "Seccomp:\t-1\n", "Seccomp\n", "x: y"}) {
    CAPTURE(line);
    CHECK_FALSE(parse_privileges(status_with(line)));
  }
  CHECK_FALSE(parse_privileges("Uid:\t1\t1\t1\t1\n"));
  CHECK_FALSE(parse_privileges("Gid:\t1\t1\t1\t1\n"));
  CHECK_FALSE(parse_privileges("Uid:\t1\t1\t1\nGid:\t1\t1\t1\t1\n"));
}

TEST_CASE("privileges: ours, of the real /proc, are what the system calls say") {
  const auto root = must(ProcRoot::open());
  const auto found = must(read_privileges(root, "self"));
  CHECK(found.uids.real() == ::getuid());
  CHECK(found.uids.effective() == ::geteuid());
  CHECK(found.gids.effective() == ::getegid());
  CHECK(found.effective.has_value());
}

TEST_CASE("yama: the scope, and no scope where there is none") {
  const Tree tree;
  const auto root = root_of(tree);
  const auto none = yama_ptrace_scope(root);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == base::ErrorCode::not_found);
  for (std::uint32_t scope = 0; scope <= 3; ++scope) {
    tree.write("sys/kernel/yama/ptrace_scope", std::to_string(scope) + "\n");
    CHECK(must(yama_ptrace_scope(root)) == scope);
  }
  tree.write("sys/kernel/yama/ptrace_scope", "one\n");
  CHECK(yama_ptrace_scope(root).error().code == base::ErrorCode::malformed);
}

TEST_CASE("namespaces: numbers of links; what cannot be read is the same as nothing") {
  CHECK(parse_namespace("user", "user:[4026531837]") == first_user_namespace);
  CHECK(parse_namespace("pid", "pid:[4026531836]") == first_pid_namespace);
  for (const char* link : {"", "pid", "pid:[]", "pid:[x]", "pid:[12", "pid:12", "pid_for_children:[12]", "user:[12]"}) {
    CAPTURE(link);
    CHECK_FALSE(parse_namespace("pid", link));
  }
  const Tree tree;
  tree.make_directory("7/ns");
  std::filesystem::create_symlink("user:[11]", tree.path() + "/7/ns/user");
  std::filesystem::create_symlink("pid:[12]", tree.path() + "/7/ns/pid");
  std::filesystem::create_symlink(std::to_string(::getpid() + 1), tree.path() + "/self");
  const auto root = root_of(tree);
  const auto found = read_namespaces(root, "7");
  CHECK(found.user == 11);
  CHECK(found.pid == 12);
  CHECK_FALSE(found.mount);
  CHECK_FALSE(found.refused);
  CHECK(compare_namespace(found.user, 11) == Sameness::same);
  CHECK(compare_namespace(found.user, 12) == Sameness::different);
  CHECK(compare_namespace(found.mount, found.mount) == Sameness::unknown);
  CHECK_FALSE(names_our_pids(root));
  std::filesystem::remove(tree.path() + "/self");
  std::filesystem::create_symlink(std::to_string(::getpid()), tree.path() + "/self");
  CHECK(names_our_pids(root));
}

TEST_CASE("file access: a child's files can be opened, a missing one has its error") {
  const test::WaitingChild child;
  const auto root = must(ProcRoot::open());
  const auto process = must(ProcessFiles::open(root, child.pid()));
  const auto files = probe_files(process);
  CHECK(files.size() == 7);
  CHECK(files.back().file == memory_file);
  for (const auto& access : files) {
    CAPTURE(access.file);
    CHECK_FALSE(access.refusal);
  }
  CHECK(program_file(process) == ProgramFile::as_started);
  const Tree tree;
  for (const char* file : {"7/stat", "7/status", "7/maps"}) tree.write(file, "");
  const auto fake_root = root_of(tree);
  const auto fake = must(ProcessFiles::open(fake_root, 7));
  for (const auto& access : probe_files(fake)) {
    CAPTURE(access.file);
    CHECK(access.refusal.has_value() == (access.file != "maps"));
    if (access.refusal) CHECK(access.refusal->code == base::ErrorCode::not_found);
  }
  CHECK(program_file(fake) == ProgramFile::unknown);
}

TEST_CASE("file access: the owner of the files tells whether a process is dumpable, but not root's") {
  const Tree tree;
  for (const char* file : {"7/stat", "7/status", "7/maps"}) tree.write(file, "");
  const auto root = root_of(tree);
  const auto process = must(ProcessFiles::open(root, 7));
  if (::geteuid() != 0) CHECK(is_dumpable(process, ::geteuid()) == true);
  CHECK(is_dumpable(process, ::geteuid() + 1) == false);
  CHECK_FALSE(is_dumpable(process, 0));
  tree.remove("7/maps");
  CHECK_FALSE(is_dumpable(process, 1000));
}

TEST_CASE("kernel features: what a bare /proc lacks is told apart from what works") {
  const Tree tree;
  tree.make_directory("self");
  tree.write("self/pagemap", "");
  const auto features = probe_kernel_features(root_of(tree));
  REQUIRE(features.size() == 5);
  CHECK_FALSE(features[1].refusal);  // process_vm_readv on ourselves
  CHECK(features[2].key == "children");
  REQUIRE(features[2].refusal);
  CHECK(features[2].refusal->code == base::ErrorCode::not_found);
  CHECK(features[3].key == "smaps_rollup");
  CHECK(features[3].refusal);
  CHECK(features[4].key == "pagemap");
  CHECK_FALSE(features[4].refusal);
  CHECK_FALSE(kernel_release().empty());
}
