#include "dwarf_entry.hpp"

#include "tidemark/elf/dwarf.hpp"

namespace tidemark::elf {

namespace {

/// No struct of a program is larger; sums of offsets and products with it do not overflow.
constexpr std::uint64_t max_type_bytes = std::uint64_t{1} << 40;
constexpr std::size_t max_dimensions = 8;
constexpr std::uint64_t pointer_bytes = 8;  // only x86-64 files are read

std::optional<Dwarf_Die> type_of(const Dwarf_Die& entry) {
  Dwarf_Die from = entry;
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  if (dwarf_attr(&from, DW_AT_type, &attribute) == nullptr) return std::nullopt;
  if (dwarf_formref_die(&attribute, &type) == nullptr) return std::nullopt;
  return type;
}

bool has_flag(Dwarf_Die& entry, unsigned name) {
  Dwarf_Attribute attribute;
  bool flag = false;
  return dwarf_attr(&entry, name, &attribute) != nullptr && dwarf_formflag(&attribute, &flag) == 0 && flag;
}

bool is_alias(int tag) {
  return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
         tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

bool is_aggregate(int tag) { return tag == DW_TAG_structure_type || tag == DW_TAG_union_type; }

std::optional<std::uint64_t> size_within(std::int64_t value) {
  if (value < 0 || static_cast<std::uint64_t>(value) > max_type_bytes) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

/// A union's members need none; a bit-field may have its place in bits only.
std::optional<std::uint64_t> offset_of(Dwarf_Die& member) {
  constexpr std::int64_t bits_per_byte = 8;
  if (const auto offset = constant_of(member, DW_AT_data_member_location)) return size_within(*offset);
  if (const auto bits = constant_of(member, DW_AT_data_bit_offset)) return size_within(*bits / bits_per_byte);
  Dwarf_Attribute attribute;
  if (dwarf_attr(&member, DW_AT_data_member_location, &attribute) == nullptr) return 0;
  return std::nullopt;  // an expression, which no C compiler writes
}

/// How many elements all dimensions have together.
std::optional<std::uint64_t> count_of(const Dwarf_Die& array) {
  std::uint64_t count = 1;
  bool is_known = false;
  const auto walk = for_each_child(array, max_dimensions, [&](Dwarf_Die& range) {
    if (dwarf_tag(&range) != DW_TAG_subrange_type) return true;
    auto length = constant_of(range, DW_AT_count);
    if (const auto last = constant_of(range, DW_AT_upper_bound); !length && last && *last < INT64_MAX)
      length = *last + 1;
    is_known = length && size_within(*length) &&
               (*length == 0 || count <= max_type_bytes / static_cast<std::uint64_t>(*length));
    if (is_known) count *= static_cast<std::uint64_t>(*length);
    return is_known;
  });
  return walk == Walk::done && is_known ? std::optional(count) : std::nullopt;
}

std::optional<InnerMember> find_member(const Dwarf_Die& type, std::string_view name, std::size_t depth) {
  Dwarf_Die aggregate = type;
  if (!is_aggregate(dwarf_tag(&aggregate))) return std::nullopt;
  std::optional<InnerMember> found;
  for_each_child(type, max_members, [&](Dwarf_Die& member) {
    if (dwarf_tag(&member) != DW_TAG_member) return true;
    const std::string_view own_name = name_of(member);
    if (!own_name.empty() && own_name != name) return true;
    const auto offset = offset_of(member);
    auto member_type = type_of(member);
    if (member_type) member_type = peeled(*member_type);
    if (!offset || !member_type) return own_name.empty();
    if (!own_name.empty()) {
      found = InnerMember{.offset = *offset, .type = *member_type};
    } else if (depth < max_member_depth) {
      found = find_member(*member_type, name, depth + 1);
      if (found) found->offset += *offset;
    }
    return !found;
  });
  return found;
}

}  // namespace

std::string_view name_of(Dwarf_Die& entry) {
  Dwarf_Attribute attribute;
  if (dwarf_attr(&entry, DW_AT_name, &attribute) == nullptr) return {};
  const char* text = dwarf_formstring(&attribute);
  return text == nullptr ? std::string_view{} : std::string_view(text);
}

std::optional<std::int64_t> constant_of(Dwarf_Die& entry, unsigned name) {
  Dwarf_Attribute attribute;
  if (dwarf_attr(&entry, name, &attribute) == nullptr) return std::nullopt;
  const unsigned form = dwarf_whatform(&attribute);
  if (form == DW_FORM_sdata || form == DW_FORM_implicit_const) {
    Dwarf_Sword value = 0;
    return dwarf_formsdata(&attribute, &value) == 0 ? std::optional<std::int64_t>(value) : std::nullopt;
  }
  // The other forms do not say whether they have a sign; compilers use them for values that are not negative.
  Dwarf_Word value = 0;
  if (dwarf_formudata(&attribute, &value) != 0) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<Dwarf_Die> peeled(const Dwarf_Die& entry) {
  std::optional<Dwarf_Die> type = entry;
  for (std::size_t links = 0; type && is_alias(dwarf_tag(&*type)); ++links) {
    if (links == max_type_links) return std::nullopt;
    type = type_of(*type);
  }
  return type;
}

bool is_complete(Dwarf_Die type) { return !has_flag(type, DW_AT_declaration) && type_size(type).has_value(); }

std::optional<std::uint64_t> type_size(Dwarf_Die type) {
  if (const auto size = constant_of(type, DW_AT_byte_size)) return size_within(*size);
  const int tag = dwarf_tag(&type);
  if (tag == DW_TAG_pointer_type) return pointer_bytes;
  if (tag != DW_TAG_array_type) return std::nullopt;
  const auto count = count_of(type);
  auto element = type_of(type);
  if (element) element = peeled(*element);
  if (!count || !element || dwarf_tag(&*element) == DW_TAG_array_type) return std::nullopt;
  const auto size = type_size(*element);
  if (!size || (*count != 0 && *size > max_type_bytes / *count)) return std::nullopt;
  return *size * *count;
}

std::optional<InnerMember> find_member(const Dwarf_Die& type, std::string_view name) {
  return name.empty() ? std::nullopt : find_member(type, name, 0);
}

std::optional<InnerMember> element_of(InnerMember member, std::uint64_t index) {
  if (dwarf_tag(&member.type) != DW_TAG_array_type) return std::nullopt;
  const auto count = count_of(member.type);
  auto element = type_of(member.type);
  if (element) element = peeled(*element);
  const auto size = element ? type_size(*element) : std::nullopt;
  if (!size || (count && index >= *count) || index > max_members) return std::nullopt;
  return InnerMember{.offset = member.offset + index * *size, .type = *element};
}

}  // namespace tidemark::elf
