#include "tidemark/cli/doctor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tidemark/cli/command.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/present/units.hpp"

using namespace tidemark;
using namespace tidemark::cli;

namespace {

constexpr std::uint64_t sys_ptrace = std::uint64_t{1} << 19;
constexpr std::uint32_t user = 1000;

proc::Privileges privileges_of(std::uint32_t uid, std::uint64_t capabilities) {
  proc::Privileges out;
  out.uids = proc::Ids{{uid, uid, uid, uid}};
  out.gids = out.uids;
  out.permitted = out.effective = proc::CapabilitySet(capabilities);
  out.no_new_privs = false;
  out.seccomp_mode = 0;
  return out;
}

base::Error error_of(base::ErrorCode code) { return {.code = code, .doing = "open"}; }

/// An ordinary user on a machine without Yama, and a process of the same user of which all may be read.
DoctorFacts ordinary() {
  DoctorFacts facts;
  facts.own.pid = 1;
  facts.own.privileges = privileges_of(user, 0);
  facts.own.namespaces = {.user = proc::first_user_namespace, .pid = proc::first_pid_namespace, .mount = 1};
  facts.own.release = "6.1.0";
  for (const char* key : {"pidfd_open", "process_vm_readv", "children", "smaps_rollup", "pagemap"}) {
    facts.own.features.push_back({key, {}});
  }
  auto& target = facts.target.emplace();
  target.pid = target.thread_group = 4711;
  target.name = "worker.py";
  target.privileges = privileges_of(user, 0);
  target.namespaces = facts.own.namespaces;
  target.pid_namespaces = 1;
  target.dumpable = true;
  for (const char* file : {"maps", "smaps_rollup", "pagemap", "io", "fd", "environ", "mem"}) {
    target.files.push_back({file, {}});
  }
  target.python.found = {
      .version = "3.11.2", .layout_origin = "builtin", .module_path = "/usr/bin/python3.11", .located_by = "symbols"};
  target.program = "/usr/bin/python3.11";
  target.program_file = proc::ProgramFile::as_started;
  return facts;
}

void refuse_files(DoctorFacts& facts, bool only_memory = false) {
  for (auto& access : facts.target->files) {
    if (!only_memory || access.file == proc::memory_file) access.refusal = error_of(base::ErrorCode::permission);
  }
  facts.target->python = {};
  facts.target->python.refusal = model::Reason::denied;
}

std::vector<std::string> keys_of(const std::vector<present::Advice>& advice) {
  std::vector<std::string> keys;
  for (const auto& one : advice) keys.push_back(one.key);
  return keys;
}

using Keys = std::vector<std::string>;

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::size_t widest = 0;
  while (std::getline(lines, line)) widest = std::max(widest, present::display_columns(line));
  return widest;
}

/// All advice has all three places, or one for all; nothing weakens the whole machine first.
void check_advice(const present::DoctorView& view) {
  for (const auto& advice : view.advice) {
    CAPTURE(advice.key);
    CHECK_FALSE(advice.problem.empty());
    REQUIRE((advice.remedies.size() == 3 || advice.remedies.size() == 1));
    if (advice.remedies.size() == 1) CHECK(advice.remedies[0].where == "anywhere");
    if (advice.remedies.size() == 3) CHECK(advice.remedies[2].where == "Kubernetes");
    for (const auto& remedy : advice.remedies) {
      CHECK_FALSE(remedy.what.starts_with("sysctl"));
      CHECK(remedy.what.find("ptrace_scope=0") == std::string::npos);
    }
  }
  for (const bool ascii : {false, true}) {
    const auto text = present::doctor_text(view, {.ascii = ascii});
    CHECK(widest_line(text) <= 80);
    CHECK(std::none_of(text.begin(), text.end(), [](char byte) { return byte < 0; }));
  }
}

void check(const DoctorFacts& facts, const std::string& tier, int status, const Keys& keys) {
  const auto view = judge(facts);
  CHECK(view.tier == tier);
  CHECK(view.exit_status == status);
  CHECK(keys_of(view.advice) == keys);
  check_advice(view);
}

}  // namespace

TEST_CASE("doctor: all may be read: tier python, nothing to do") {
  auto facts = ordinary();
  check(facts, "python", 0, {});
  CHECK(present::doctor_text(judge(facts), {}).find("Nothing: no problem") != std::string::npos);
  facts.target.reset();
  check(facts, "python", 0, {});
  facts.own.privileges = privileges_of(0, ~std::uint64_t{0});
  check(facts, "python", 0, {});
}

