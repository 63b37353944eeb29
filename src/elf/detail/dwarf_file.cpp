#include "dwarf_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "tidemark/elf/dwarf.hpp"

namespace tidemark::elf {

using base::ErrorCode;

namespace {

/// Calls `visit(section, header, name)` until it gives false.
template <class Visit>
base::Result<void> for_each_named_section(Elf* file, Visit visit) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(file, &names) != 0) return dwarf_refused(ErrorCode::malformed, "no section names");
  std::size_t seen = 0;
  for (Elf_Scn* section = elf_nextscn(file, nullptr); section != nullptr; section = elf_nextscn(file, section)) {
    GElf_Shdr header;
    if (++seen > max_sections) return dwarf_refused(ErrorCode::limit, "too many sections");
    if (gelf_getshdr(section, &header) == nullptr) return dwarf_refused(ErrorCode::malformed, "a section header");
    const char* name = elf_strptr(file, names, header.sh_name);
    if (name != nullptr && !visit(section, header, std::string_view(name))) break;
  }
  return {};
}

/// How much a section will be in memory; nullopt for a compressed one that does not say.
std::optional<std::uint64_t> size_in_memory(Elf_Scn* section, const GElf_Shdr& header) {
  if (header.sh_type == SHT_NOBITS) return 0;
  if ((header.sh_flags & SHF_COMPRESSED) == 0) return header.sh_size;
  GElf_Chdr compressed;
  if (gelf_getchdr(section, &compressed) == nullptr) return std::nullopt;
  return compressed.ch_size;
}

/// As libdw has it, not compressed any more. One that says that it has no bytes is not read.
bool is_empty_or_ended(Elf_Scn* section) {
  const Elf_Data* const data = elf_rawdata(section, nullptr);
  if (data == nullptr) return false;
  if (data->d_buf == nullptr || data->d_size == 0) return true;
  return static_cast<const char*>(data->d_buf)[data->d_size - 1] == 0;
}

bool holds_types(std::string_view section) {
  constexpr std::array<std::string_view, 6> needed{".debug_info", ".debug_types",    ".debug_abbrev",
                                                   ".debug_str",  ".debug_line_str", ".debug_str_offsets"};
  return std::ranges::find(needed, section) != needed.end();
}

/// libdw reads all sections of debug information at once, and makes compressed ones large. Those that say nothing of
/// types are marked as having no bytes: in our memory, not in the file. Of Debian's python3.15 that halves the time.
base::Result<void> keep_types_only(Elf* file) {
  base::Result<void> checked;
  std::uint64_t total = 0;
  auto walked = for_each_named_section(file, [&](Elf_Scn* section, GElf_Shdr header, std::string_view name) {
    if (name.starts_with(".zdebug_") || (name.starts_with(".debug_") && !holds_types(name))) {
      header.sh_type = SHT_NOBITS;
      if (gelf_update_shdr(section, &header) == 0) checked = dwarf_refused(ErrorCode::malformed, "a section header");
    } else if (name.starts_with(".debug_")) {
      const auto size = size_in_memory(section, header);
      if (!size) checked = dwarf_refused(ErrorCode::malformed, "a compressed section without its head");
      if (size && (*size > max_debug_bytes || (total += *size) > max_debug_bytes)) {
        checked = dwarf_refused(ErrorCode::limit, "its sections are too large");
      }
    }
    return checked.has_value();
  });
  return walked ? checked : walked;
}

}  // namespace

base::Unexpected dwarf_refused(ErrorCode code, std::string detail) {
  return base::fail(base::Error{.code = code, .doing = reading_dwarf, .detail = std::move(detail)});
}

std::string libdw_message() {
  const char* message = dwarf_errmsg(-1);
  return message == nullptr ? "" : message;
}

base::Result<Elf_Scn*> find_section(Elf* file, std::string_view wanted) {
  Elf_Scn* found = nullptr;
  auto walked = for_each_named_section(file, [&](Elf_Scn* section, const GElf_Shdr&, std::string_view name) {
    if (name == wanted) found = section;
    return found == nullptr;
  });
  if (!walked) return base::fail(std::move(walked).error());
  return found;
}

base::Result<OpenDwarf> open_types(const base::Fd& file) {
  OpenDwarf opened{.file = base::Fd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0)), .elf = nullptr, .dwarf = nullptr};
  if (!opened.file.is_open()) return base::fail(base::os_error(reading_dwarf, errno));
  opened.elf.reset(elf_begin(opened.file.get(), ELF_C_READ, nullptr));
  if (opened.elf == nullptr) return dwarf_refused(ErrorCode::malformed, "no ELF file");
  if (auto kept = keep_types_only(opened.elf.get()); !kept) return base::fail(std::move(kept).error());
  auto info = find_section(opened.elf.get(), ".debug_info");
  if (!info) return base::fail(std::move(info).error());
  if (*info == nullptr) return dwarf_refused(ErrorCode::not_found, "it has none");
  opened.dwarf.reset(dwarf_begin_elf(opened.elf.get(), DWARF_C_READ, nullptr));
  if (opened.dwarf == nullptr) return dwarf_refused(ErrorCode::malformed, libdw_message());
  return opened;
}

bool has_ended_names(Dwarf* handle) {
  bool have_ended = true;
  const auto walked =
      for_each_named_section(dwarf_getelf(handle), [&](Elf_Scn* section, const GElf_Shdr&, std::string_view name) {
        if (name.ends_with("debug_info") || name.ends_with("_str")) have_ended = is_empty_or_ended(section);
        return have_ended;
      });
  return walked && have_ended;
}

}  // namespace tidemark::elf
