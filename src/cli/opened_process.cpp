#include "detail/opened_process.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tidemark/proc/namespaces.hpp"
#include "tidemark/proc/process_name.hpp"

namespace tidemark::cli {

namespace {

base::Error ended(const std::string& path) {
  return {.code = base::ErrorCode::gone, .doing = "read the process", .path = path, .detail = "a zombie"};
}

NotOpened refused(base::Pid pid, const base::Error& error, std::string name = {}) {
  return {.name = std::move(name),
          .reason = model::reason_of(error),
          .failure = explain_target(pid, error),
          .error = error};
}

}  // namespace

std::optional<base::Pid> OpenedProcess::inner_pid() const {
  return status.inner_pid && *status.inner_pid != files.pid() ? status.inner_pid : std::nullopt;
}

std::variant<OpenedProcess, NotOpened> open_process(const proc::ProcRoot& root, base::Pid pid) {
  auto files = proc::ProcessFiles::open(root, pid);
  if (!files) return refused(pid, files.error());
  auto stat = files->stat();
  if (!stat) return refused(pid, stat.error());
  auto status = files->status();
  if (!status) return refused(pid, status.error());
  auto command_line = files->command_line().value_or({});
  auto name = proc::process_name(stat->comm, command_line, files->executable().value_or({}));
  std::replace(command_line.begin(), command_line.end(), '\0', ' ');
  OpenedProcess opened{.files = std::move(*files),
                       .stat = std::move(*stat),
                       .status = *status,
                       .name = std::move(name),
                       .command_line = std::move(command_line)};
  const auto not_opened = [&](NotOpened why) {
    why.name = opened.name;
    why.inner_pid = opened.inner_pid();
    return why;
  };
  if (opened.stat.state == 'Z') return not_opened(refused(pid, ended(opened.files.path())));
  if (status->tgid != pid) {
    return not_opened({.name = {},
                       .reason = model::Reason::unsupported,
                       .failure = {fmt::format("{} is a thread of process {}", pid, status->tgid),
                                   fmt::format("name the process: -p {}", status->tgid), ExitStatus::cannot_open}});
  }
  if (!proc::names_our_pids(root)) {
    return not_opened({.name = {},
                       .reason = model::Reason::unsupported,
                       .failure = {"this /proc is of another pid namespace: a pid of it is another process's for us",
                                   "mount one for this namespace: mount -t proc proc /proc", ExitStatus::cannot_open}});
  }
  return opened;
}

std::optional<base::Error> has_ended(const proc::ProcessFiles& files) {
  const auto stat = files.stat();
  if (!stat) return stat.error();
  const bool has_memory = stat->vsize_bytes != 0;  // it gives that back before it is a zombie
  if (stat->state != 'Z' && stat->state != 'X' && has_memory) return std::nullopt;
  return ended(files.path());
}

bool runs_another_program(const proc::StatFields& before, const proc::ProcessFiles& files) {
  const auto now = files.stat();  // where its arguments lie a program may change itself (PR_SET_MM_ARG_START)
  return now && (now->start_code != before.start_code || now->start_stack != before.start_stack);
}

}  // namespace tidemark::cli
