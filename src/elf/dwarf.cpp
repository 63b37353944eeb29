#include "tidemark/elf/dwarf.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fmt/format.h>
#include <gelf.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <utility>

#include "detail/dwarf_entry.hpp"
#include "detail/dwarf_file.hpp"

namespace tidemark::elf {

namespace {

using base::ErrorCode;

constexpr std::uint64_t max_link_bytes = 8192;  // a path and a build-id

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

class DwarfTypes::Impl {
 public:
  Impl(OpenDwarf main, OpenDwarf alternate) : alternate_(std::move(alternate)), main_(std::move(main)) {
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
    if (!has_names) return dwarf_refused(ErrorCode::malformed, "a name may pass the end of its section");
    Dwarf_CU* unit = nullptr;
    Dwarf_Die root;
    while (missing_ > 0) {
      // Without a place for the second entry libdw does not look for split DWARF in other files.
      const int status = dwarf_get_units(handle, unit, &unit, nullptr, nullptr, &root, nullptr);
      if (status == 1) return {};
      if (status != 0) return dwarf_refused(ErrorCode::malformed, libdw_message());
      const auto status_of_walk = for_each_child(root, max_debug_entries - entries_, [this](Dwarf_Die& entry) {
        ++entries_;
        look_at(entry);
        return missing_ > 0;
      });
      if (status_of_walk == Walk::too_many) return dwarf_refused(ErrorCode::limit, "too many entries");
      if (status_of_walk == Walk::malformed) return dwarf_refused(ErrorCode::malformed, libdw_message());
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

  OpenDwarf alternate_;  // ends after main_, which refers to it
  OpenDwarf main_;
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
  if (names.size() > max_type_names) return dwarf_refused(ErrorCode::limit, "too many names");
  auto main = open_types(file.file_);
  if (!main) return base::fail(std::move(main).error());
  auto link = find_section(file.handle_.get(), ".gnu_debugaltlink");
  if (!link) return base::fail(std::move(link).error());
  OpenDwarf second;
  if (*link != nullptr) {
    // Left alone, libdw would open whatever path the file names.
    if (alternate == nullptr) return dwarf_refused(ErrorCode::not_found, "part of it is in another file");
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
  if (*section == nullptr) return dwarf_refused(ErrorCode::not_found, "it names no other file");
  GElf_Shdr header;
  if (gelf_getshdr(*section, &header) == nullptr || header.sh_size > max_link_bytes) {
    return dwarf_refused(ErrorCode::malformed, "the link to another file");
  }
  const Elf_Data* data = elf_rawdata(*section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return dwarf_refused(ErrorCode::malformed, "the link to another file");
  const std::string_view bytes(static_cast<const char*>(data->d_buf), data->d_size);
  const auto end = bytes.find('\0');
  if (end == std::string_view::npos) return dwarf_refused(ErrorCode::malformed, "the link to another file has no end");
  AlternateLink link{.path = std::string(bytes.substr(0, end)), .build_id = {}};
  for (const char byte : bytes.substr(end + 1))
    link.build_id += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return link;
}

}  // namespace tidemark::elf
