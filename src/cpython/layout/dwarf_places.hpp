// Purpose: which C type decides each entry of a layout, as data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tidemark::cpython {

enum class PlaceKind {
  offset,      ///< of a member
  size,        ///< of a type; `member` is empty
  enumerator,  ///< `member` is its name
};

/// One way in which some version has an entry. The first of an entry's places that a build has is the one that counts;
/// a build that has none of them lacks the entry.
struct DwarfPlace {
  std::string_view entry;   ///< as layout_fields.hpp names it
  std::string_view type;    ///< its tag, or its typedef where it has none
  std::string_view member;  ///< a path, as elf::DwarfTypes takes it
  PlaceKind kind = PlaceKind::offset;
  /// Only when this "type/member" is there too; with ! before it, only when it is not.
  std::string_view condition = {};
};

/// A "type/member" of a condition.
struct TypeMember {
  std::string_view type;
  std::string_view member;
};
[[nodiscard]] TypeMember type_member_of(std::string_view condition);

/// Entries that are not in it are decided by no type: macros, and what belongs to glibc.
[[nodiscard]] std::span<const DwarfPlace> dwarf_places();

}  // namespace tidemark::cpython
