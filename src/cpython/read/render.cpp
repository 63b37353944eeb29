#include "tidemark/cpython/render.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "render_impl.hpp"
#include "render_numbers.hpp"
#include "tidemark/cpython/objects.hpp"
#include "tidemark/cpython/type_names.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::size_t max_depth = 32;  // of our own stack
constexpr std::size_t max_items = 1024;
constexpr std::size_t max_method_name_bytes = 128;

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 16> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, 16);
  return "0x" + std::string(buffer.data(), end.ptr);
}

RenderOptions capped(RenderOptions options) {
  options.columns = std::min(options.columns, max_render_columns);
  options.depth = std::min(options.depth, max_depth);
  options.items = std::min(options.items, max_items);
  return options;
}

}  // namespace

Renderer::Renderer(const memory::MemorySource& memory, const Layout& layout, const RenderOptions& options)
    : memory_(memory), layout_(layout), options_(capped(options)), types_(memory, layout), text_(options_.columns) {}

void Renderer::put_unreadable(Address object) { text_.put("<unreadable at " + hexadecimal(object.value) + ">"); }

void Renderer::put_address(const Shown& shown, std::string_view name) {
  text_.put("<");
  text_.put_name(name);
  text_.put(" at " + hexadecimal(shown.object.value) + ">");
}

void Renderer::put(Address object, std::size_t depth) {
  if (text_.is_full()) return;
  if (++seen_ > max_rendered_objects) {
    text_.put("…");
    return;
  }
  if (!is_plausible_pointer(object) || !layout_.object.type.is_present()) return put_unreadable(object);
  const auto type = at<Address>(object, layout_.object.type.offset());
  const auto* const known = type ? types_.find(*type) : nullptr;
  if (known == nullptr) return put_unreadable(object);
  const bool is_cycle = std::ranges::find(open_, object) != open_.end();
  if (is_cycle) {
    text_.put(known->shape.has(type_flags::list_subclass)    ? "[...]"
              : known->shape.has(type_flags::tuple_subclass) ? "(...)"
              : known->shape.has(type_flags::dict_subclass)  ? "{...}"
                                                             : "...");
    return;
  }
  open_.push_back(object);
  put_known({.object = object, .type = *known, .depth = depth});
  open_.pop_back();
}

void Renderer::put_known(const Shown& shown) {
  const auto& shape = shown.type.shape;
  if (put_enum_member(shown)) return;
  if (shape.has(type_flags::type_subclass)) return put_type(shown.object);
  if (shape.has(type_flags::exception_subclass)) return put_exception(shown);
  if (put_builtin(shown) || put_by_name(shown)) return;
  put_instance(shown);
}

/// Values of the builtin types, and those of types derived from them: Name(value).
bool Renderer::put_builtin(const Shown& shown) {
  constexpr std::uint64_t with_values = type_flags::long_subclass | type_flags::list_subclass |
                                        type_flags::tuple_subclass | type_flags::bytes_subclass |
                                        type_flags::str_subclass | type_flags::dict_subclass;
  static constexpr std::array<std::string_view, 13> own{"int",     "bool",      "list",      "tuple", "bytes",
                                                        "str",     "dict",      "float",     "set",   "frozenset",
                                                        "complex", "bytearray", "frozendict"};
  const auto& type = shown.type;
  if (!type.is_class() && std::ranges::find(own, type.c_name) != own.end()) return put_value(shown);
  // Of float, set and the like no flag tells; a base does.
  const RenderedType* base = &type;
  for (int i = 0; i < 16 && base != nullptr && (base->is_class() || i == 0); ++i) base = types_.find(base->base);
  const bool derives = base != nullptr && !base->is_class() && std::ranges::find(own, base->c_name) != own.end();
  if (!type.shape.has(with_values) && !derives) return false;
  if (type.shape.has(type_flags::tuple_subclass) && put_named_tuple(shown)) return true;
  text_.put_name(types_.qualname(type));
  text_.put("(");
  const Shown value{.object = shown.object, .type = derives ? *base : type, .depth = shown.depth};
  if (!put_value(value)) put_unreadable(shown.object);
  text_.put(")");
  return true;
}

bool Renderer::put_value(const Shown& shown) {
  const auto& type = shown.type;
  if (type.shape.has(type_flags::long_subclass)) {
    put_integer(shown);
  } else if (type.shape.has(type_flags::str_subclass)) {
    put_str(shown.object);
  } else if (type.shape.has(type_flags::bytes_subclass)) {
    put_bytes(shown, false);
  } else if (type.shape.has(type_flags::list_subclass)) {
    put_list(shown);
  } else if (type.shape.has(type_flags::tuple_subclass)) {
    put_tuple(shown);
  } else if (type.shape.has(type_flags::dict_subclass)) {
    put_dict(shown);
  } else if (type.c_name == "frozendict") {  // 3.15: a PyDictObject, and a hash
    text_.put("frozendict(");
    if (at<std::int64_t>(shown.object, layout_.dict.used.offset()) != 0) put_dict(shown);
    text_.put(")");
  } else if (type.c_name == "float" || type.c_name == "complex") {
    put_float(shown);
  } else if (type.c_name == "set" || type.c_name == "frozenset") {
    put_set(shown);
  } else if (type.c_name == "bytearray") {
    put_bytes(shown, true);
  } else {
    return false;
  }
  return true;
}

