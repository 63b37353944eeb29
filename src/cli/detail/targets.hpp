// Purpose: the processes that a command line names: pids, or a regular expression, and what descends from them.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/cli/failure.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::cli {

struct Target {
  base::Pid pid = 0;
  base::Pid parent = 0;  ///< 0: named by the user; else whose child it is
};

/// All processes whose name (as the recording has it), comm or command line matches, but not ourselves and our
/// ancestors (the shell and sudo that hold the expression in their own command line). The parents of others in the list
/// come first.
[[nodiscard]] base::Result<std::vector<base::Pid>> find_by_name(const proc::ProcRoot& root,
                                                                const std::string& expression);

/// The pids, or those that the expression names when it is not empty.
[[nodiscard]] std::variant<std::vector<Target>, Failure> find_targets(const proc::ProcRoot& root,
                                                                      const std::vector<base::Pid>& pids,
                                                                      const std::string& expression);

/// The targets and, each after its parent, all that descend from them.
[[nodiscard]] std::vector<Target> with_descendants(const proc::ProcRoot& root, const std::vector<Target>& targets);

}  // namespace tidemark::cli
