// The rules that follow pointers, or that differ from release to release.
#include "detail/sized_fields.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace tidemark::heap {

namespace {

using Size = std::optional<std::uint64_t>;
using Word = std::uint64_t;

constexpr std::uint64_t pointer_bytes = 8;

/// A PyDictKeysObject, as far as sizes go.
struct KeysHead {
  std::int64_t references = 0;
  std::uint64_t bytes = 0;        ///< of all of it
  std::uint64_t shared_room = 0;  ///< values that a dict with these keys has room for
};

/// dk_refcnt is the first word; dk_usable stands before dk_nentries.
std::optional<KeysHead> read_keys(const cpython::Layout& layout, Word keys, const memory::MemorySource& memory) {
  constexpr unsigned deepest = 40;
  constexpr std::uint64_t general_entry = 24, text_entry = 16;
  const auto& where = layout.dict_keys;
  std::array<std::byte, 64> bytes;
  if (where.indices == 0 || where.indices > bytes.size()) return std::nullopt;
  const auto head = std::span(bytes).first(where.indices);
  if (!memory.read({keys}, head)) return std::nullopt;
  const cpython::Piece piece{.bytes = head, .first = 0};
  const auto used = piece.get(where.entries_used);
  const auto usable = piece.get_at<std::int64_t>(where.entries_used.offset() - pointer_bytes);
  if (!used || !usable || *used < 0 || *usable < 0) return std::nullopt;
  std::uint64_t slots = 0, index_bytes = 0;
  if (const auto size = piece.get(where.size)) {
    slots = static_cast<std::uint64_t>(*size);
    if (*size <= 0 || !std::has_single_bit(slots) || slots >> deepest != 0) return std::nullopt;
    index_bytes = slots * (slots <= 0xff ? 1U : slots <= 0xffff ? 2U : slots <= 0xffff'ffff ? 4U : 8U);
  } else {
    const auto log2_size = piece.get(where.log2_size), log2_bytes = piece.get(where.log2_index_bytes);
    if (!log2_size || !log2_bytes || *log2_size > deepest || *log2_bytes > deepest + 3) return std::nullopt;
    slots = Word{1} << *log2_size;
    index_bytes = Word{1} << *log2_bytes;
  }
  const bool is_general = piece.get(where.kind).value_or(0) == 0;
  const std::uint64_t room = slots * 2 / 3;  // USABLE_FRACTION
  const bool counts_entries = where.kind.is_present();
  return KeysHead{.references = piece.get_at<std::int64_t>(0).value_or(0),
                  .bytes = where.indices + index_bytes + room * (is_general ? general_entry : text_entry),
                  .shared_room = counts_entries ? static_cast<Word>(*used) + static_cast<Word>(*usable) : room};
}

/// Locals and slots of the stack of a frame of this code object.
std::optional<std::int64_t> frame_slots(const SizedFields& object, Word code) {
  constexpr std::int32_t most = 1 << 28;
  const auto& where = object.layout().code;
  if (!where.stack_size.is_present() || !where.locals.is_present()) return std::nullopt;
  const auto stack = object.there<std::int32_t>(code + where.stack_size.offset());
  const auto locals = object.there<std::int32_t>(code + where.locals.offset());
  if (!stack || !locals || *stack < 0 || *locals < 0 || *stack > most || *locals > most) return std::nullopt;
  std::int64_t slots = std::int64_t{*stack} + *locals;
  for (const auto& names : {where.cell_names, where.free_names}) {
    if (!names.is_present() || where.instructions != 0) continue;  // 3.11 on: among the locals
    const auto tuple = object.there<Word>(code + names.offset());
    const auto count = tuple ? object.items_of(*tuple) : std::nullopt;
    if (!count || *count < 0 || *count > most) return std::nullopt;
    slots += *count;
  }
  return slots;
}

Size with_slots(const SizedFields& object, std::optional<Word> code, std::int64_t less) {
  if (!code) return std::nullopt;
  const auto slots = frame_slots(object, *code & ~object.layout().frame.code_tags);
  const auto own = static_cast<std::uint64_t>(object.object().owner_basic_size);
  if (!slots) return std::nullopt;
  return *slots >= less ? SizedFields::sum(own, *slots - less, pointer_bytes) : Size(own - pointer_bytes);
}

/// What 3.8 to 3.10 keep beside a code object.
Size old_code_parts(const SizedFields& object) {
  constexpr std::uint64_t cache_bytes = 32;  // _PyOpcache, Include/internal/pycore_code.h
  const auto& where = object.layout().code;
  std::uint64_t size = 0;
  const auto numbers = object.at(where.cell_numbers), cells = object.at(where.cell_names);
  if (numbers && cells && !numbers->is_null() && !cells->is_null()) {
    const auto parts = SizedFields::sum(size, object.items_of(cells->value), pointer_bytes);
    if (!parts) return std::nullopt;
    size = *parts;
  }
  const auto cache = object.at(where.op_cache), bytecode = object.at(where.bytecode);
  const auto count = object.at(where.op_cache_size);
  if (cache && bytecode && count && !cache->is_null()) {
    const auto instructions = object.items_of(bytecode->value);
    if (!instructions || *instructions < 0) return std::nullopt;
    return SizedFields::sum(size + *count * cache_bytes, *instructions / 2, 1);
  }
  return size;
}

}  // namespace

Size size_of_keys(const cpython::Layout& layout, std::uint64_t keys, const memory::MemorySource& memory) {
  const auto head = read_keys(layout, keys, memory);
  return head ? Size(head->bytes) : std::nullopt;
}

Size size_of_dict(const SizedFields& object) {
  const auto& layout = object.layout();
  const auto keys = object.at(layout.dict.keys), values = object.at(layout.dict.values);
  if (!keys || !values) return std::nullopt;
  const auto head = read_keys(layout, keys->value, object.memory());
  if (!head) return std::nullopt;
  std::uint64_t size = static_cast<std::uint64_t>(object.object().basic_size);
  if (!values->is_null()) size += head->shared_room * pointer_bytes;
  if (head->references == 1) size += head->bytes;
  return size <= largest_object ? Size(size) : std::nullopt;
}

/// PyASCIIObject, then utf8_length, utf8 (to 3.11 wstr before them and wstr_length behind), then data.any.
Size size_of_str(const SizedFields& object) {
  constexpr unsigned compact = 1U << 3, ascii = 1U << 4, ready = 1U << 5;
  constexpr std::uint64_t wide_bytes = 4;
  const auto& where = object.layout().unicode;
  const auto length = object.at(where.length);
  const auto state = object.at(where.state);
  if (!length || !state || *length < 0) return std::nullopt;
  const unsigned bits = *state >> where.kind_bit;
  const std::uint64_t kind = bits & 7U;
  const bool is_compact = (bits & compact) != 0, is_ascii = is_compact && (bits & ascii) != 0;
  if (kind == 3 || kind > 4) return std::nullopt;
  std::uint64_t size = 0, data = object.object().address + (is_ascii ? where.ascii_data : where.compact_data);
  if (is_compact) {
    size = is_ascii ? where.ascii_data : where.compact_data;
  } else {
    const auto any = object.at<Word>(where.compact_data);
    if (!any) return std::nullopt;
    data = *any;
    size = where.compact_data + pointer_bytes;
  }
  Size total = data == 0 ? Size(size) : SizedFields::sum(size, *length + 1, is_ascii ? 1 : kind);
  const bool has_wide = where.compact_data == where.ascii_data + 3 * pointer_bytes;  // to 3.11
  if (const auto wide = has_wide ? object.at<Word>(where.ascii_data - pointer_bytes) : Size(0);
      total && wide && *wide != 0 && (*wide != data || (bits & ready) == 0)) {
    const auto characters = is_ascii ? length : object.at<std::int64_t>(where.ascii_data + 2 * pointer_bytes);
    total = characters ? SizedFields::sum(*total, *characters + 1, wide_bytes) : std::nullopt;
  }
  if (is_ascii || !total) return total;
  const auto utf8 = object.at<Word>(where.ascii_data + pointer_bytes);
  const auto utf8_length = object.at<std::int64_t>(where.ascii_data);
  if (!utf8 || !utf8_length) return std::nullopt;
  return *utf8 != 0 && *utf8 != data ? SizedFields::sum(*total, *utf8_length + 1, 1) : total;
}

/// _PyCodeObjectExtra: ce_size, then that many pointers.
Size size_of_code(const SizedFields& object) {
  const auto& layout = object.layout();
  const auto items = object.object().item_size;
  Size size = items == 0 ? Size(static_cast<std::uint64_t>(object.object().basic_size))
                         : object.with_items(object.at(layout.object.size), static_cast<std::uint64_t>(items));
  if (size) *size = (*size + pointer_bytes - 1) / pointer_bytes * pointer_bytes;  // _PyObject_VAR_SIZE
  const auto extra = object.at(layout.code.extra);
  const auto parts = old_code_parts(object);
  if (!size || !extra || !parts) return std::nullopt;
  *size += *parts;
  return extra->is_null() ? size : SizedFields::sum(*size + 8, object.there<std::int64_t>(extra->value), pointer_bytes);
}

Size size_of_frame(const SizedFields& object) {
  const auto& layout = object.layout();
  if (!layout.frame.code.is_present()) return std::nullopt;
  if (!layout.frame_owners.object_frame.is_present()) {
    return with_slots(object, object.at<Word>(layout.frame.code.offset()), 1);
  }
  const auto frame = object.at<Word>(layout.frame_owners.object_frame.offset());
  if (!frame) return std::nullopt;
  return with_slots(object, object.there<Word>(*frame + layout.frame.code.offset()), 0);
}

Size size_of_generator(const SizedFields& object) {
  const auto& layout = object.layout();
  if (layout.frame_owners.generator_frame == 0 || !layout.frame.code.is_present()) return std::nullopt;
  return with_slots(object, object.at<Word>(layout.frame_owners.generator_frame + layout.frame.code.offset()), 0);
}

/// PyArrayObject_fields: data, nd, dimensions, strides, base, descr, flags. A PyArray_Descr has its item's size as an
/// int followed by the alignment in NumPy 1, and in NumPy 2 as a word behind 64 bits of flags, all of them low.
Size size_of_ndarray(const SizedFields& object) {
  constexpr std::uint64_t dimensions_at = 24, shape_at = 32, descriptor_at = 56, flags_at = 64;
  constexpr std::uint64_t item_at = 32, alignment_at = 36, item_in_2_at = 40;
  constexpr std::int32_t owns_data = 4, most_dimensions = 64;
  const auto dimensions = object.at<std::int32_t>(dimensions_at), flags = object.at<std::int32_t>(flags_at);
  const auto shape = object.at<Word>(shape_at), descriptor = object.at<Word>(descriptor_at);
  if (!dimensions || !flags || !shape || !descriptor || *dimensions < 0 || *dimensions > most_dimensions) {
    return std::nullopt;
  }
  const auto own = object.with_items(*dimensions, 2 * pointer_bytes);
  if (!own || (*flags & owns_data) == 0) return own;
  const auto alignment = object.there<std::uint32_t>(*descriptor + alignment_at);
  if (!alignment) return std::nullopt;
  const auto small = object.there<std::uint32_t>(*descriptor + item_at);
  const auto large = object.there<std::uint64_t>(*descriptor + item_in_2_at);
  std::uint64_t bytes = *alignment != 0 ? small.value_or(0) : large.value_or(0);
  for (std::int32_t i = 0; i < *dimensions; ++i) {
    const auto side = object.there<std::int64_t>(*shape + static_cast<std::uint64_t>(i) * pointer_bytes);
    const auto product = SizedFields::sum(0, side, bytes);
    if (!product) return std::nullopt;
    bytes = *product;
  }
  return SizedFields::sum(*own, 1, bytes);
}

/// gentype_sizeof adds the size of the item that tp_basicsize has already.
Size size_of_numpy_scalar(const SizedFields& object) {
  struct Item {
    std::string_view type;
    std::uint64_t bytes;
  };
  static constexpr std::array items{
      Item{"bool", 1},         Item{"bool_", 1},       Item{"int8", 1},        Item{"uint8", 1},
      Item{"int16", 2},        Item{"uint16", 2},      Item{"float16", 2},     Item{"int32", 4},
      Item{"uint32", 4},       Item{"intc", 4},        Item{"uintc", 4},       Item{"float32", 4},
      Item{"int64", 8},        Item{"uint64", 8},      Item{"longlong", 8},    Item{"ulonglong", 8},
      Item{"float64", 8},      Item{"complex64", 8},   Item{"complex128", 16}, Item{"longdouble", 16},
      Item{"float128", 16},    Item{"complex256", 32}, Item{"datetime64", 8},  Item{"timedelta64", 8},
      Item{"clongdouble", 32},
  };
  constexpr std::string_view prefix = "numpy.";
  auto name = object.object().type_name;
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  const auto found = std::ranges::find(items, name, &Item::type);
  const auto own =
      object.object().item_size == 0 ? Size(static_cast<std::uint64_t>(object.object().basic_size)) : std::nullopt;
  return found == items.end() || !own ? std::nullopt : Size(*own + found->bytes);
}

}  // namespace tidemark::heap
