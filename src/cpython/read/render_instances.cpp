#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "render_impl.hpp"
#include "render_numbers.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::size_t max_attributes = 4'096;
constexpr std::int64_t max_arguments = 1 << 20;
constexpr std::int32_t max_dimensions = 64;

/// An attribute and its value, before either is text.
struct Attribute {
  Address key;         ///< a str; null for a slot
  std::string name{};  ///< of a slot
  Address value;
};

/// "96 B", "1.6 MB", "800 MB": of powers of 1000.
std::string byte_text(double bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < units.size(); ++unit) bytes /= 1000;
  std::array<char, 32> buffer;
  const int decimals = unit != 0 && bytes < 9.95 ? 1 : 0;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), bytes, std::chars_format::fixed, decimals);
  return end.ec == std::errc() ? std::string(buffer.data(), end.ptr) + " " + units.at(unit) : "?";
}

/// "float64", "U3" (characters), "datetime64": of the kind and the size of one item.
std::string dtype_text(char kind, std::uint64_t item_bytes) {
  const std::string bits = std::to_string(item_bytes * 8);
  switch (kind) {
    case 'b':
      return "bool";
    case 'i':
      return "int" + bits;
    case 'u':
      return "uint" + bits;
    case 'f':
      return "float" + bits;
    case 'c':
      return "complex" + bits;
    case 'M':
      return "datetime64";
    case 'm':
      return "timedelta64";
    case 'O':
      return "object";
    case 'S':
      return "S" + std::to_string(item_bytes);
    case 'U':
      return "U" + std::to_string(item_bytes / 4);
    case 'V':
      return "void" + bits;
    default:
      return "?";
  }
}

}  // namespace

void Renderer::put_named(std::string_view what, Address name) {
  text_.put("<");
  text_.put(what);
  text_.put(" ");
  const auto characters = read_characters(memory_, layout_, name, options_.columns + 1);
  for (const char32_t character : characters ? characters->text : std::vector<char32_t>{U'?'}) {
    text_.put_character(character);
  }
  text_.put(">");
}

void Renderer::put_type(Address object) {
  const auto* const type = types_.find(object);
  if (type == nullptr) return put_unreadable(object);
  text_.put("<class '");
  text_.put_name(types_.full_name(*type));
  text_.put("'>");
}

/// PyModuleObject: md_dict, which has __name__.
void Renderer::put_module(const Shown& shown) {
  const auto dict = at<Address>(shown.object, after_head());
  put_named("module", dict ? types_.item(*dict, "__name__") : Address{});
}

/// PyMethodObject: im_func, im_self.
void Renderer::put_method(const Shown& shown) {
  const auto function = at<Address>(shown.object, after_head());
  const auto self = at<Address>(shown.object, after_head() + 8);
  const auto type = function ? at<Address>(*function, layout_.object.type.offset()) : std::nullopt;
  const auto* const known = type ? types_.find(*type) : nullptr;
  if (known == nullptr || known->c_name != "function" || !self) return put_address(shown, "method");
  put_named("method", at<Address>(*function, layout_.function.qualname.offset()).value_or(Address{}));
  text_.put(" of ");
  if (shown.depth == 0) return text_.put("…");
  put(*self, shown.depth - 1);
}

/// PyBaseExceptionObject: dict, args (Include/cpython/pyerrors.h).
void Renderer::put_exception(const Shown& shown) {
  const auto arguments = at<Address>(shown.object, after_head() + 8);
  const auto count = arguments && is_plausible_pointer(*arguments) ? size_of(*arguments) : std::nullopt;
  text_.put_name(types_.qualname(shown.type));
  text_.put("(");
  if (count && *count >= 0 && *count <= max_arguments) {
    put_pointers(shown, "", arguments->plus(layout_.tuple.items), *count, "");
  } else {
    text_.put("…");
  }
  text_.put(")");
}

