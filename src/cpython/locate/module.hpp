// Purpose: the file of a process that holds a Python runtime, opened so that it is surely the one that is mapped.
// Invariant: a file that was replaced on disk is not taken for the mapped one: it is opened through the kernel's own
// links (/proc/PID/exe, map_files), or by its path when device and inode are the mapped ones, or else when its first
// bytes are what the process has in memory (overlayfs and btrfs show another device in maps than in stat).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/elf/elf_file.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/proc/maps.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::cpython {

/// Files of one process that can hold a runtime: its program and libpython. More are not looked at.
inline constexpr std::size_t max_candidates = 8;

/// What a runtime exports, as linked addresses. nullopt: it does not.
struct RuntimeSymbols {
  std::optional<elf::Symbol> runtime;      ///< _PyRuntime, since 3.7
  std::optional<elf::Symbol> version;      ///< Py_Version, since 3.11
  std::optional<elf::Symbol> code_type;    ///< PyCode_Type
  std::optional<elf::Symbol> get_version;  ///< Py_GetVersion: every CPython
  bool is_debug = false;                   ///< counts references, which only a pydebug build does

  [[nodiscard]] bool is_python() const { return runtime.has_value() || get_version.has_value(); }
};

struct Module {
  std::string path;  ///< as the target names it
  elf::ElfFile file;
  std::uint64_t bias = 0;
  RuntimeSymbols symbols;
};

/// Groups of regions that map one file which, by its name, can hold a runtime; the executable comes first.
[[nodiscard]] std::vector<std::vector<proc::MapRegion>> candidate_files(const std::vector<proc::MapRegion>& regions,
                                                                        const std::string& executable);

/// Opens the file of these regions and reads its symbols. Errors: those of opening, of ELF; `not_found` when the file
/// on disk is another one than is mapped.
[[nodiscard]] base::Result<Module> open_module(const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                               const std::vector<proc::MapRegion>& parts, bool is_executable);

/// Whether the beginning of a file is what `part` has in memory. An ELF's first bytes hold its program headers and, as
/// linkers lay it out, its build-id, so that two builds differ there.
[[nodiscard]] bool has_mapped_head(const base::Fd& file, const proc::MapRegion& part,
                                   const memory::MemorySource& memory);

/// "3.10" out of "/usr/lib/libpython3.10.so.1.0" or "/usr/bin/python3.10"; empty when the name has none.
[[nodiscard]] std::string version_in_name(const std::string& path);

}  // namespace tidemark::cpython
