#include "tidemark/elf/dwarf.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <functional>
#include <utility>

#include "detail/dwarf_entry.hpp"

namespace tidemark::elf {

namespace {

using base::ErrorCode;

constexpr const char* doing = "read debug information";
constexpr std::uint64_t max_link_bytes = 8192;  // a path and a build-id

base::Unexpected refused(ErrorCode code, std::string detail) {
  return base::fail(base::Error{.code = code, .doing = doing, .detail = std::move(detail)});
}

std::string libdw_message() {
  const char* message = dwarf_errmsg(-1);
  return message == nullptr ? "" : message;
}

/// Calls `visit(section, header, name)` until it gives false.
template <class Visit>
base::Result<void> for_each_named_section(Elf* file, Visit visit) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(file, &names) != 0) return refused(ErrorCode::malformed, "no section names");
  std::size_t seen = 0;
  for (Elf_Scn* section = elf_nextscn(file, nullptr); section != nullptr; section = elf_nextscn(file, section)) {
    GElf_Shdr header;
    if (++seen > max_sections) return refused(ErrorCode::limit, "too many sections");
    if (gelf_getshdr(section, &header) == nullptr) return refused(ErrorCode::malformed, "a section header");
    const char* name = elf_strptr(file, names, header.sh_name);
    if (name != nullptr && !visit(section, header, std::string_view(name))) break;
  }
  return {};
}

/// Null when there is none.
base::Result<Elf_Scn*> find_section(Elf* file, std::string_view wanted) {
  Elf_Scn* found = nullptr;
  auto walked = for_each_named_section(file, [&](Elf_Scn* section, const GElf_Shdr&, std::string_view name) {
    if (name == wanted) found = section;
    return found == nullptr;
  });
  if (!walked) return base::fail(std::move(walked).error());
  return found;
}

/// How much a section will be in memory; nullopt for a compressed one that does not say.
std::optional<std::uint64_t> size_in_memory(Elf_Scn* section, const GElf_Shdr& header) {
  if (header.sh_type == SHT_NOBITS) return 0;
  if ((header.sh_flags & SHF_COMPRESSED) == 0) return header.sh_size;
  GElf_Chdr compressed;
  if (gelf_getchdr(section, &compressed) == nullptr) return std::nullopt;
  return compressed.ch_size;
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
      if (gelf_update_shdr(section, &header) == 0) checked = refused(ErrorCode::malformed, "a section header");
    } else if (name.starts_with(".debug_")) {
      const auto size = size_in_memory(section, header);
      if (!size) checked = refused(ErrorCode::malformed, "a compressed section without its head");
      if (size && (*size > max_debug_bytes || (total += *size) > max_debug_bytes)) {
        checked = refused(ErrorCode::limit, "its sections are too large");
      }
    }
    return checked.has_value();
  });
  return walked ? checked : walked;
}

/// A file as libdw has it open.
struct Opened {
  struct End {
    void operator()(Elf* handle) const { elf_end(handle); }
    void operator()(Dwarf* handle) const { dwarf_end(handle); }
  };
  base::Fd file;
  std::unique_ptr<Elf, End> elf;
  std::unique_ptr<Dwarf, End> dwarf;
};

base::Result<Opened> open_types(const base::Fd& file) {
  Opened opened{.file = base::Fd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0)), .elf = nullptr, .dwarf = nullptr};
  if (!opened.file.is_open()) return base::fail(base::os_error(doing, errno));
  opened.elf.reset(elf_begin(opened.file.get(), ELF_C_READ, nullptr));
  if (opened.elf == nullptr) return refused(ErrorCode::malformed, "no ELF file");
  if (auto kept = keep_types_only(opened.elf.get()); !kept) return base::fail(std::move(kept).error());
  auto info = find_section(opened.elf.get(), ".debug_info");
  if (!info) return base::fail(std::move(info).error());
  if (*info == nullptr) return refused(ErrorCode::not_found, "it has none");
  opened.dwarf.reset(dwarf_begin_elf(opened.elf.get(), DWARF_C_READ, nullptr));
  if (opened.dwarf == nullptr) return refused(ErrorCode::malformed, libdw_message());
  return opened;
}

