// What holds for us: privileges, kernel, cgroup.
#include <fcntl.h>
#include <unistd.h>

#include "detail/doctor_cgroup.hpp"
#include "tidemark/cli/doctor.hpp"
#include "tidemark/collect/fork_counter.hpp"

namespace tidemark::cli {
namespace {

void find_yama(const proc::ProcRoot& root, OwnFacts& own) {
  if (auto scope = proc::yama_ptrace_scope(root)) {
    own.yama_scope = *scope;
    return;
  }
  // Without Yama the file is missing; without /proc/sys nothing can be said.
  own.yama_hidden = !base::open_at(root.fd(), "sys/kernel/ostype", O_RDONLY, "look for /proc/sys");
}

}  // namespace

CgroupFacts find_cgroup(const proc::ProcRoot& root, base::Pid pid) {
  CgroupFacts facts;
  auto files = proc::CgroupFiles::open(root, pid);
  if (!files) {
    facts.problem = base::describe(files.error());
    return facts;
  }
  facts.version = files->version() == proc::CgroupVersion::v1 ? 1 : 2;
  facts.path = files->path();
  if (auto read = files->read()) {
    if (read->limit) facts.limit_bytes = *read->limit;
  } else {
    facts.problem = base::describe(read.error());
  }
  return facts;
}

base::Result<OwnFacts> find_own_facts(const proc::ProcRoot& root) {
  OwnFacts own;
  auto privileges = proc::read_privileges(root, "self");
  if (!privileges) return base::fail(std::move(privileges).error());
  own.pid = ::getpid();
  own.privileges = *privileges;
  own.namespaces = proc::read_namespaces(root, "self");
  own.proc_names_our_pids = proc::names_our_pids(root);
  find_yama(root, own);
  own.cgroup = find_cgroup(root, own.pid);
  own.release = proc::kernel_release();
  own.features = proc::probe_kernel_features(root);
  const auto forks = collect::ForkCounter::open();
  if (!forks.is_listening()) own.fork_events_problem = forks.note();
  return own;
}

}  // namespace tidemark::cli
