#include "tidemark/cpython/sizeof.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "read_piece.hpp"
#include "tidemark/cpython/attributes.hpp"
#include "tidemark/cpython/dicts.hpp"
#include "tidemark/cpython/objects.hpp"
#include "tidemark/cpython/type_names.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using base::Result;

constexpr std::string_view sizeof_name = "__sizeof__";
constexpr std::size_t method_bytes = 32;  // sizeof(PyMethodDef), whose first word is the name (Include/methodobject.h)
constexpr std::uint64_t page_bytes = 4096;
constexpr std::size_t most_names = 16;  // that are looked at together

base::Unexpected refused(ErrorCode code, Address at, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = "find __sizeof__ of a type", .address = at, .detail = detail});
}

/// What of a type is looked at.
struct ClassHead {
  Address name, methods, base, dict, mro;
  std::uint64_t flags = 0;
};

Result<ClassHead> read_class(const memory::MemorySource& memory, const Layout& layout, Address type) {
  const auto& field = layout.type;
  StructBuffer buffer;
  const auto piece = read_piece(
      memory, type, extent_of(field.name, field.flags, field.methods, field.base, field.dict, field.mro), buffer);
  if (!piece) return base::fail(piece.error());
  const auto name = piece->get(field.name), methods = piece->get(field.methods), base = piece->get(field.base);
  const auto dict = piece->get(field.dict), mro = piece->get(field.mro);
  const auto flags = piece->get(field.flags);
  if (!name || !methods || !base || !dict || !mro || !flags) {
    return refused(ErrorCode::malformed, type, "the layout lacks a field");
  }
  return ClassHead{.name = *name, .methods = *methods, .base = *base, .dict = *dict, .mro = *mro, .flags = *flags};
}

/// Whether one of these is it; they are asked for at once. Names are string literals, of any alignment.
bool has_name(const memory::MemorySource& memory, std::span<const Address> names) {
  constexpr std::size_t cap = sizeof_name.size() + 1;
  std::array<std::array<std::byte, cap>, most_names> texts;
  std::array<memory::ReadRequest, most_names> requests;
  for (std::size_t i = 0; i < names.size(); ++i) requests[i] = {.from = names[i], .into = texts[i], .status = {}};
  memory.read_many(std::span(requests).first(names.size()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    // A shorter one may end with its page. What can be read only in part is another name.
    const bool is_it = requests[i].status ? std::memcmp(texts[i].data(), sizeof_name.data(), cap) == 0
                                          : read_c_string(memory, names[i], cap).value_or("") == sizeof_name;
    if (is_it) return true;
  }
  return false;
}

/// Whether a PyMethodDef array names it.
Result<bool> has_method(const memory::MemorySource& memory, Address methods) {
  if (methods.is_null()) return false;
  std::array<std::byte, page_bytes> page;
  std::size_t seen = 0;
  while (seen < max_type_methods) {
    // Up to the end of a page: the array may end with it.
    const Address at = methods.plus(seen * method_bytes);
    const std::size_t rest = (page_bytes - at.value % page_bytes) / method_bytes;
    const std::size_t count = std::min(std::clamp<std::size_t>(rest, 1, most_names), max_type_methods - seen);
    const auto bytes = std::span(page).first(count * method_bytes);
    if (auto read = memory.read(at, bytes); !read) return base::fail(std::move(read).error());
    std::array<Address, most_names> names;
    std::size_t named = 0;
    for (; named < count; ++named) {
      std::memcpy(&names[named], bytes.data() + named * method_bytes, sizeof names[named]);
      if (names[named].is_null()) break;
    }
    if (has_name(memory, std::span(names).first(named))) return true;
    if (named < count) return false;
    seen += count;
  }
  return refused(ErrorCode::limit, methods, "more methods than a type has");
}

Result<bool> has_attribute(const memory::MemorySource& memory, const Layout& layout, Address dict) {
  if (dict.is_null()) return false;
  const auto contents = read_dict(memory, layout, dict, max_class_attributes);
  if (!contents) return base::fail(contents.error());
  const auto item = find_item(memory, layout, contents->items, sizeof_name);
  if (!item) return base::fail(item.error());
  return item->has_value();
}

/// Nullopt when the tuple cannot be one.
std::optional<std::vector<Address>> read_mro(const memory::MemorySource& memory, const Layout& layout, Address mro) {
  if (!is_plausible_pointer(mro) || layout.tuple.items == 0 || !layout.object.size.is_present()) return std::nullopt;
  const auto size = memory.read_value<std::int64_t>(mro.plus(layout.object.size.offset()));
  if (!size || *size <= 0 || static_cast<std::uint64_t>(*size) > max_mro_classes) return std::nullopt;
  std::vector<Address> classes(static_cast<std::size_t>(*size));
  if (!memory.read(mro.plus(layout.tuple.items), std::as_writable_bytes(std::span(classes)))) return std::nullopt;
  return classes;
}

/// The classes that are asked, in their order.
std::vector<Address> lookup_order(const memory::MemorySource& memory, const Layout& layout, Address type,
                                  const ClassHead& head) {
  if (auto mro = read_mro(memory, layout, head.mro); mro && mro->front() == type) return std::move(*mro);
  std::vector<Address> classes{type};
  Address base = head.base;
  while (is_plausible_pointer(base) && classes.size() < max_mro_classes) {
    classes.push_back(base);
    const auto next = memory.read_value<Address>(base.plus(layout.type.base.offset()));
    if (!next) break;
    base = *next;
  }
  return classes;
}

enum class Defines : std::uint8_t { nothing, in_c, in_python };

}  // namespace

