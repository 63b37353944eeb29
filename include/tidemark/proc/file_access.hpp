// Purpose: which files of a process the kernel lets us open, and who owns them. Files are opened for reading and closed
// again, nothing is read; opening asks the kernel for the same permission as reading would.
// Invariant: every file asked about has an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::proc {

struct FileAccess {
  std::string file;                    ///< "maps"
  std::optional<base::Error> refusal;  ///< nullopt: it can be opened
};

/// The files of a process that we use. `mem` asks for ptrace *attach* access, which Yama rules; the others for *read*
/// access.
inline constexpr std::string_view memory_file = "mem";

/// maps, smaps_rollup, pagemap, io, fd, environ, mem, in this order.
[[nodiscard]] std::vector<FileAccess> probe_files(const ProcessFiles& process);

/// Whether the process may be looked at by its own user (PR_GET_DUMPABLE), by the owner of its files: the kernel gives
/// the files of an undumpable process to root (fs/proc/base.c, task_dump_owner). nullopt when it cannot be told: a
/// process of root has them either way. `effective_uid` is the process's.
[[nodiscard]] std::optional<bool> is_dumpable(const ProcessFiles& process, std::uint32_t effective_uid);

/// What has become of the file that the process runs.
enum class ProgramFile { as_started, deleted, replaced, unknown };
[[nodiscard]] ProgramFile program_file(const ProcessFiles& process);

}  // namespace tidemark::proc