TEST_CASE("doctor: Yama keeps the memory of others' from us, not from CAP_SYS_PTRACE, but scope 3 from all") {
  for (std::uint32_t scope = 0; scope <= 3; ++scope) {
    for (const bool capable : {false, true}) {
      CAPTURE(scope);
      CAPTURE(capable);
      auto facts = ordinary();
      facts.own.yama_scope = scope;
      facts.own.privileges = privileges_of(user, capable ? sys_ptrace : 0);
      const bool held = scope == 3 || (scope > 0 && !capable);
      auto without_target = facts;
      without_target.target.reset();
      check(without_target, held ? "proc" : "python", held ? 4 : 0, held ? Keys{"yama"} : Keys{});
      refuse_files(facts, true);
      check(facts, "proc", 4, held ? Keys{"yama"} : Keys{"refused"});
    }
  }
  auto facts = ordinary();
  facts.own.yama_scope = 1;
  refuse_files(facts, true);
  CHECK(cause_of_refusal(facts.own, *facts.target) == Cause::yama_descendants);
  CHECK(judge(facts).advice[0].remedies[0].what.find("tidemark record -- COMMAND") != std::string::npos);
  facts.own.yama_scope = 2;
  CHECK(cause_of_refusal(facts.own, *facts.target) == Cause::yama_privileged);
  CHECK(judge(facts).advice[0].remedies[0].what.find("record -- COMMAND") == std::string::npos);
  facts.own.yama_scope = 3;
  CHECK(cause_of_refusal(facts.own, *facts.target) == Cause::yama_nobody);
  refuse_files(facts);  // Yama does not rule maps: something else is the cause
  CHECK(cause_of_refusal(facts.own, *facts.target) == Cause::other);
}

TEST_CASE("doctor: another user's process is refused for its user, with its ids in the remedies") {
  auto facts = ordinary();
  facts.target->privileges = privileges_of(33, 0);
  refuse_files(facts);
  check(facts, "proc", 4, {"other_user"});
  const auto advice = judge(facts).advice.front();
  CHECK(advice.remedies[0].what.find("sudo -u '#33'") != std::string::npos);
  CHECK(advice.remedies[1].what.find("--user 33:33") != std::string::npos);
  CHECK(advice.remedies[1].what.find("--pid=container:") != std::string::npos);
  CHECK(advice.remedies[2].what.find("shareProcessNamespace: true") != std::string::npos);
  CHECK(advice.remedies[2].what.find("kubectl debug") != std::string::npos);
  // A saved uid or a group that differs is enough for the kernel.
  auto group = ordinary();
  group.target->privileges.gids.all[2] = 7;
  refuse_files(group);
  CHECK(cause_of_refusal(group.own, *group.target) == Cause::other_user);
  // For root's process no user but root will do.
  facts.target->privileges = privileges_of(0, ~std::uint64_t{0});
  CHECK(judge(facts).advice[0].remedies[1].what.find("--user 0 --cap-add SYS_PTRACE") != std::string::npos);
}

TEST_CASE("doctor: of the same user: undumpable, more capabilities, another user namespace") {
  auto facts = ordinary();
  refuse_files(facts);
  CHECK(cause_of_refusal(facts.own, *facts.target) == Cause::other);
  facts.target->namespaces.user = 17;
  check(facts, "proc", 4, {"user_namespace"});
  facts.target->privileges.permitted = proc::CapabilitySet(1);
  check(facts, "proc", 4, {"more_capabilities"});
  facts.target->dumpable = false;
  check(facts, "proc", 4, {"undumpable"});
  CHECK(judge(facts).advice[0].remedies[0].what.find("sudo -u") == std::string::npos);
}

TEST_CASE("doctor: root without CAP_SYS_PTRACE in a container is told of the capability") {
  auto facts = ordinary();
  facts.own.privileges = privileges_of(0, 0xa80425fb & ~std::uint64_t{1});
  facts.target->privileges = privileges_of(0, 0xa80425fb);
  facts.target->dumpable.reset();
  facts.own.namespaces.pid = facts.target->namespaces.pid = 99;
  refuse_files(facts);
  check(facts, "proc", 4, {"more_capabilities"});
  CHECK(judge(facts).advice[0].remedies[1].what.find("--cap-add SYS_PTRACE") != std::string::npos);
}

TEST_CASE("doctor: no_new_privs is said when something is refused, and only then") {
  auto facts = ordinary();
  facts.own.privileges.no_new_privs = true;
  facts.own.privileges.seccomp_mode = 2;
  check(facts, "python", 0, {});
  facts.target->privileges = privileges_of(33, 0);
  refuse_files(facts);
  check(facts, "proc", 4, {"other_user", "no_new_privs"});
}

