// Facts to a tier and the cause of a refusal. The rules are the kernel's: kernel/ptrace.c (__ptrace_may_access),
// security/commoncap.c (cap_ptrace_access_check), security/yama/yama_lsm.c.
#include <fmt/format.h>

#include "detail/doctor_judgement.hpp"
#include "tidemark/cli/command.hpp"

namespace tidemark::cli {
namespace {

bool is_refused(const proc::FileAccess& access) {
  return access.refusal && access.refusal->code == base::ErrorCode::permission;
}

std::optional<Cause> yama_cause(const OwnFacts& own) {
  if (!own.yama_scope || !is_held_by_yama(own)) return std::nullopt;
  switch (*own.yama_scope) {
    case 1:
      return Cause::yama_descendants;
    case 2:
      return Cause::yama_privileged;
    default:
      return Cause::yama_nobody;
  }
}

/// Without CAP_SYS_PTRACE: user, dumpable, capabilities, in the order of the kernel's checks.
std::optional<Cause> ordinary_cause(const OwnFacts& own, const TargetFacts& target) {
  const auto& theirs = target.privileges;
  const auto& ours = own.privileges;
  if (!theirs.uids.are_all(ours.uids.effective()) || !theirs.gids.are_all(ours.gids.effective())) {
    return Cause::other_user;
  }
  if (target.dumpable == false) return Cause::undumpable;
  if (theirs.permitted && ours.effective && !ours.effective->holds_all_of(*theirs.permitted)) {
    return Cause::more_capabilities;
  }
  return std::nullopt;
}

bool has_all_features(const OwnFacts& own) {
  return std::none_of(own.features.begin(), own.features.end(), [](const proc::KernelFeature& feature) {
    return is_missing(feature) && !has_substitute(feature);
  });
}

bool opens_all_files(const TargetFacts& target) {
  return std::none_of(target.files.begin(), target.files.end(),
                      [](const proc::FileAccess& access) { return access.refusal.has_value(); });
}

const char* partial_summary(const PythonFacts& python) {
  if (python.refusal) {
    return "the columns of /proc work, as far as they are not refused below; the Python interpreter is not read.";
  }
  if (python.found.missing.any()) return "the Python interpreter is read in part: see its self-check.";
  return "the Python interpreter is read; a part of /proc is not.";
}

std::string summary_of(const DoctorFacts& facts, Tier tier) {
  if (!facts.target) {
    return tier == Tier::python ? "Everything works here for processes that we may read; -p PID looks at one."
                                : "Only a part works here: see what is missing. -p PID looks at one process.";
  }
  const auto& target = *facts.target;
  switch (tier) {
    case Tier::python:
      return fmt::format("pid {} ({}): everything works, its Python interpreter included.", target.pid, target.name);
    case Tier::proc:
      return fmt::format("pid {} ({}): {}", target.pid, target.name, partial_summary(target.python));
    case Tier::none:
      break;
  }
  return fmt::format("pid {} cannot be opened: {}.", target.pid, target.absence_text);
}

ExitStatus status_of(Tier tier) {
  switch (tier) {
    case Tier::python:
      return ExitStatus::done;
    case Tier::proc:
      return ExitStatus::partial;
    case Tier::none:
      break;
  }
  return ExitStatus::cannot_open;
}

std::string text_of(Tier tier) {
  switch (tier) {
    case Tier::python:
      return "python";
    case Tier::proc:
      return "proc";
    case Tier::none:
      break;
  }
  return "none";
}

}  // namespace

std::optional<Cause> cause_of_refusal(const OwnFacts& own, const TargetFacts& target) {
  const auto& files = target.files;
  if (std::none_of(files.begin(), files.end(), is_refused)) return std::nullopt;
  const bool other_namespace =
      proc::compare_namespace(own.namespaces.user, target.namespaces.user) == proc::Sameness::different;
  if (!own.has(proc::Capability::sys_ptrace)) {
    if (const auto cause = ordinary_cause(own, target)) return cause;
  }
  if (other_namespace) return Cause::user_namespace;
  // Yama rules attaching alone: what else is refused has another cause.
  const bool only_memory = std::all_of(files.begin(), files.end(), [](const proc::FileAccess& access) {
    return !is_refused(access) || access.file == proc::memory_file;
  });
  if (only_memory) {
    if (const auto cause = yama_cause(own)) return cause;
  }
  return Cause::other;
}

Tier best_tier(const DoctorFacts& facts) {
  if (facts.target && facts.target->absence != Absence::none) return Tier::none;
  if (!has_all_features(facts.own) || !facts.own.proc_names_our_pids) return Tier::proc;
  if (!facts.target) return is_held_by_yama(facts.own) ? Tier::proc : Tier::python;
  const auto& python = facts.target->python;
  const bool whole = opens_all_files(*facts.target) && !python.refusal && !python.found.missing.any();
  return whole ? Tier::python : Tier::proc;
}

present::DoctorView judge(const DoctorFacts& facts) {
  const Tier tier = best_tier(facts);
  present::DoctorView view;
  if (facts.target) view.pid = facts.target->pid;
  view.tier = text_of(tier);
  view.summary = summary_of(facts, tier);
  view.exit_status = static_cast<int>(status_of(tier));
  view.groups = doctor_groups(facts);
  if (is_there(facts)) view.extension_modules = facts.target->extension_modules;
  view.advice = advice_for(facts);
  return view;
}

}  // namespace tidemark::cli
