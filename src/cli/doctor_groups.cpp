// Facts to the lines that are shown and to the keys of the JSON (docs/doctor.md).
#include <fmt/format.h>

#include <array>

#include "detail/doctor_judgement.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::cli {
namespace {

using present::DoctorFact;
using present::DoctorGroup;
using present::FactValue;
using present::Mark;

std::string user_text(std::uint32_t uid) { return uid == 0 ? "0 (root)" : std::to_string(uid); }

DoctorFact capability_fact(const OwnFacts& own, proc::Capability capability, std::string key, std::string name,
                           const std::string& without) {
  if (!own.privileges.effective) return {std::move(key), std::move(name), Mark::unknown, "not told by this /proc"};
  const bool has = own.has(capability);
  return {std::move(key), std::move(name), has ? Mark::ok : Mark::note, has ? "yes" : "no" + without, has};
}

DoctorFact seccomp_fact(const proc::Privileges& privileges) {
  if (!privileges.seccomp_mode) return {"seccomp", "seccomp", Mark::unknown, "not told by this /proc"};
  const auto mode = *privileges.seccomp_mode;
  const std::string text = mode == 0 ? "none" : mode == 1 ? "strict" : "a filter (what it blocks shows in the rest)";
  return {"seccomp", "seccomp", Mark::note, text, static_cast<std::int64_t>(mode)};
}

DoctorFact no_new_privs_fact(const proc::Privileges& privileges) {
  if (!privileges.no_new_privs) return {"no_new_privs", "no_new_privs", Mark::unknown, "not told by this /proc"};
  const bool set = *privileges.no_new_privs;
  return {"no_new_privs", "no_new_privs", Mark::note, set ? "set: sudo has no effect here" : "not set", set};
}

DoctorFact yama_fact(const OwnFacts& own) {
  const std::string key = "yama_ptrace_scope", name = "Yama ptrace_scope";
  if (own.yama_hidden) return {key, name, Mark::unknown, "/proc/sys cannot be seen"};
  if (!own.yama_scope) return {key, name, Mark::ok, "no Yama in this kernel"};
  static constexpr std::array<const char*, 4> meanings{"0: same user is enough", "1: descendants, or CAP_SYS_PTRACE",
                                                       "2: CAP_SYS_PTRACE only", "3: nobody"};
  const auto scope = *own.yama_scope;
  const std::string text = scope < meanings.size() ? meanings[scope] : fmt::format("{}: not known to us", scope);
  return {key, name, is_held_by_yama(own) ? Mark::missing : Mark::ok, text, static_cast<std::int64_t>(scope)};
}

DoctorFact first_namespace_fact(std::string key, std::string name, std::optional<std::uint64_t> inode,
                                std::uint64_t first) {
  if (!inode) return {std::move(key), std::move(name), Mark::unknown, "cannot be seen"};
  const bool is_first = *inode == first;
  return {std::move(key), std::move(name), Mark::note,
          is_first ? "the machine's first" : fmt::format("one of its own ({}), as in a container", *inode), is_first};
}

void add_cgroup(const CgroupFacts& cgroup, std::vector<DoctorFact>& facts) {
  if (cgroup.version) {
    facts.push_back({"cgroup_version", "cgroup version", Mark::note, std::to_string(*cgroup.version),
                     static_cast<std::int64_t>(*cgroup.version)});
    facts.push_back({"cgroup_path", "cgroup", Mark::note, cgroup.path, cgroup.path});
  }
  if (!cgroup.problem.empty()) {
    facts.push_back({"cgroup_memory", "cgroup memory", Mark::missing, cgroup.problem});
    return;
  }
  const auto limit = cgroup.limit_bytes;
  facts.push_back({"cgroup_memory", "cgroup memory", Mark::ok, "can be read"});
  facts.push_back({"cgroup_limit_bytes", "cgroup limit", Mark::note,
                   limit ? present::megabytes(static_cast<double>(*limit)) : "none that can be seen",
                   limit ? FactValue(static_cast<std::int64_t>(*limit)) : FactValue{}});
}

DoctorGroup own_group(const OwnFacts& own) {
  using proc::Capability;
  const auto uid = own.privileges.uids.effective();
  DoctorGroup group{"own", "This tidemark", {}};
  auto& facts = group.facts;
  facts.push_back({"uid", "user", Mark::note, user_text(uid), static_cast<std::int64_t>(uid)});
  facts.push_back(capability_fact(own, Capability::sys_ptrace, "cap_sys_ptrace", "CAP_SYS_PTRACE",
                                  fmt::format(": only processes of uid {}", uid)));
  facts.push_back(capability_fact(own, Capability::net_admin, "cap_net_admin", "CAP_NET_ADMIN", ""));
  facts.push_back(capability_fact(own, Capability::sys_admin, "cap_sys_admin", "CAP_SYS_ADMIN", ""));
  facts.push_back(capability_fact(own, Capability::perfmon, "cap_perfmon", "CAP_PERFMON", ""));
  facts.push_back(capability_fact(own, Capability::bpf, "cap_bpf", "CAP_BPF", ""));
  facts.push_back(
      capability_fact(own, Capability::checkpoint_restore, "cap_checkpoint_restore", "CAP_CHECKPOINT_RESTORE", ""));
  facts.push_back(no_new_privs_fact(own.privileges));
  facts.push_back(seccomp_fact(own.privileges));
  facts.push_back(
      first_namespace_fact("user_namespace", "user namespace", own.namespaces.user, proc::first_user_namespace));
  facts.push_back(
      first_namespace_fact("pid_namespace", "pid namespace", own.namespaces.pid, proc::first_pid_namespace));
  facts.push_back({"proc_is_ours", "/proc", own.proc_names_our_pids ? Mark::ok : Mark::missing,
                   own.proc_names_our_pids ? "of our pid namespace" : "of another pid namespace",
                   own.proc_names_our_pids});
  add_cgroup(own.cgroup, facts);
  return group;
}

DoctorFact feature_fact(const proc::KernelFeature& feature) {
  if (!feature.refusal) return {feature.key, feature.key, Mark::ok, "works", true};
  if (!is_missing(feature)) return {feature.key, feature.key, Mark::unknown, base::describe(*feature.refusal)};
  return {feature.key, feature.key, Mark::missing, has_substitute(feature) ? "not here; done otherwise" : "not here",
          false};
}

DoctorGroup kernel_group(const OwnFacts& own) {
  DoctorGroup group{"kernel", "Kernel", {}};
  group.facts.push_back({"release", "release", Mark::note, own.release, own.release});
  group.facts.push_back(yama_fact(own));
  for (const auto& feature : own.features) group.facts.push_back(feature_fact(feature));
  const bool heard = own.fork_events_problem.empty();
  group.facts.push_back({"fork_events", "fork events", heard ? Mark::ok : Mark::missing,
                         heard ? "heard (proc connector)" : own.fork_events_problem, heard});
  return group;
}

DoctorFact sameness_fact(std::string key, std::string name, std::optional<std::uint64_t> ours,
                         std::optional<std::uint64_t> theirs) {
  switch (proc::compare_namespace(ours, theirs)) {
    case proc::Sameness::same:
      return {std::move(key), std::move(name), Mark::note, "the same as ours", true};
    case proc::Sameness::different:
      return {std::move(key), std::move(name), Mark::note, "another than ours", false};
    case proc::Sameness::unknown:
      break;
  }
  return {std::move(key), std::move(name), Mark::unknown, "cannot be seen"};
}

/// The namespace link may be refused where the numbers of NSpid are not: more than one is a namespace below ours.
DoctorFact pid_namespace_fact(const OwnFacts& own, const TargetFacts& target) {
  if (target.namespaces.pid || target.pid_namespaces == 0) {
    return sameness_fact("pid_namespace", "pid namespace", own.namespaces.pid, target.namespaces.pid);
  }
  const bool same = target.pid_namespaces == 1;
  return {"pid_namespace", "pid namespace", Mark::note, same ? "the same as ours" : "another than ours", same};
}

DoctorFact dumpable_fact(const TargetFacts& target) {
  if (!target.dumpable) return {"dumpable", "dumpable", Mark::unknown, "cannot be told for a process of root"};
  const bool yes = *target.dumpable;
  return {"dumpable", "dumpable", yes ? Mark::ok : Mark::note, yes ? "yes" : "no: only root may read it", yes};
}

DoctorFact program_fact(const TargetFacts& target) {
  const std::string& path = target.program;
  switch (target.program_file) {
    case proc::ProgramFile::as_started:
      return {"program", "program", Mark::ok, path, path};
    case proc::ProgramFile::deleted:
      return {"program", "program", Mark::note, path + ": deleted on disk since the start", path};
    case proc::ProgramFile::replaced:
      return {"program", "program", Mark::note, path + ": replaced on disk since the start", path};
    case proc::ProgramFile::unknown:
      break;
  }
  if (path.empty()) return {"program", "program", Mark::unknown, "cannot be seen"};
  return {"program", "program", Mark::unknown, path + ": whether it is still this file cannot be told", path};
}

DoctorGroup target_group(const OwnFacts& own, const TargetFacts& target) {
  DoctorGroup group{"target", fmt::format("Target {}", target.pid), {}};
  auto& facts = group.facts;
  if (target.absence != Absence::none) {
    facts.push_back({"alive", "alive", Mark::missing, target.absence_text, false});
    return group;
  }
  facts.push_back({"alive", "alive", Mark::ok, "yes", true});
  facts.push_back({"name", "name", Mark::note, target.name, target.name});
  if (!target.started.empty()) facts.push_back({"started", "started", Mark::note, target.started, target.started});
  const auto uid = target.privileges.uids.effective();
  facts.push_back({"uid", "user", Mark::note, user_text(uid), static_cast<std::int64_t>(uid)});
  facts.push_back(dumpable_fact(target));
  facts.push_back(seccomp_fact(target.privileges));
  facts.push_back(sameness_fact("user_namespace", "user namespace", own.namespaces.user, target.namespaces.user));
  facts.push_back(pid_namespace_fact(own, target));
  facts.push_back(sameness_fact("mount_namespace", "mount namespace", own.namespaces.mount, target.namespaces.mount));
  facts.push_back(program_fact(target));
  add_cgroup(target.cgroup, facts);
  return group;
}

DoctorGroup access_group(const TargetFacts& target) {
  DoctorGroup group{"access", "What may be read of it", {}};
  for (const auto& access : target.files) {
    if (!access.refusal) {
      group.facts.push_back({access.file, access.file, Mark::ok, "can be opened", true});
      continue;
    }
    const bool denied = access.refusal->code == base::ErrorCode::permission;
    group.facts.push_back({access.file, access.file, Mark::missing,
                           denied ? "permission denied" : base::describe(*access.refusal), false});
  }
  return group;
}

std::string address_text(base::Address address) { return fmt::format("{:#x}", address.value); }

/// Where the runtime is, and how that was found.
void add_place(const TargetFacts& target, std::vector<DoctorFact>& facts) {
  const auto& [found, refusal, refusal_text, place, debug_file] = target.python;
  if (found.module_path.empty()) return;
  const bool in_program = found.module_path == target.program;
  facts.push_back({"module", "found in", Mark::ok,
                   found.module_path + (in_program ? " (the program itself)" : " (a library)"), found.module_path});
  facts.push_back({"linkage", "linkage", Mark::note, in_program ? "static" : "shared library",
                   std::string(in_program ? "static" : "shared")});
  if (!found.located_by.empty()) {
    facts.push_back({"located_by", "found by", Mark::note, found.located_by, found.located_by});
  }
  if (place) {
    facts.push_back(
        {"runtime_address", "_PyRuntime", Mark::note, address_text(place->runtime), address_text(place->runtime)});
    facts.push_back({"code_type_address", "PyCode_Type", Mark::note, address_text(place->code_type),
                     address_text(place->code_type)});
  }
  std::string others;
  for (const auto& other : found.others) {
    others += fmt::format("{}{}: {}", others.empty() ? "" : "; ", other.module_path, other.why);
  }
  if (!others.empty()) facts.push_back({"other_runtimes", "also there", Mark::note, others, others});
}

DoctorFact self_check_fact(const PythonFacts& python) {
  if (python.refusal) {
    const std::string reason(model::text_of(*python.refusal));
    return {"self_check", "self-check", Mark::missing, reason + ": " + python.refusal_text, reason};
  }
  const auto missing = words_of(python.found.missing);
  std::string text = missing.empty() ? "passed" : fmt::format("degraded: without {}", fmt::join(missing, ", "));
  if (python.found.ended_threads > 0) {
    text += fmt::format("; {} thread states are of threads that have ended", python.found.ended_threads);
  }
  return {"self_check", "self-check", missing.empty() ? Mark::ok : Mark::missing, std::move(text),
          std::string(missing.empty() ? "ok" : "degraded")};
}

void add_debug_file(const PythonFacts& python, std::vector<DoctorFact>& facts) {
  const auto& id = python.found.build_id;
  if (id.empty()) {
    facts.push_back({"build_id", "build-id", Mark::unknown, "none could be read"});
    return;
  }
  facts.push_back({"build_id", "build-id", Mark::note, id, id});
  facts.push_back({"debug_file", "debug file", Mark::note, python.debug_file.value_or("none (not needed)"),
                   python.debug_file ? FactValue(*python.debug_file) : FactValue{}});
}

DoctorGroup interpreter_group(const TargetFacts& target) {
  const auto& python = target.python;
  DoctorGroup group{"interpreter", "Interpreter", {}};
  auto& facts = group.facts;
  if (!python.found.version.empty()) {
    facts.push_back({"version", "version", Mark::note, python.found.version, python.found.version});
  }
  add_place(target, facts);
  if (!python.found.layout_origin.empty()) {
    facts.push_back({"layout_origin", "layout", Mark::note, python.found.layout_origin, python.found.layout_origin});
  }
  facts.push_back(self_check_fact(python));
  const auto missing = words_of(python.found.missing);
  if (!missing.empty()) {
    const auto text = fmt::format("{}", fmt::join(missing, ", "));
    facts.push_back({"missing", "missing", Mark::missing, text, text});
  }
  if (!python.found.module_path.empty()) add_debug_file(python, facts);
  if (!target.extension_modules) return group;
  facts.push_back({"c_library", "C library", Mark::note,
                   target.c_library.empty() ? "none recognised" : target.c_library,
                   target.c_library.empty() ? FactValue{} : FactValue(target.c_library)});
  facts.push_back({"allocator", "allocator", Mark::note,
                   target.allocator.empty() ? "of the C library" : target.allocator,
                   target.allocator.empty() ? FactValue{} : FactValue(target.allocator)});
  return group;
}

}  // namespace

std::vector<DoctorGroup> doctor_groups(const DoctorFacts& facts) {
  std::vector<DoctorGroup> groups;
  if (facts.target) groups.push_back(target_group(facts.own, *facts.target));
  if (is_there(facts)) {
    groups.push_back(interpreter_group(*facts.target));
    groups.push_back(access_group(*facts.target));
  }
  groups.push_back(own_group(facts.own));
  groups.push_back(kernel_group(facts.own));
  return groups;
}

}  // namespace tidemark::cli
