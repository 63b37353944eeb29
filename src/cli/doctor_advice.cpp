// What to do about each problem, for bare metal, Docker and Kubernetes, the gentlest first. Nothing here asks to weaken
// a whole machine.
#include <fmt/format.h>

#include "detail/doctor_judgement.hpp"

namespace tidemark::cli {
namespace {

using present::Advice;
using present::Remedy;

constexpr const char* bare_metal = "bare metal";
constexpr const char* docker = "Docker";
constexpr const char* kubernetes = "Kubernetes";
constexpr const char* ephemeral_container =
    "an ephemeral container with SYS_PTRACE: kubectl debug -it POD --image=IMAGE --target=CONTAINER --profile=general";
constexpr const char* docker_as_root =
    "docker run --rm -it --pid=container:NAME --user 0 --cap-add SYS_PTRACE IMAGE tidemark ...";
constexpr const char* as_root = "as root: sudo tidemark ...";

/// Where only CAP_SYS_PTRACE helps.
std::vector<Remedy> privileged_remedies(std::string on_bare_metal = as_root) {
  std::string in_a_pod = ephemeral_container;
  in_a_pod +=
      "; or a sidecar (runAsUser: 0, capabilities: add: [SYS_PTRACE]) in a pod with shareProcessNamespace: true";
  return {{bare_metal, std::move(on_bare_metal)}, {docker, docker_as_root}, {kubernetes, std::move(in_a_pod)}};
}

/// Where the same user is enough.
std::vector<Remedy> same_user_remedies(const proc::Privileges& target) {
  const auto uid = target.uids.effective();
  const auto gid = target.gids.effective();
  if (uid == 0) return privileged_remedies();
  return {{bare_metal, fmt::format("as its user: sudo -u '#{}' tidemark ...; or {}", uid, as_root)},
          {docker, fmt::format("docker run --rm -it --pid=container:NAME --user {}:{} IMAGE tidemark ...; or as root "
                               "with --cap-add SYS_PTRACE",
                               uid, gid)},
          {kubernetes, fmt::format("a sidecar of the same user (runAsUser: {}, runAsGroup: {}) in a pod with "
                                   "shareProcessNamespace: true; or {}",
                                   uid, gid, ephemeral_container)}};
}

Advice yama_advice(std::uint32_t scope) {
  constexpr std::uint32_t nobody = 3;
  if (scope >= nobody) {
    const std::string sentence = "until the machine is started with a lower ptrace_scope only /proc is recorded";
    return {"yama",
            "Yama's ptrace_scope is 3: no process may read another's memory, not even root's.",
            {{bare_metal, sentence},
             {docker, "the same: it is the host's setting"},
             {kubernetes, "the same on this node; another node may differ"}}};
  }
  std::string gentlest = as_root;
  if (scope == 1) gentlest += "; or start the program under tidemark: tidemark record -- COMMAND";
  gentlest += "; ptrace_scope need not be lowered for the whole machine";
  return {"yama",
          scope == 1 ? "Yama's ptrace_scope is 1: without CAP_SYS_PTRACE only descendants' memory may be read."
                     : "Yama's ptrace_scope is 2: memory may be read with CAP_SYS_PTRACE only.",
          privileged_remedies(std::move(gentlest))};
}

Advice cause_advice(Cause cause, const OwnFacts& own, const TargetFacts& target) {
  switch (cause) {
    case Cause::other_user:
      return {"other_user",
              fmt::format("The target runs as uid {}, gid {}, and we as uid {}, gid {}.",
                          target.privileges.uids.effective(), target.privileges.gids.effective(),
                          own.privileges.uids.effective(), own.privileges.gids.effective()),
              same_user_remedies(target.privileges)};
    case Cause::undumpable:
      return {"undumpable",
              "The target is not dumpable: it changed its user after its start, or asked for it (PR_SET_DUMPABLE). "
              "Not even its own user may read it.",
              privileged_remedies(std::string(as_root) + "; or start the program as its user from the beginning")};
    case Cause::more_capabilities:
      return {"more_capabilities", "The target has capabilities that we lack.", privileged_remedies()};
    case Cause::user_namespace:
      return {"user_namespace",
              "The target is in another user namespace, where our capabilities do not count.",
              {{bare_metal, "as root of the first user namespace: sudo tidemark ..."},
               {docker, "from the host as root; or enter the target's container: docker exec -u 0"},
               {kubernetes, ephemeral_container}}};
    case Cause::yama_descendants:
    case Cause::yama_privileged:
    case Cause::yama_nobody:
      return yama_advice(own.yama_scope.value_or(0));
    case Cause::other:
      break;
  }
  return {"refused", "The kernel refuses a part of the target; a security module (SELinux, AppArmor) may be the cause.",
          privileged_remedies()};
}

Advice absence_advice(const TargetFacts& target) {
  const std::string join_docker = "share the target's pids: docker run --pid=container:NAME ...";
  const std::string join_kubernetes = std::string(ephemeral_container) + "; or shareProcessNamespace: true in the pod";
  switch (target.absence) {
    case Absence::hidden:
    case Absence::refused:
      return {"hidden",
              "The target exists, but /proc hides it from our user (hidepid).",
              {{bare_metal, std::string(as_root) + "; or as its user; or as a member of the mount's gid= group"},
               {docker, docker_as_root},
               {kubernetes, ephemeral_container}}};
    case Absence::zombie:
      return {"ended",
              "The target has ended; its parent has not waited for it yet.",
              {{"anywhere", "name a process that runs"}}};
    case Absence::no_such_process:
    case Absence::none:
      break;
  }
  return {"no_such_process",
          fmt::format("No process with pid {} is seen here.", target.pid),
          {{bare_metal, "ps -e shows the pids of this pid namespace; a container's pids differ inside and outside"},
           {docker, join_docker},
           {kubernetes, join_kubernetes}}};
}

Advice python_advice(const TargetFacts& target) {
  const auto reason = *target.python.refusal;
  std::string what = "the columns of /proc are recorded all the same";
  if (reason == model::Reason::starting) what = "ask again in a moment";
  if (reason == model::Reason::self_check) what += "; please report this build with the output of doctor --json";
  if (reason == model::Reason::not_python)
    what += "; if Python is its child, name the child or use record, which follows";
  return {"interpreter",
          fmt::format("The interpreter is not read ({}): {}.", model::text_of(reason), target.python.refusal_text),
          {{"anywhere", what}}};
}

Advice degraded_advice(const cpython::Found& found) {
  return {"interpreter_part",
          fmt::format("The interpreter is read without: {}.", fmt::join(words_of(found.missing), ", ")),
          {{"anywhere", found.missing.native_ids
                            ? "where the C library is not glibc, Python 3.11 and later state the native ids themselves"
                            : "all else is read; please report this build with the output of doctor --json"}}};
}

void advise_about_target(const OwnFacts& own, const TargetFacts& target, std::vector<Advice>& advice) {
  if (target.absence != Absence::none) {
    advice.push_back(absence_advice(target));
    return;
  }
  if (target.thread_group != target.pid) {
    advice.push_back({"thread",
                      fmt::format("{} is a thread of process {}.", target.pid, target.thread_group),
                      {{"anywhere", fmt::format("name the process: -p {}", target.thread_group)}}});
  }
  const auto cause = cause_of_refusal(own, target);
  if (cause) {
    advice.push_back(cause_advice(*cause, own, target));
    if (own.privileges.no_new_privs == true) {
      advice.push_back({"no_new_privs",
                        "no_new_privs is set for us: sudo and file capabilities have no effect here.",
                        {{bare_metal, "run tidemark from another login"},
                         {docker, "without --security-opt no-new-privileges"},
                         {kubernetes, "allowPrivilegeEscalation: true for the container of tidemark"}}});
    }
  }
  if (target.python.refusal && !(cause && target.python.refusal == model::Reason::denied)) {
    advice.push_back(python_advice(target));
  }
  if (!target.python.refusal && target.python.found.missing.any()) {
    advice.push_back(degraded_advice(target.python.found));
  }
}

void advise_about_kernel(const OwnFacts& own, std::vector<Advice>& advice) {
  if (!own.proc_names_our_pids) {
    advice.push_back({"foreign_proc",
                      "This /proc was mounted for another pid namespace: its pids are not ours.",
                      {{bare_metal, "enter both namespaces: nsenter -t PID -p -m; or unshare with --mount-proc"},
                       {docker, "do not mount the host's /proc; use --pid=host or --pid=container:NAME"},
                       {kubernetes, "hostPID: true or shareProcessNamespace: true instead of a mounted /proc"}}});
  }
  for (const auto& feature : own.features) {
    if (!is_missing(feature) || has_substitute(feature)) continue;
    advice.push_back({"kernel_" + feature.key,
                      fmt::format("This kernel ({}) has no {}.", own.release, feature.key),
                      {{"anywhere", "a newer kernel; gVisor and the like lack some files for ever"}}});
  }
}

/// What costs columns, and no tier.
void advise_about_extras(const DoctorFacts& facts, std::vector<Advice>& advice) {
  const auto& cgroup = is_there(facts) ? facts.target->cgroup : facts.own.cgroup;
  if (!cgroup.problem.empty()) {
    advice.push_back({"cgroup",
                      "The cgroup's memory cannot be read: its columns stay empty.",
                      {{bare_metal, "mount the cgroup filesystem at /sys/fs/cgroup"},
                       {docker, "--cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:ro"},
                       {kubernetes, "a read-only hostPath volume of /sys/fs/cgroup"}}});
  }
  if (!facts.own.fork_events_problem.empty()) {
    advice.push_back({"fork_events",
                      "Fork events are not heard: very short-lived children are counted as a lower bound.",
                      {{bare_metal, as_root},
                       {docker, "--pid=host --user 0 --cap-add NET_ADMIN"},
                       {kubernetes, "hostPID: true, runAsUser: 0, capabilities: add: [NET_ADMIN]"}}});
  }
}

}  // namespace

std::vector<Advice> advice_for(const DoctorFacts& facts) {
  std::vector<Advice> advice;
  if (facts.target) advise_about_target(facts.own, *facts.target, advice);
  if (!facts.target && is_held_by_yama(facts.own)) advice.push_back(yama_advice(*facts.own.yama_scope));
  advise_about_kernel(facts.own, advice);
  if (!facts.target || is_there(facts)) advise_about_extras(facts, advice);
  return advice;
}

std::string permission_hint(base::Pid pid) {
  return fmt::format("run as the same user or {}; tidemark doctor -p {} says what is refused and why", as_root, pid);
}

}  // namespace tidemark::cli
