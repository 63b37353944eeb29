// Purpose: what `tidemark doctor` finds out (facts) and what it makes of it (judgement, advice).
// Invariants: finding out only observes: it reads /proc and, where the kernel allows it, target memory; nothing is
// stopped or written. Judging is a pure function of the facts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/interpreter.hpp"
#include "tidemark/model/gap.hpp"
#include "tidemark/present/doctor.hpp"
#include "tidemark/proc/file_access.hpp"
#include "tidemark/proc/kernel_features.hpp"
#include "tidemark/proc/namespaces.hpp"
#include "tidemark/proc/privileges.hpp"

namespace tidemark::cli {

struct CgroupFacts {
  std::optional<int> version;                ///< 1 or 2
  std::string path;                          ///< of the directory that is read
  std::optional<std::uint64_t> limit_bytes;  ///< nullopt: none, or not known (`problem`)
  std::string problem;                       ///< empty: its memory files can be read
};

/// What holds for us, whatever the target.
struct OwnFacts {
  base::Pid pid = 0;
  proc::Privileges privileges;
  proc::Namespaces namespaces;
  bool proc_names_our_pids = true;
  std::optional<std::uint32_t> yama_scope;  ///< nullopt: no Yama, or it cannot be seen (`yama_hidden`)
  bool yama_hidden = false;                 ///< no /proc/sys here
  CgroupFacts cgroup;
  std::string release;
  std::vector<proc::KernelFeature> features;
  std::string fork_events_problem;  ///< empty: the kernel tells us of forks

  [[nodiscard]] bool has(proc::Capability capability) const {
    return privileges.effective && privileges.effective->has(capability);
  }
};

struct PythonFacts {
  cpython::Found found;                  ///< as far as known
  std::optional<model::Reason> refusal;  ///< nullopt: it is read
  std::string refusal_text;
  std::optional<cpython::RuntimePlace> place;  ///< nullopt: it is not read
  std::optional<std::string> debug_file;       ///< the detached one of its build-id; nullopt: none
};

/// Why there is nothing to look at.
enum class Absence { none, no_such_process, hidden, zombie, refused };

struct TargetFacts {
  base::Pid pid = 0;
  Absence absence = Absence::none;
  std::string absence_text;
  // The rest only for a process that is there.
  base::Pid thread_group = 0;  ///< another number than `pid`: a thread was named
  std::string name;
  std::string started;  ///< wall time
  proc::Privileges privileges;
  proc::Namespaces namespaces;
  std::uint32_t pid_namespaces = 0;  ///< levels below this /proc, 1 = the same; 0 not known
  std::optional<bool> dumpable;
  std::vector<proc::FileAccess> files;
  CgroupFacts cgroup;
  std::string program;
  proc::ProgramFile program_file = proc::ProgramFile::unknown;
  PythonFacts python;
  std::optional<std::vector<present::LoadedModule>> extension_modules;
  std::string c_library, allocator;  ///< empty: none recognised
};

struct DoctorFacts {
  OwnFacts own;
  std::optional<TargetFacts> target;
};

[[nodiscard]] base::Result<OwnFacts> find_own_facts(const proc::ProcRoot& root);
[[nodiscard]] TargetFacts find_target_facts(const proc::ProcRoot& root, base::Pid pid,
                                            const cpython::LocateOptions& options = {});

/// Why the kernel refuses a target's files or its memory.
enum class Cause {
  other_user,
  undumpable,
  more_capabilities,  ///< the target has capabilities that we lack
  user_namespace,
  yama_descendants,
  yama_privileged,
  yama_nobody,
  other,  ///< a security module, or something that cannot be seen from here
};

/// nullopt when nothing is refused.
[[nodiscard]] std::optional<Cause> cause_of_refusal(const OwnFacts& own, const TargetFacts& target);

/// The best that works: all of it, /proc without the interpreter (or /proc in part), nothing.
enum class Tier { python, proc, none };
[[nodiscard]] Tier best_tier(const DoctorFacts& facts);

[[nodiscard]] std::vector<present::Advice> advice_for(const DoctorFacts& facts);
[[nodiscard]] std::vector<present::DoctorGroup> doctor_groups(const DoctorFacts& facts);
/// All of it.
[[nodiscard]] present::DoctorView judge(const DoctorFacts& facts);

/// A mapped file that is a CPython extension module by its name; nullopt when its symbols must tell (NAME.so).
[[nodiscard]] std::optional<bool> is_extension_name(std::string_view path);
/// "numpy_core" of "/x/numpy_core.cpython-311-x86_64-linux-gnu.so": what follows PyInit_.
[[nodiscard]] std::string module_name_of(std::string_view path);
/// "glibc" or "musl", "jemalloc", "tcmalloc", "mimalloc", by the names of mapped files; empty when none is.
[[nodiscard]] std::string c_library_of(const std::vector<std::string>& paths);
[[nodiscard]] std::string allocator_of(const std::vector<std::string>& paths);

/// What every permission error ends in.
[[nodiscard]] std::string permission_hint(base::Pid pid);

}  // namespace tidemark::cli
