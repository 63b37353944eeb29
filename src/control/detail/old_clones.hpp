// Purpose: zombies that are left in a target when a run of ours was killed: which children are ours?
//
// One that is ours sends no signal at its end, has never run a tick of its own program, and was either killed with the
// mark that we give to a clone before we tie it to us (an oom_score_adj of 1000, which its parent has not), or has
// ended itself with the status that only our frame has (injection_frame.hpp). A program that makes such children
// itself, and waits for them with __WALL or __WCLONE, would have to kill one at once with that mark to lose it to us.
#pragma once

#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/process_files.hpp"
#include "tidemark/proc/stat.hpp"

namespace tidemark::control::detail {

/// Also so that it goes first when memory runs out.
inline constexpr int clone_oom_score_adj = 1000;

/// By what is left of a process.
[[nodiscard]] bool is_old_clone(const proc::StatFields& child, int child_oom_score_adj, int parent_oom_score_adj);

/// As the target numbers them; none when nothing can be said. At most max_old_zombies.
[[nodiscard]] std::vector<base::Pid> find_old_clones(const proc::ProcRoot& root, proc::ProcessFiles& target);

}  // namespace tidemark::control::detail
