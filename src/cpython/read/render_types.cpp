#include "render_types.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "tidemark/cpython/dicts.hpp"
#include "tidemark/cpython/objects.hpp"
#include "tidemark/cpython/type_names.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::size_t max_types = 512;  // of one text
constexpr std::size_t max_type_name_bytes = 256;
constexpr std::size_t max_bases = 64;
constexpr std::size_t max_slots = 256;  // of one class
constexpr std::size_t max_class_attributes = 8192;

/// PyMemberDef: name, type, offset, flags, doc (Include/structmember.h, from 3.12 on Include/descrobject.h).
struct Member {
  Address name;
  std::int32_t kind = 0;
  std::int32_t padding = 0;
  std::int64_t offset = 0;
  std::int64_t flags = 0;
  Address doc;
};
static_assert(sizeof(Member) == 40);
constexpr std::int32_t object_or_error = 16;  // Py_T_OBJECT_EX

}  // namespace

std::optional<RenderedType> RenderTypes::read(Address type) const {
  if (!is_plausible_pointer(type)) return std::nullopt;
  const auto shape = read_type_shape(memory_, layout_, type);
  const auto word = [&](Field<Address> field) {
    const auto value = field.is_present() ? memory_.read_value<Address>(type.plus(field.offset())) : Address{};
    return value ? *value : Address{};
  };
  if (!shape || !layout_.object.type.is_present()) return std::nullopt;
  const auto name = read_c_string(memory_, word(layout_.type.name), max_type_name_bytes);
  if (!name) return std::nullopt;
  return RenderedType{.address = type,
                      .meta = word(layout_.object.type),
                      .base = word(layout_.type.base),
                      .dict = word(layout_.type.dict),
                      .members = word(layout_.type.members),
                      .shape = *shape,
                      .c_name = *name};
}

const RenderedType* RenderTypes::find(Address type) {
  const auto known = types_.find(type.value);
  if (known != types_.end()) return known->second.get();
  if (types_.size() >= max_types) return nullptr;
  auto found = read(type);
  auto& kept = types_[type.value];
  if (found) kept = std::make_unique<RenderedType>(std::move(*found));
  return kept.get();
}

Address RenderTypes::item(Address dict, std::string_view name) const {
  const auto contents = read_dict(memory_, layout_, dict, max_class_attributes);
  if (!contents) return {};
  const auto found = find_item(memory_, layout_, contents->items, name);
  return found && found->has_value() ? (*found)->value : Address{};
}

Address RenderTypes::attribute(const RenderedType& type, std::string_view name) const {
  return type.shape.has(type_flags::heap_type) && !type.dict.is_null() ? item(type.dict, name) : Address{};
}

std::string RenderTypes::qualname(const RenderedType& type) {
  auto name = type.is_class() ? read_class_qualname(memory_, layout_, type.address) : std::string();
  return name.empty() ? std::string(type.bare_name()) : name;
}

std::string RenderTypes::full_name(const RenderedType& type) {
  if (!type.is_class()) return type.c_name;
  const auto module = read_class_module(memory_, layout_, type.dict, max_class_attributes);
  return module && *module != "builtins" ? *module + "." + qualname(type) : qualname(type);
}

void RenderTypes::add_slots(const RenderedType& type, std::vector<SlotPlace>& into) const {
  if (!type.shape.has(type_flags::heap_type) || type.members.is_null()) return;
  for (std::size_t i = 0; i < max_slots; ++i) {
    const auto member = memory_.read_value<Member>(type.members.plus(i * sizeof(Member)));
    if (!member || member->name.is_null()) return;
    if (member->kind != object_or_error || member->offset <= 0 || member->offset > type.shape.basic_size - 8) continue;
    auto name = read_c_string(memory_, member->name, max_type_name_bytes);
    if (name) into.push_back({.name = std::move(*name), .offset = member->offset});
  }
}

std::vector<SlotPlace> RenderTypes::slots(const RenderedType& type) {
  std::vector<const RenderedType*> line{&type};
  while (line.size() < max_bases) {
    const auto* const base = find(line.back()->base);
    if (base == nullptr || std::ranges::find(line, base) != line.end()) break;
    line.push_back(base);
  }
  std::vector<SlotPlace> found;
  std::for_each(line.rbegin(), line.rend(), [&](const RenderedType* one) { add_slots(*one, found); });
  return found;
}

}  // namespace tidemark::cpython