bool is_named_type(int tag) {
  return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type ||
         tag == DW_TAG_typedef;
}

/// A component of a path: "name" or "name[3]".
struct Step {
  std::string_view name;
  std::optional<std::uint64_t> index;
};

std::optional<Step> step_of(std::string_view text) {
  const auto bracket = text.find('[');
  if (bracket == std::string_view::npos) return Step{.name = text, .index = {}};
  if (!text.ends_with(']')) return std::nullopt;
  const std::string_view digits = text.substr(bracket + 1, text.size() - bracket - 2);
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return Step{.name = text.substr(0, bracket), .index = index};
}

}  // namespace

namespace {

/// libdw (0.188) hands out names without a look for their end. Each ends inside its section when that ends in a zero,
/// as the list of a unit's entries and a table of strings do.
bool has_ended_names(Dwarf* handle) {
  Elf* const elf = dwarf_getelf(handle);
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return false;
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) return false;
    const char* const name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr) continue;
    const std::string_view known(name);
    if (!known.ends_with("debug_info") && !known.ends_with("_str")) continue;
    const Elf_Data* const data = elf_rawdata(section, nullptr);  // as libdw has it, not compressed any more
    if (data == nullptr) return false;
    if (data->d_buf == nullptr || data->d_size == 0) continue;  // it says that it has no bytes: libdw reads none
    if (static_cast<const char*>(data->d_buf)[data->d_size - 1] != 0) return false;
  }
  return true;
}

}  // namespace

class DwarfTypes::Impl {
 public:
  Impl(Opened main, Opened alternate) : alternate_(std::move(alternate)), main_(std::move(main)) {
    if (alternate_.dwarf != nullptr) dwarf_setalt(main_.dwarf.get(), alternate_.dwarf.get());
  }

  base::Result<void> find(std::span<const std::string_view> names) {
    for (const auto name : names) wanted_.emplace(name, Slot{});
    missing_ = wanted_.size();
    for (Dwarf* handle : {main_.dwarf.get(), alternate_.dwarf.get()}) {
      if (handle == nullptr || missing_ == 0) continue;
      if (auto walked = walk_units(handle); !walked) return walked;
    }
    return {};
  }

  [[nodiscard]] std::optional<Dwarf_Die> type(std::string_view name) const {
    const auto at = wanted_.find(name);
    if (at == wanted_.end() || !at->second.is_found) return std::nullopt;
    return at->second.type;
  }

 private:
  struct Slot {
    bool is_found = false;
    Dwarf_Die type{};  ///< without typedefs and qualifiers
  };

  base::Result<void> walk_units(Dwarf* handle) {
    const bool has_names =
        has_ended_names(handle) && (alternate_.dwarf == nullptr || has_ended_names(alternate_.dwarf.get()));
    if (!has_names) return refused(ErrorCode::malformed, "a name may pass the end of its section");
    Dwarf_CU* unit = nullptr;
    Dwarf_Die root;
    while (missing_ > 0) {
      // Without a place for the second entry libdw does not look for split DWARF in other files.
      const int status = dwarf_get_units(handle, unit, &unit, nullptr, nullptr, &root, nullptr);
      if (status == 1) return {};
      if (status != 0) return refused(ErrorCode::malformed, libdw_message());
      const auto status_of_walk = for_each_child(root, max_debug_entries - entries_, [this](Dwarf_Die& entry) {
        ++entries_;
        look_at(entry);
        return missing_ > 0;
      });
      if (status_of_walk == Walk::too_many) return refused(ErrorCode::limit, "too many entries");
      if (status_of_walk == Walk::malformed) return refused(ErrorCode::malformed, libdw_message());
    }
    return {};
  }

  void look_at(Dwarf_Die& entry) {
    if (!is_named_type(dwarf_tag(&entry))) return;
    const auto at = wanted_.find(name_of(entry));
    if (at == wanted_.end() || at->second.is_found) return;
    const auto type = peeled(entry);
    if (!type || !is_complete(*type)) return;
    at->second = {.is_found = true, .type = *type};
    --missing_;
  }

