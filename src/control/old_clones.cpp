#include "detail/old_clones.hpp"

#include <sys/wait.h>

#include <charconv>
#include <csignal>
#include <limits>

#include "detail/injection_frame.hpp"
#include "detail/tracer.hpp"
#include "tidemark/base/fd.hpp"

namespace tidemark::control::detail {
namespace {

/// No value when it cannot be read: one that no process has.
int oom_score_adj(const proc::ProcessFiles& process) {
  constexpr std::size_t max_bytes = 64;
  int value = std::numeric_limits<int>::min();
  const auto text = base::read_file(process.dir_fd(), "oom_score_adj", max_bytes, "read oom_score_adj");
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

}  // namespace

bool is_old_clone(const proc::StatFields& child, int child_oom_score_adj, int parent_oom_score_adj) {
  if (child.state != 'Z' || child.exit_signal != 0 || child.utime_ticks != 0) return false;
  const int status = child.exit_code;
  if (WIFEXITED(status)) return WEXITSTATUS(status) == orphan_exit_status;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && child_oom_score_adj == clone_oom_score_adj &&
         parent_oom_score_adj != clone_oom_score_adj;
}

std::vector<base::Pid> find_old_clones(const proc::ProcRoot& root, proc::ProcessFiles& target) {
  std::vector<base::Pid> out, children;
  if (!target.children(children)) return out;
  for (const base::Pid pid : children) {
    if (out.size() == max_old_zombies) break;
    const auto child = proc::ProcessFiles::open(root, pid);
    if (!child) continue;
    const auto stat = child->stat();
    if (!stat || stat->ppid != target.pid() || !is_old_clone(*stat, oom_score_adj(*child), oom_score_adj(target)))
      continue;
    if (const auto inner = proc::inner_pid(*child)) out.push_back(*inner);
  }
  return out;
}

}  // namespace tidemark::control::detail
