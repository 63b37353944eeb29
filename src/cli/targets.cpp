#include "detail/targets.hpp"

#include <unistd.h>

#include <algorithm>
#include <regex>
#include <set>

#include "tidemark/proc/process_files.hpp"
#include "tidemark/proc/process_name.hpp"

namespace tidemark::cli {
namespace {

constexpr int deepest_ancestry = 64;

std::set<base::Pid> ourselves_and_ancestors(const proc::ProcRoot& root) {
  std::set<base::Pid> family;
  base::Pid pid = ::getpid();
  for (int depth = 0; depth < deepest_ancestry && pid > 0; ++depth) {
    family.insert(pid);
    const auto files = proc::ProcessFiles::open(root, pid);
    if (!files) break;
    const auto stat = files->stat();
    if (!stat) break;
    pid = stat->ppid;
  }
  return family;
}

/// std::regex_search recurses by the length of its subject: a command line is cut to what it can take.
constexpr std::size_t longest_subject_bytes = 2048;

bool matches(const proc::ProcessFiles& files, const std::regex& expression) {
  const auto stat = files.stat();
  if (!stat || stat->state == 'Z') return false;
  std::string raw = files.command_line().value_or({});
  const std::string name = proc::process_name(stat->comm, raw, files.executable().value_or({}));
  std::replace(raw.begin(), raw.end(), '\0', ' ');
  raw.resize(std::min(raw.size(), longest_subject_bytes));
  return std::regex_search(name, expression) || std::regex_search(stat->comm, expression) ||
         std::regex_search(raw, expression);
}

}  // namespace

base::Result<std::vector<base::Pid>> find_by_name(const proc::ProcRoot& root, const std::string& expression) {
  const std::regex compiled(expression, std::regex::extended);
  const auto pids = proc::list_pids(root);
  if (!pids) return base::fail(pids.error());
  const auto family = ourselves_and_ancestors(root);
  std::vector<base::Pid> found;
  for (const base::Pid pid : *pids) {
    if (family.contains(pid)) continue;
    const auto files = proc::ProcessFiles::open(root, pid);
    if (files && matches(*files, compiled)) found.push_back(pid);
  }
  return found;
}

std::variant<std::vector<Target>, Failure> find_targets(const proc::ProcRoot& root, const std::vector<base::Pid>& pids,
                                                        const std::string& expression) {
  std::vector<base::Pid> named = pids;
  if (!expression.empty()) {
    auto found = find_by_name(root, expression);
    if (!found) return Failure{base::describe(found.error()), {}, ExitStatus::cannot_open};
    if (found->empty()) return explain_no_match(expression);
    named = std::move(*found);
  }
  std::vector<Target> targets;
  for (const base::Pid pid : named) targets.push_back({.pid = pid});
  return targets;
}

std::vector<Target> with_descendants(const proc::ProcRoot& root, const std::vector<Target>& targets) {
  std::set<base::Pid> known;
  for (const auto& target : targets) known.insert(target.pid);
  std::vector<Target> all;
  std::vector<Target> waiting(targets.rbegin(), targets.rend());  // the last one comes next
  while (!waiting.empty()) {
    all.push_back(waiting.back());
    waiting.pop_back();
    const base::Pid parent = all.back().pid;
    auto files = proc::ProcessFiles::open(root, parent);
    std::vector<base::Pid> children;
    if (!files || !files->children(children)) continue;
    std::sort(children.rbegin(), children.rend());
    for (const base::Pid child : children) {
      if (known.insert(child).second) waiting.push_back({.pid = child, .parent = parent});
    }
  }
  return all;
}

}  // namespace tidemark::cli
