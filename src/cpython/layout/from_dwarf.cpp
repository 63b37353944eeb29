// A layout out of the debug information of the build that it is of.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dwarf_places.hpp"
#include "tidemark/cpython/layout_fields.hpp"
#include "tidemark/elf/dwarf.hpp"

namespace tidemark::cpython {

namespace {

using base::ErrorCode;

base::Unexpected refused(ErrorCode code, std::string detail) {
  return base::fail(
      base::Error{.code = code, .doing = "take the layout from debug information", .detail = std::move(detail)});
}

/// What a place says, and how large the member is.
struct Found {
  std::uint64_t value = 0;
  std::optional<std::uint64_t> member_bytes = {};
};

std::vector<std::string_view> type_names() {
  std::vector<std::string_view> names;
  for (const DwarfPlace& place : dwarf_places()) {
    names.push_back(place.type);
    if (!place.condition.empty()) names.push_back(type_member_of(place.condition).type);
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

bool holds(const elf::DwarfTypes& types, std::string_view condition) {
  if (condition.empty()) return true;
  const auto [type, member] = type_member_of(condition);
  return types.member(type, member).has_value() != condition.starts_with('!');
}

std::optional<Found> look_up(const elf::DwarfTypes& types, const DwarfPlace& place) {
  if (!holds(types, place.condition)) return std::nullopt;
  if (place.kind == PlaceKind::size) {
    const auto size = types.size_of(place.type);
    return size ? std::optional(Found{.value = *size}) : std::nullopt;
  }
  if (place.kind == PlaceKind::enumerator) {
    const auto value = types.enumerator(place.type, place.member);
    return value ? std::optional(Found{.value = static_cast<std::uint64_t>(*value)}) : std::nullopt;
  }
  const auto member = types.member(place.type, place.member);
  return member ? std::optional(Found{.value = member->offset, .member_bytes = member->size_bytes}) : std::nullopt;
}

/// Puts what was found into an entry of each type that C types decide; false when it does not fit.
struct Put {
  Found found;

  template <class T>
  bool operator()(Field<T>& entry) const {
    if (found.value > max_layout_offset || found.member_bytes != sizeof(T)) return false;
    entry = Field<T>(static_cast<std::uint32_t>(found.value));
    return true;
  }
  template <class T>
    requires std::is_integral_v<T>
  bool operator()(T& entry) const {
    if (found.value > std::min<std::uint64_t>(std::numeric_limits<T>::max(), max_layout_offset)) return false;
    entry = static_cast<T>(found.value);
    return true;
  }
  template <class T>
  bool operator()(std::optional<T>& entry) const {
    return (*this)(entry.emplace());
  }
  bool operator()(Layout::LineTable&) const { return false; }
};

}  // namespace

base::Result<Layout> layout_from_dwarf(const elf::ElfFile& debug_information, const Layout& table,
                                       const elf::ElfFile* alternate) {
  auto types = elf::DwarfTypes::read(debug_information, type_names(), alternate);
  if (!types) return base::fail(std::move(types).error());
  if (!types->size_of("pyruntimestate") || !types->size_of("PyCodeObject")) {
    return refused(ErrorCode::not_found, "it is not of CPython");
  }
  Layout layout = table;
  layout.origin = LayoutOrigin::dwarf;
  std::string_view misfit;
  for_each_field(layout, [&](std::string_view name, auto& entry) {
    const auto is_of_entry = [name](const DwarfPlace& place) { return place.entry == name; };
    if (std::ranges::none_of(dwarf_places(), is_of_entry)) return;
    entry = {};
    for (const DwarfPlace& place : dwarf_places()) {
      if (!is_of_entry(place)) continue;
      const auto found = look_up(*types, place);
      if (!found) continue;
      if (!Put{*found}(entry)) misfit = name;
      break;
    }
  });
  if (!misfit.empty()) return refused(ErrorCode::malformed, fmt::format("{} does not fit", misfit));
  return layout;
}

}  // namespace tidemark::cpython