/// A member has its name and value as attributes (Lib/enum.py).
bool Renderer::put_enum_member(const Shown& shown) {
  if (!shown.type.is_class()) return false;
  const auto* const meta = types_.find(shown.type.meta);
  if (meta == nullptr || (meta->c_name != "EnumMeta" && meta->c_name != "EnumType")) return false;
  const auto found = read_attributes(memory_, layout_, shown.object, shown.type.shape, max_attributes);
  if (!found) return false;
  const auto name = find_item(memory_, layout_, found->items, "_name_");
  const auto value = find_item(memory_, layout_, found->items, "_value_");
  if (!name || !*name || !value || !*value) return false;
  const auto characters = read_characters(memory_, layout_, (*name)->value, options_.columns + 1);
  if (!characters) return false;
  text_.put("<");
  text_.put_name(types_.qualname(shown.type));
  text_.put(".");
  for (const char32_t character : characters->text) text_.put_character(character);
  text_.put(": ");
  if (shown.depth == 0)
    text_.put("…");
  else
    put((*value)->value, shown.depth - 1);
  text_.put(">");
  return true;
}

void Renderer::put_instance(const Shown& shown) {
  std::vector<Attribute> attributes;
  for (auto& slot : types_.slots(shown.type)) {
    const auto value = at<Address>(shown.object, static_cast<std::uint64_t>(slot.offset));
    if (value && !value->is_null()) attributes.push_back({.key = {}, .name = std::move(slot.name), .value = *value});
  }
  const auto found = read_attributes(memory_, layout_, shown.object, shown.type.shape, max_attributes);
  if (found) {
    for (const DictItem& item : found->items) attributes.push_back({.key = item.key, .value = item.value});
  }
  const std::string name = types_.full_name(shown.type);
  if (attributes.empty() && found && !shown.type.is_class()) return put_address(shown, name);
  text_.put_name(name);
  if (!found) return text_.put("(…)");
  text_.put("(");
  Items items(*this, attributes.size(), shown.depth);
  for (const Attribute& attribute : attributes) {
    if (items.is_enough()) break;
    items.begin_next();
    const auto key = read_characters(memory_, layout_, attribute.key, options_.columns + 1);
    if (key) {
      for (const char32_t character : key->text) text_.put_character(character);
    } else {
      text_.put_name(attribute.name.empty() ? "?" : attribute.name);
    }
    text_.put("=");
    put(attribute.value, items.inner_depth());
  }
  items.end();
  text_.put(")");
}

/// PyArrayObject_fields: data, nd, dimensions, strides, base, descr. Of a PyArray_Descr the kind is a char behind the
/// pointer to a type; the size of an item is an int with its alignment behind it in NumPy 1, and in NumPy 2 a word
/// behind 64 bits of flags, all of them low.
void Renderer::put_ndarray(const Shown& shown) {
  const std::uint64_t head = after_head();
  const auto dimensions = at<std::int32_t>(shown.object, head + 8);
  const auto shape = at<Address>(shown.object, head + 16), descriptor = at<Address>(shown.object, head + 40);
  if (!dimensions || !shape || !descriptor || *dimensions < 0 || *dimensions > max_dimensions) {
    return put_address(shown, shown.type.c_name);
  }
  const auto kind = at<char>(*descriptor, head + 8);
  const auto small = at<std::uint32_t>(*descriptor, head + 16), alignment = at<std::uint32_t>(*descriptor, head + 20);
  const auto large = at<std::uint64_t>(*descriptor, head + 24);
  std::vector<std::int64_t> sides(static_cast<std::size_t>(*dimensions));
  const bool has_sides = sides.empty() || memory_.read(*shape, std::as_writable_bytes(std::span(sides)));
  if (!kind || !small || !alignment || !large || !has_sides) return put_address(shown, shown.type.c_name);
  const std::uint64_t item = *alignment != 0 ? *small : *large;
  double bytes = static_cast<double>(item);
  text_.put("ndarray(shape=(");
  for (std::size_t i = 0; i < sides.size(); ++i) {
    text_.put((i != 0 ? ", " : "") + std::to_string(sides[i]));
    bytes *= static_cast<double>(sides[i]);
  }
  text_.put(sides.size() == 1 ? ",), dtype=" : "), dtype=");
  text_.put(dtype_text(*kind, item));
  text_.put(", " + byte_text(std::max(bytes, 0.0)));
  text_.put(")");
}

}  // namespace tidemark::cpython
