// Purpose: single entries of debug information, read with care. libdw follows references and siblings as the file
// states them, round in circles if need be; everything here ends.
#pragma once

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidemark::elf {

enum class Walk { done, too_many, malformed };

/// Calls `visit(entry)` for each child until it gives false. A sibling must lie behind the one before it: so all of a
/// walk costs at most one pass over the data.
template <class Visit>
Walk for_each_child(Dwarf_Die parent, std::size_t limit, Visit visit) {
  Dwarf_Die entry;
  int status = dwarf_child(&parent, &entry);
  for (std::size_t seen = 0; status == 0; ++seen) {
    if (seen == limit) return Walk::too_many;
    if (!visit(entry)) return Walk::done;
    Dwarf_Die next;
    status = dwarf_siblingof(&entry, &next);
    if (status == 0 && dwarf_dieoffset(&next) <= dwarf_dieoffset(&entry)) return Walk::malformed;
    entry = next;
  }
  return status < 0 ? Walk::malformed : Walk::done;
}

/// Empty when it has none.
[[nodiscard]] std::string_view name_of(Dwarf_Die& entry);

[[nodiscard]] std::optional<std::int64_t> constant_of(Dwarf_Die& entry, unsigned attribute);

/// The type behind typedefs and qualifiers, which may be the entry itself. nullopt when that is void or no type.
[[nodiscard]] std::optional<Dwarf_Die> peeled(const Dwarf_Die& entry);

/// Not a mere declaration.
[[nodiscard]] bool is_complete(Dwarf_Die type);

/// nullopt for a type without one: an array of unknown length, a function.
[[nodiscard]] std::optional<std::uint64_t> type_size(Dwarf_Die type);

struct InnerMember {
  std::uint64_t offset = 0;
  Dwarf_Die type{};  ///< peeled
};

/// Of a struct or union, or of an anonymous one inside it.
[[nodiscard]] std::optional<InnerMember> find_member(const Dwarf_Die& type, std::string_view name);

/// `member` must be an array.
[[nodiscard]] std::optional<InnerMember> element_of(InnerMember member, std::uint64_t index);

}  // namespace tidemark::elf
