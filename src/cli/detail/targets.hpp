// Purpose: the processes that a regular expression names.
#pragma once

#include <string>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/proc/proc_root.hpp"

namespace tidemark::cli {

/// All processes whose name (as the recording has it), comm or command line matches, but not ourselves and our
/// ancestors (the shell and sudo that hold the expression in their own command line). The parents of others in the list
/// come first.
[[nodiscard]] base::Result<std::vector<base::Pid>> find_by_name(const proc::ProcRoot& root,
                                                                const std::string& expression);

}  // namespace tidemark::cli