  Opened alternate_;  // ends after main_, which refers to it
  Opened main_;
  std::map<std::string, Slot, std::less<>> wanted_;
  std::size_t missing_ = 0;
  std::size_t entries_ = 0;
};

DwarfTypes::DwarfTypes(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DwarfTypes::DwarfTypes(DwarfTypes&&) noexcept = default;
DwarfTypes& DwarfTypes::operator=(DwarfTypes&&) noexcept = default;
DwarfTypes::~DwarfTypes() = default;

base::Result<DwarfTypes> DwarfTypes::read(const ElfFile& file, std::span<const std::string_view> names,
                                          const ElfFile* alternate) {
  if (names.size() > max_type_names) return refused(ErrorCode::limit, "too many names");
  auto main = open_types(file.file_);
  if (!main) return base::fail(std::move(main).error());
  auto link = find_section(file.handle_.get(), ".gnu_debugaltlink");
  if (!link) return base::fail(std::move(link).error());
  Opened second;
  if (*link != nullptr) {
    // Left alone, libdw would open whatever path the file names.
    if (alternate == nullptr) return refused(ErrorCode::not_found, "part of it is in another file");
    auto opened = open_types(alternate->file_);
    if (!opened) return base::fail(std::move(opened).error());
    second = std::move(opened).value();
  }
  auto impl = std::make_unique<Impl>(std::move(main).value(), std::move(second));
  if (auto found = impl->find(names); !found) return base::fail(std::move(found).error());
  return DwarfTypes(std::move(impl));
}

std::optional<Member> DwarfTypes::member(std::string_view type, std::string_view path) const {
  auto at = impl_->type(type);
  Member found;
  for (std::size_t steps = 0; at; ++steps) {
    if (steps == max_path_members) return std::nullopt;
    const auto dot = path.find('.');
    const auto step = step_of(path.substr(0, dot));
    if (!step) return std::nullopt;
    auto inner = find_member(*at, step->name);
    if (!inner) return std::nullopt;
    if (step->index) inner = element_of(*inner, *step->index);
    if (!inner) return std::nullopt;
    found.offset += inner->offset;
    if (dot == std::string_view::npos) {
      found.size_bytes = type_size(inner->type);
      return found;
    }
    at = inner->type;
    path = path.substr(dot + 1);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> DwarfTypes::size_of(std::string_view type) const {
  const auto found = impl_->type(type);
  return found ? type_size(*found) : std::nullopt;
}

std::optional<std::int64_t> DwarfTypes::enumerator(std::string_view type, std::string_view name) const {
  auto found = impl_->type(type);
  if (!found || dwarf_tag(&*found) != DW_TAG_enumeration_type) return std::nullopt;
  std::optional<std::int64_t> value;
  for_each_child(*found, max_members, [&](Dwarf_Die& entry) {
    if (dwarf_tag(&entry) != DW_TAG_enumerator || name_of(entry) != name) return true;
    value = constant_of(entry, DW_AT_const_value);
    return false;
  });
  return value;
}

base::Result<AlternateLink> DwarfTypes::alternate_link(const ElfFile& file) {
  Elf* const handle = file.handle_.get();
  auto section = find_section(handle, ".gnu_debugaltlink");
  if (!section) return base::fail(std::move(section).error());
  if (*section == nullptr) return refused(ErrorCode::not_found, "it names no other file");
  GElf_Shdr header;
  if (gelf_getshdr(*section, &header) == nullptr || header.sh_size > max_link_bytes) {
    return refused(ErrorCode::malformed, "the link to another file");
  }
  const Elf_Data* data = elf_rawdata(*section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return refused(ErrorCode::malformed, "the link to another file");
  const std::string_view bytes(static_cast<const char*>(data->d_buf), data->d_size);
  const auto end = bytes.find('\0');
  if (end == std::string_view::npos) return refused(ErrorCode::malformed, "the link to another file has no end");
  AlternateLink link{.path = std::string(bytes.substr(0, end)), .build_id = {}};
  for (const char byte : bytes.substr(end + 1))
    link.build_id += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return link;
}

}  // namespace tidemark::elf
