// Purpose: a file's debug information as libdw has it open, with the sections that say something of types alone.
#pragma once

#include <elfutils/libdw.h>
#include <gelf.h>

#include <memory>
#include <string>
#include <string_view>

#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"

namespace tidemark::elf {

/// What errors say was being done.
inline constexpr const char* reading_dwarf = "read debug information";

[[nodiscard]] base::Unexpected dwarf_refused(base::ErrorCode code, std::string detail);
[[nodiscard]] std::string libdw_message();

/// Null when there is none.
[[nodiscard]] base::Result<Elf_Scn*> find_section(Elf* file, std::string_view wanted);

/// A file as libdw has it open.
struct OpenDwarf {
  struct End {
    void operator()(Elf* handle) const { elf_end(handle); }
    void operator()(Dwarf* handle) const { dwarf_end(handle); }
  };
  base::Fd file;
  std::unique_ptr<Elf, End> elf;
  std::unique_ptr<Dwarf, End> dwarf;
};

/// Errors: malformed, limit; not_found: it has none.
[[nodiscard]] base::Result<OpenDwarf> open_types(const base::Fd& file);

/// libdw (0.188) hands out names without a look for their end. Each ends inside its section when that ends in a zero,
/// as the list of a unit's entries and a table of strings do.
[[nodiscard]] bool has_ended_names(Dwarf* handle);

}  // namespace tidemark::elf