/// What was read of a class, its bases apart.
struct SizeofFinder::Class {
  Result<ClassHead> head = ClassHead{};
  Defines defines = Defines::nothing;
  bool is_unread = false;  ///< a part of it, which may define one
};

SizeofFinder::SizeofFinder(const memory::MemorySource& memory, const Layout& layout)
    : memory_(memory), layout_(layout) {}
SizeofFinder::~SizeofFinder() = default;

const SizeofFinder::Class& SizeofFinder::look(Address type) {
  constexpr std::size_t most_classes = std::size_t{1} << 16;
  if (const auto known = classes_.find(type.value); known != classes_.end()) return *known->second;
  if (classes_.size() >= most_classes) classes_.clear();
  auto& made = *classes_.emplace(type.value, std::make_unique<Class>()).first->second;
  made.head = read_class(memory_, layout_, type);
  made.is_unread = !made.head;
  if (made.head) {
    const auto in_methods = has_method(memory_, made.head->methods);
    const bool is_in_methods = in_methods && *in_methods;
    const bool is_heap = (made.head->flags & type_flags::heap_type) != 0;
    const auto in_dict =
        is_heap && !is_in_methods ? has_attribute(memory_, layout_, made.head->dict) : Result<bool>(false);
    made.is_unread = !in_methods || !in_dict;
    if (is_in_methods) {
      made.defines = Defines::in_c;
    } else if (in_dict && *in_dict) {
      made.defines = Defines::in_python;
    }
  }
  return made;
}

Result<SizeofOwner> SizeofFinder::find(Address type) {
  const auto head = look(type).head;
  if (!head) return base::fail(head.error());
  bool has_unread_class = false;
  for (const Address one : lookup_order(memory_, layout_, type, *head)) {
    const Class& asked = look(one);
    has_unread_class = has_unread_class || asked.is_unread;
    if (asked.defines == Defines::nothing) continue;
    return SizeofOwner{.type = one,
                       .name = read_c_string(memory_, asked.head->name, max_c_string_bytes).value_or(""),
                       .is_python = asked.defines == Defines::in_python,
                       .has_unread_class = has_unread_class};
  }
  return refused(ErrorCode::not_found, type, "no class that could be read has one");
}

Result<SizeofOwner> find_sizeof(const memory::MemorySource& memory, const Layout& layout, Address type) {
  return SizeofFinder(memory, layout).find(type);
}

}  // namespace tidemark::cpython
