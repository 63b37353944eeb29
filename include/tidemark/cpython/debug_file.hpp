// Purpose: the detached debug file of a module, by its build-id.
// Invariants: a file whose own build-id is another one is not taken. The network is never asked unless the user has set
// DEBUGINFOD_URLS; then debuginfod's own client program is run, for at most debuginfod_patience.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "tidemark/elf/elf_file.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::cpython {

inline constexpr std::chrono::seconds debuginfod_patience{30};

struct DebugFile {
  std::string path;
  elf::ElfFile file;
};

/// The file that `debug`'s .gnu_debugaltlink names, of the build-id that stands there; under the root of the process or
/// ours.
[[nodiscard]] std::optional<DebugFile> find_alternate(const proc::ProcessFiles& process, const DebugFile& debug);

/// Looked for in /usr/lib/debug/.build-id of the process's file system, then of ours, then in the cache of debuginfod,
/// and at last asked for from it, both where DEBUGINFOD_URLS is set. nullopt: none, or `build_id` is none.
[[nodiscard]] std::optional<DebugFile> find_debug_file(const proc::ProcessFiles& process, const std::string& build_id);

}  // namespace tidemark::cpython
