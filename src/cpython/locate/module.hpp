// Purpose: a mapped file of a process that may hold a Python runtime: its file, opened so that it is surely the one
// that is mapped, or else what of it is in memory.
// Invariant: a file that was replaced on disk is not taken for the mapped one: it is opened through the kernel's own
// links (/proc/PID/exe, map_files), or by its path when device and inode are the mapped ones, or else when its first
// bytes are what the process has in memory (overlayfs and btrfs show another device in maps than in stat). A file that
// cannot be had is no end: then its headers, symbols and notes are taken out of memory.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "mapped_elf.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/elf/elf_file.hpp"
#include "tidemark/memory/memory_source.hpp"
#include "tidemark/proc/maps.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::cpython {

/// Files of one process that can hold a runtime by their name: its program and libpython. More are not looked at.
inline constexpr std::size_t max_candidates = 8;
/// Other files in which a runtime is looked for when none of those has one: a plug-in that embeds Python.
inline constexpr std::size_t max_searched_files = 256;

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
  std::string path;                    ///< as the target names it
  std::optional<elf::ElfFile> file;    ///< nullopt: it cannot be had
  std::optional<base::Error> problem;  ///< why, or why its symbols cannot
  std::optional<MappedElf> mapped;     ///< the same file in memory; nullopt: its beginning is not there
  std::vector<elf::LoadSegment> segments;
  std::uint64_t bias = 0;
  RuntimeSymbols symbols;                       ///< of the file, as its tables of symbols say
  std::optional<elf::Section> runtime_section;  ///< .PyRuntime
  bool is_executable = false;
  bool has_foreign_pthread = false;  ///< the process has not mapped glibc: a pthread_t leads to another struct
};

/// Groups of regions that map one file.
using FileRegions = std::vector<proc::MapRegion>;

/// The files which, by their name, can hold a runtime; the executable comes first.
[[nodiscard]] std::vector<FileRegions> candidate_files(const std::vector<proc::MapRegion>& regions,
                                                       const std::string& executable);

/// All others from which code is run, at most max_searched_files.
[[nodiscard]] std::vector<FileRegions> other_files(const std::vector<proc::MapRegion>& regions,
                                                   const std::string& executable);

/// Whether the file of these regions exports a runtime or has its section: a look that is cheap, since it is taken at
/// every file of every process that is not Python's by name.
[[nodiscard]] bool holds_runtime(const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                 const FileRegions& parts);

/// Whether a file of glibc is mapped.
[[nodiscard]] bool maps_glibc(const std::vector<proc::MapRegion>& regions);

/// Opens the file of these regions and reads its symbols. Errors: those of opening and of ELF, when neither the file
/// nor its beginning in memory can be had; `not_found` when the file on disk is another one than is mapped.
[[nodiscard]] base::Result<Module> open_module(const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                               const FileRegions& parts, bool is_executable);

/// The symbols of a file or of its detached debug file.
[[nodiscard]] base::Result<RuntimeSymbols> read_symbols(const elf::ElfFile& file);

/// The same out of memory, through PT_DYNAMIC; all nullopt when that leads nowhere.
[[nodiscard]] RuntimeSymbols read_symbols(const MappedElf& mapped, const memory::MemorySource& memory);

/// Bytes at a linked address: out of the file where they are constant (their page need not be resident), else of the
/// target.
[[nodiscard]] base::Result<void> read_linked(const Module& module, const memory::MemorySource& memory,
                                             std::uint64_t address, std::span<std::byte> into);

/// Lower-case hexadecimal, of the file or else of the notes in memory; empty when there is none.
[[nodiscard]] std::string build_id_of(const Module& module, const memory::MemorySource& memory);

/// Whether the beginning of a file is what `part` has in memory. An ELF's first bytes hold its program headers and, as
/// linkers lay it out, its build-id, so that two builds differ there.
[[nodiscard]] bool has_mapped_head(const base::Fd& file, const proc::MapRegion& part,
                                   const memory::MemorySource& memory);

/// "3.10" out of "/usr/lib/libpython3.10.so.1.0" or "/usr/bin/python3.10"; empty when the name has none.
[[nodiscard]] std::string version_in_name(const std::string& path);

}  // namespace tidemark::cpython