bool Renderer::put_by_name(const Shown& shown) {
  const auto& name = shown.type.c_name;
  if (shown.type.is_class()) return false;
  if (name == "NoneType") {
    text_.put("None");
  } else if (name == "ellipsis") {
    text_.put("Ellipsis");
  } else if (name == "NotImplementedType") {
    text_.put("NotImplemented");
  } else if (name == "function") {
    put_named("function", at<Address>(shown.object, layout_.function.qualname.offset()).value_or(Address{}));
  } else if (name == "code") {
    put_named("code of", at<Address>(shown.object, layout_.code.qualname.offset()).value_or(Address{}));
  } else if (name == "module") {
    put_module(shown);
  } else if (name == "method") {
    put_method(shown);
  } else if (name == "builtin_function_or_method") {
    // PyCFunctionObject: m_ml, a PyMethodDef, whose first word is the name.
    const auto method = at<Address>(shown.object, after_head());
    const auto place = method ? at<Address>(*method, 0) : std::nullopt;
    const auto text = place ? read_c_string(memory_, *place, max_method_name_bytes) : base::Result<std::string>("?");
    text_.put("<built-in ");
    text_.put_name(text ? *text : "?");
    text_.put(">");
  } else if (name == "numpy.ndarray") {
    put_ndarray(shown);
  } else {
    return put_of_module(shown);
  }
  return true;
}

bool Renderer::put_of_module(const Shown& shown) {
  const auto& name = shown.type.c_name;
  if (name == "collections.deque") {
    put_deque(shown);
  } else if (name == "array.array") {
    put_array(shown);
  } else if (name == "decimal.Decimal") {
    put_decimal(shown);
  } else if (name == "slice" || name == "range") {
    put_slice(shown, name == "range");
  } else {
    return false;
  }
  return true;
}

void Renderer::put_integer(const Shown& shown) {
  const auto text = integer_text(memory_, layout_, shown.object);
  if (!text) return put_unreadable(shown.object);
  if (shown.type.c_name == "bool" && !shown.type.is_class()) {
    text_.put(*text == "0" ? "False" : "True");
  } else {
    text_.put(*text);
  }
}

void Renderer::put_decimal(const Shown& shown) {
  const auto text = decimal_text(memory_, shown.object.plus(after_head()));
  if (!text) return put_unreadable(shown.object);
  text_.put("Decimal('" + *text + "')");
}

void Renderer::put_float(const Shown& shown) {
  const auto first = at<double>(shown.object, after_head());
  const auto second = at<double>(shown.object, after_head() + sizeof(double));
  const bool is_complex = shown.type.c_name == "complex";
  if (!first || (is_complex && !second)) return put_unreadable(shown.object);
  text_.put(is_complex ? complex_text(*first, *second) : float_text(*first));
}

void Renderer::put_str(Address object) {
  const auto characters = read_characters(memory_, layout_, object, options_.columns + 1);
  if (!characters) return put_unreadable(object);
  text_.put_quoted(characters->text, characters->is_whole);
}

/// PyByteArrayObject: ob_alloc, ob_bytes, ob_start behind the head (Include/cpython/bytearrayobject.h).
void Renderer::put_bytes(const Shown& shown, bool is_bytearray) {
  const auto size = size_of(shown.object);
  auto data = std::optional<Address>(shown.object.plus(layout_.bytes.data));
  if (is_bytearray) data = at<Address>(shown.object, after_var_head() + 16);
  if (!size || !data || *size < 0) return put_unreadable(shown.object);
  const auto taken = std::min(static_cast<std::uint64_t>(*size), std::uint64_t{options_.columns + 1});
  std::vector<std::byte> bytes(static_cast<std::size_t>(taken));
  if (taken != 0 && !memory_.read(*data, bytes)) return put_unreadable(shown.object);
  if (is_bytearray) text_.put("bytearray(");
  text_.put_quoted(bytes, taken == static_cast<std::uint64_t>(*size));
  if (is_bytearray) text_.put(")");
}

std::string render_object(const memory::MemorySource& memory, const Layout& layout, Address object,
                          const RenderOptions& options) {
  Renderer renderer(memory, layout, options);
  renderer.put(object, capped(options).depth);
  return std::move(renderer).take();
}

std::string render_type_name(const memory::MemorySource& memory, const Layout& layout, Address type) {
  RenderTypes types(memory, layout);
  const auto* const known = types.find(type);
  if (known == nullptr) return {};
  RenderText text(max_render_columns);
  text.put_name(types.full_name(*known));
  return std::move(text).take();
}

}  // namespace tidemark::cpython
