// What holds for the target. Reads /proc and, for the interpreter, resident memory; stops and writes nothing.
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "detail/doctor_cgroup.hpp"
#include "detail/doctor_modules.hpp"
#include "tidemark/cpython/debug_file.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/present/units.hpp"
#include "tidemark/proc/clocks.hpp"
#include "tidemark/proc/process_name.hpp"

namespace tidemark::cli {
namespace {

/// An interpreter that is starting, or that moved while it was checked, is tried again so often.
constexpr int most_tries = 10;
constexpr std::chrono::milliseconds between_tries{50};

TargetFacts absent(TargetFacts target, Absence absence, std::string text) {
  target.absence = absence;
  target.absence_text = std::move(text);
  return target;
}

/// A process that /proc does not show and that pidfd_open(2) finds is hidden from us (hidepid).
TargetFacts not_shown(const proc::ProcRoot& root, TargetFacts target, const base::Error& error) {
  if (error.code == base::ErrorCode::permission) {
    return absent(std::move(target), Absence::refused, base::describe(error));
  }
  if (proc::names_our_pids(root) && proc::open_pidfd(target.pid)) {
    return absent(std::move(target), Absence::hidden, "it exists, but this /proc does not show it");
  }
  return absent(std::move(target), Absence::no_such_process, "no process of this number is here");
}

cpython::OpenFailure failure_of(const base::Error& error) {
  return {.reason = model::reason_of(error), .error = error, .retry = false, .found = {}};
}

cpython::OpenResult open_once(const proc::ProcRoot& root, proc::ProcessFiles& process,
                              std::unique_ptr<memory::LiveMemory>& memory, const cpython::LocateOptions& options) {
  auto opened = memory::LiveMemory::open(root.fd(), process.pid());
  if (!opened) return failure_of(opened.error());
  memory = std::move(*opened);
  return cpython::Interpreter::open(process, *memory, options);
}

PythonFacts find_python(const proc::ProcRoot& root, proc::ProcessFiles& process,
                        const cpython::LocateOptions& options) {
  PythonFacts facts;
  if (!proc::names_our_pids(root)) {
    // The calls that read memory take a pid of our namespace: they would read another process.
    facts.refusal = model::Reason::unsupported;
    facts.refusal_text = "this /proc is of another pid namespace";
    return facts;
  }
  for (int tries = 0; tries < most_tries; ++tries) {
    if (tries > 0) std::this_thread::sleep_for(between_tries);
    std::unique_ptr<memory::LiveMemory> memory;
    const auto opened = open_once(root, process, memory, options);
    if (const auto* failure = std::get_if<cpython::OpenFailure>(&opened)) {
      facts.found = failure->found;
      facts.refusal = failure->reason;
      facts.refusal_text = base::describe(failure->error);
      if (!failure->retry) break;
      continue;
    }
    const auto& interpreter = *std::get<std::unique_ptr<cpython::Interpreter>>(opened);
    facts.found = interpreter.found();
    facts.place = interpreter.place();
    facts.refusal.reset();
    facts.refusal_text.clear();
    break;
  }
  return facts;
}

void find_identity(const proc::ProcRoot& root, const proc::ProcessFiles& process, const proc::StatFields& stat,
                   TargetFacts& target) {
  target.program = process.executable().value_or({});
  target.name = proc::process_name(stat.comm, process.command_line().value_or({}), target.program);
  if (const auto boot = proc::boot_time_seconds(root)) {
    target.started = present::wall_time(proc::started_wall_ns(stat.start_ticks, *boot, proc::ticks_per_second()));
  }
  target.program_file = proc::program_file(process);
}

void find_rest(const proc::ProcRoot& root, proc::ProcessFiles& process, const cpython::LocateOptions& options,
               TargetFacts& target) {
  target.namespaces = proc::read_namespaces(root, std::to_string(target.pid));
  target.dumpable = proc::is_dumpable(process, target.privileges.uids.effective());
  target.files = proc::probe_files(process);
  target.cgroup = find_cgroup(root, target.pid);
  target.python = find_python(root, process, options);
  if (auto debug = cpython::find_debug_file(process, target.python.found.build_id)) {
    target.python.debug_file = std::move(debug->path);
  }
  find_modules(process, target);
}

}  // namespace

TargetFacts find_target_facts(const proc::ProcRoot& root, base::Pid pid, const cpython::LocateOptions& options) {
  TargetFacts target;
  target.pid = pid;
  auto process = proc::ProcessFiles::open(root, pid);
  if (!process) return not_shown(root, std::move(target), process.error());
  const auto stat = process->stat();
  if (!stat) return not_shown(root, std::move(target), stat.error());
  const auto status = process->status();
  if (!status) return not_shown(root, std::move(target), status.error());
  const auto privileges = proc::read_privileges(root, std::to_string(pid));
  if (!privileges) return not_shown(root, std::move(target), privileges.error());
  if (stat->state == 'Z') return absent(std::move(target), Absence::zombie, "it has ended and waits for its parent");
  target.thread_group = status->tgid;
  target.privileges = *privileges;
  target.pid_namespaces = status->pid_namespaces;
  find_identity(root, *process, *stat, target);
  find_rest(root, *process, options, target);
  return target;
}

}  // namespace tidemark::cli