TEST_CASE("doctor: a target that is not there is status 3, by what is known of it") {
  auto facts = ordinary();
  facts.target->absence = Absence::no_such_process;
  check(facts, "none", 3, {"no_such_process"});
  facts.target->absence = Absence::hidden;
  check(facts, "none", 3, {"hidden"});
  facts.target->absence = Absence::zombie;
  check(facts, "none", 3, {"ended"});
}

TEST_CASE("doctor: an interpreter that is not read costs the tier, with its reason") {
  auto facts = ordinary();
  facts.target->python.refusal = model::Reason::not_python;
  facts.target->python.refusal_text = "no runtime";
  check(facts, "proc", 4, {"interpreter"});
  facts.target->python.refusal = model::Reason::starting;
  CHECK(judge(facts).advice[0].remedies[0].what == "ask again in a moment");
  facts.target->python.refusal.reset();
  facts.target->thread_group = 4700;
  check(facts, "python", 0, {"thread"});
}

TEST_CASE("doctor: a kernel without a file costs the tier, without a call that has a substitute it does not") {
  for (std::size_t at = 0; at < 5; ++at) {
    auto facts = ordinary();
    const std::string key = facts.own.features[at].key;
    CAPTURE(key);
    facts.own.features[at].refusal = error_of(base::ErrorCode::not_found);
    if (at < 2) check(facts, "python", 0, {});
    if (at >= 2) check(facts, "proc", 4, {"kernel_" + key});
    // Refused, as to a program with file capabilities of its own /proc/self: not the same as missing.
    facts.own.features[at].refusal = error_of(base::ErrorCode::permission);
    check(facts, "python", 0, {});
  }
  auto facts = ordinary();
  facts.own.proc_names_our_pids = false;
  check(facts, "proc", 4, {"foreign_proc"});
}

TEST_CASE("doctor: cgroup and fork events cost no tier") {
  auto facts = ordinary();
  facts.target->cgroup.problem = "no cgroup mount";
  facts.own.fork_events_problem = "a lower bound";
  check(facts, "python", 0, {"cgroup", "fork_events"});
}

TEST_CASE("doctor: JSON has every group's facts by key, with typed values") {
  auto facts = ordinary();
  facts.target->extension_modules = {{"/x/_m\n.cpython-311-x86_64-linux-gnu.so", 4096, 1024}};
  facts.own.yama_scope = 1;
  const auto json = nlohmann::json::parse(present::doctor_json(judge(facts)));
  CHECK(json["schema"] == 1);
  CHECK(json["pid"] == 4711);
  CHECK(json["tier"] == "python");
  CHECK(json["own"]["uid"]["value"] == user);
  CHECK(json["own"]["cap_sys_ptrace"] ==
        nlohmann::json({{"state", "note"}, {"value", false}, {"text", "no: only processes of uid 1000"}}));
  CHECK(json["kernel"]["yama_ptrace_scope"]["state"] == "missing");
  CHECK(json["kernel"]["yama_ptrace_scope"]["value"] == 1);
  CHECK(json["access"]["mem"]["value"] == true);
  CHECK(json["interpreter"]["linkage"]["value"] == "static");
  CHECK(json["interpreter"]["self_check"]["value"] == "ok");
  CHECK(json["extension_modules"][0]["mapped_bytes"] == 4096);
  CHECK(json["extension_modules"][0]["path"].get<std::string>().find('\n') == std::string::npos);
  facts.target.reset();
  const auto alone = nlohmann::json::parse(present::doctor_json(judge(facts)));
  CHECK(alone["pid"].is_null());
  CHECK(alone["extension_modules"].is_null());
  CHECK_FALSE(alone.contains("target"));
}

TEST_CASE("doctor: hostile names drive no terminal") {
  auto facts = ordinary();
  facts.target->name = "\x1b[31mred";
  facts.target->program = "/tmp/\x1b]0;x\a/python (deleted)";
  facts.target->program_file = proc::ProgramFile::deleted;
  const auto text = present::doctor_text(judge(facts), {.width = 200});
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("deleted on disk") != std::string::npos);
}

TEST_CASE("doctor: permission errors of every command point to it") {
  const auto failure = explain_target(4711, error_of(base::ErrorCode::permission));
  CHECK(failure.hint.find("tidemark doctor -p 4711") != std::string::npos);
  CHECK(failure.status == ExitStatus::cannot_open);
  cpython::OpenFailure denied{.reason = model::Reason::denied, .error = error_of(base::ErrorCode::permission)};
  CHECK(explain_no_python(4711, denied, false).hint.find(failure.hint) != std::string::npos);
  denied.reason = model::Reason::not_python;
  CHECK(explain_no_python(4711, denied, false).hint.find("doctor") == std::string::npos);
}
