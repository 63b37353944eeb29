#include "detail/headroom.hpp"

#include <unistd.h>

#include "proc/support.hpp"

using namespace tidemark;
using proc::test::must;

namespace {

constexpr base::Pid target = 5;
constexpr std::uint64_t mb = 1'000'000;

/// Ours and the target's cgroup, of v2.
struct Machine {
  explicit Machine(std::uint64_t available_mb, const std::string& ours = "/ours",
                   const std::string& theirs = "/theirs") {
    tree.write("meminfo", "MemTotal: 99999999 kB\nMemAvailable: " + std::to_string(available_mb * 1000) + " kB\n");
    tree.write("self/mountinfo", "41 31 0:38 / /cg rw,relatime - cgroup2 cgroup2 rw\n");
    tree.write(std::to_string(::getpid()) + "/cgroup", "0::" + ours + "\n");
    tree.write(std::to_string(target) + "/cgroup", "0::" + theirs + "\n");
    for (const auto& path : {ours, theirs}) add(path, "max");
  }
  void add(const std::string& path, const std::string& limit, std::uint64_t used_mb = 100,
           std::uint64_t inactive_mb = 0) {
    tree.write("cg" + path + "/memory.current", std::to_string(used_mb * mb) + "\n");
    tree.write("cg" + path + "/memory.stat", "inactive_file " + std::to_string(inactive_mb * mb) + "\n");
    tree.write("cg" + path + "/memory.max", limit + "\n");
  }
  [[nodiscard]] std::string ask(std::uint64_t ours_mb, std::uint64_t targets_mb) const {
    const auto root = must(proc::ProcRoot::open(tree.path()));
    return cli::too_little_memory(root, target, {.ours = ours_mb * mb, .targets = targets_mb * mb}, tree.path())
        .value_or("");
  }
  static std::string limit_of(std::uint64_t megabytes) { return std::to_string(megabytes * mb); }

  proc::test::Tree tree;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("headroom: without limits only the machine's memory counts, for both together") {
  const Machine machine(1024);
  CHECK(machine.ask(500, 500).empty());
  const auto said = machine.ask(600, 500);
  CHECK(has(said, "the reading needs"));
  CHECK(has(said, "the machine has"));
}

TEST_CASE("headroom: our cgroup has to hold our copy") {
  Machine machine(10'000);
  machine.add("/ours", Machine::limit_of(600), 100);
  CHECK(machine.ask(500, 5000).empty());
  const auto said = machine.ask(501, 0);
  CHECK(has(said, "our memory cgroup"));
  CHECK(has(said, "/cg/ours"));
}

TEST_CASE("headroom: the target's cgroup has to hold what it may have twice") {
  Machine machine(10'000);
  machine.add("/theirs", Machine::limit_of(600), 100);
  CHECK(machine.ask(5000, 500).empty());
  const auto said = machine.ask(0, 501);
  CHECK(has(said, "the target's copy-on-write needs"));
  CHECK(has(said, "/cg/theirs"));
}

TEST_CASE("headroom: a cgroup that both are in has to hold both") {
  Machine machine(10'000, "/same", "/same");
  machine.add("/same", Machine::limit_of(600), 100);
  CHECK(machine.ask(250, 250).empty());
  CHECK(has(machine.ask(251, 250), "our memory cgroup"));
}

TEST_CASE("headroom: what can be reclaimed is room; a cgroup above its limit has none") {
  Machine machine(10'000);
  machine.add("/ours", Machine::limit_of(600), 500, 400);
  CHECK(machine.ask(500, 0).empty());
  CHECK_FALSE(machine.ask(501, 0).empty());
  machine.add("/ours", Machine::limit_of(600), 700);
  CHECK_FALSE(machine.ask(1, 0).empty());
}

TEST_CASE("headroom: what cannot be known is no reason to refuse") {
  const proc::test::Tree empty;
  empty.make_directory("self");
  const auto root = must(proc::ProcRoot::open(empty.path()));
  CHECK_FALSE(cli::too_little_memory(root, target, {.ours = mb, .targets = mb}, empty.path()));
}
