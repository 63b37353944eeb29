#include "detail/size_rules.hpp"

#include <algorithm>
#include <array>

#include "detail/sized_fields.hpp"
#include "tidemark/cpython/attributes.hpp"

namespace tidemark::heap {

namespace {

using Size = std::optional<std::uint64_t>;
using Word = std::uint64_t;

struct Owner {
  std::string_view name;
  SizeRule rule;
};
constexpr std::array owners{
    Owner{"object", SizeRule::object},
    Owner{"int", SizeRule::integer},
    Owner{"str", SizeRule::str},
    Owner{"list", SizeRule::list},
    Owner{"bytearray", SizeRule::bytearray},
    Owner{"dict", SizeRule::dict},
    Owner{"frozendict", SizeRule::dict},
    Owner{"collections.OrderedDict", SizeRule::ordered_dict},
    Owner{"set", SizeRule::set},
    Owner{"frozenset", SizeRule::set},
    Owner{"type", SizeRule::type},
    Owner{"code", SizeRule::code},
    Owner{"frame", SizeRule::frame},
    Owner{"generator", SizeRule::generator},
    Owner{"coroutine", SizeRule::generator},
    Owner{"async_generator", SizeRule::generator},
    Owner{"collections.deque", SizeRule::deque},
    Owner{"array.array", SizeRule::array},
    Owner{"_io.BytesIO", SizeRule::bytes_io},
    Owner{"_io.BufferedReader", SizeRule::buffered},
    Owner{"_io.BufferedWriter", SizeRule::buffered},
    Owner{"_io.BufferedRandom", SizeRule::buffered},
    Owner{"Struct", SizeRule::struct_format},  // 3.8
    Owner{"_struct.Struct", SizeRule::struct_format},
    Owner{"xml.etree.ElementTree.Element", SizeRule::element},
    Owner{"decimal.Decimal", SizeRule::decimal},
    Owner{"itertools.product", SizeRule::product},
    Owner{"itertools.combinations", SizeRule::combinations},
    Owner{"itertools.combinations_with_replacement", SizeRule::combinations},
    Owner{"itertools.permutations", SizeRule::permutations},
    Owner{"numpy.ndarray", SizeRule::ndarray},
    Owner{"numpy.generic", SizeRule::numpy_scalar},
};

constexpr std::uint64_t pointer_bytes = 8;

Size size_of_object(const SizedFields& object) {
  if (object.object().item_size == 0) return object.object().basic_size;
  return object.with_items(object.at(object.layout().object.size),
                           static_cast<std::uint64_t>(object.object().item_size));
}

Size size_of_integer(const SizedFields& object) {
  constexpr std::uint64_t digit_bytes = 4;
  constexpr unsigned tag_size_shift = 3;
  const auto& layout = object.layout();
  if (layout.integer.tag.is_present()) {
    const auto tag = object.at(layout.integer.tag);
    if (!tag) return std::nullopt;
    return object.with_items(std::max<std::int64_t>(static_cast<std::int64_t>(*tag >> tag_size_shift), 1), digit_bytes);
  }
  const auto size = object.at(layout.object.size);
  if (!size || *size <= -static_cast<std::int64_t>(largest_object)) return std::nullopt;
  const bool counts_zero = layout.frame_owners.generator_frame != 0;  // 3.11
  const std::int64_t least = counts_zero ? 1 : 0;
  return SizedFields::sum(layout.integer.digits, std::max(*size < 0 ? -*size : *size, least), digit_bytes);
}

/// PyByteArrayObject: ob_alloc follows ob_size; 3.15 has a bytes object as its buffer, and is longer by a pointer to
/// it.
Size size_of_bytearray(const SizedFields& object) {
  constexpr std::uint64_t bytes_head = 33;
  const auto allocated = object.at<std::int64_t>(24);
  const auto size = object.with_items(allocated, 1);
  if (!size || *allocated == 0 || !has_bytes_object(object.object().owner_basic_size)) return size;
  return *size + bytes_head;
}

/// PyODictObject: a PyDictObject of 48 bytes, then od_first, od_last, od_fast_nodes, od_fast_nodes_size.
Size size_of_ordered_dict(const SizedFields& object) {
  constexpr std::uint64_t fast_nodes_size = 72, first_node = 48, node_bytes = 32;
  const auto slots = object.at<std::int64_t>(fast_nodes_size);
  const auto first = object.at<Word>(first_node);
  const auto used = object.at(object.layout().dict.used);
  const auto dict = size_of_dict(object);
  if (!slots || !first || !used || !dict) return std::nullopt;
  const auto with_slots = SizedFields::sum(*dict, slots, pointer_bytes);
  return with_slots && *first != 0 ? SizedFields::sum(*with_slots, used, node_bytes) : with_slots;
}

/// PySetObject: fill, used, mask, table, hash, finger, smalltable.
Size size_of_set(const SizedFields& object) {
  constexpr std::uint64_t mask_at = 32, table_at = 40, small_table = 64, entry_bytes = 16;
  const auto mask = object.at<std::int64_t>(mask_at);
  const auto table = object.at<Word>(table_at);
  if (!mask || !table || *mask < 0 || *mask >= static_cast<std::int64_t>(largest_object)) return std::nullopt;
  const bool is_small = *table == object.object().address + small_table;
  return object.with_items(is_small ? 0 : *mask + 1, entry_bytes);
}

Size size_of_type(const SizedFields& object) {
  const auto& layout = object.layout();
  const auto flags = object.at(layout.type.flags);
  const auto keys = object.at(layout.type.cached_keys);
  if (!flags || !keys || (*flags & cpython::type_flags::heap_type) == 0) return std::nullopt;
  const auto own = static_cast<std::uint64_t>(object.object().owner_basic_size);
  if (keys->is_null()) return own;
  const auto shared = size_of_keys(layout, keys->value, object.memory());
  return shared ? Size(own + *shared) : std::nullopt;
}

/// dequeobject: ob_size, leftblock, rightblock, leftindex.
Size size_of_deque(const SizedFields& object) {
  constexpr std::int64_t block_items = 64;
  constexpr std::uint64_t left_index_at = 40, block_bytes = 8 * (block_items + 2);
  const auto items = object.at(object.layout().object.size);
  const auto left = object.at<std::int64_t>(left_index_at);
  if (!items || !left || *items < 0 || *items >= static_cast<std::int64_t>(largest_object) || *left < 0 ||
      *left > block_items) {
    return std::nullopt;
  }
  return object.with_items((*left + *items + block_items - 1) / block_items, block_bytes);
}

/// arrayobject: ob_item, allocated, ob_descr; an arraydescr begins with a char and the int itemsize.
Size size_of_array(const SizedFields& object) {
  constexpr std::uint64_t allocated_at = 32, descriptor_at = 40, item_size_at = 4, widest = 16;
  const auto descriptor = object.at<Word>(descriptor_at);
  const auto item = descriptor ? object.there<std::uint32_t>(*descriptor + item_size_at) : std::nullopt;
  if (!item || *item > widest) return std::nullopt;
  return object.with_items(object.at<std::int64_t>(allocated_at), *item);
}

/// bytesio: buf, a bytes object.
Size size_of_bytes_io(const SizedFields& object) {
  constexpr std::uint64_t bytes_head = 33;
  const auto buffer = object.at<Word>(16);
  if (!buffer) return std::nullopt;
  const auto own = static_cast<std::uint64_t>(object.object().basic_size);
  if (*buffer == 0) return own;
  const auto references = object.there<std::int64_t>(*buffer);
  if (!references) return std::nullopt;
  if (static_cast<std::uint32_t>(*references) > 1) return own;  // 3.14 on has flags in the upper half
  return SizedFields::sum(own + bytes_head, object.items_of(*buffer), 1);
}

Size size_of_buffered(const SizedFields& object) {
  constexpr std::uint64_t buffer_at = 56, buffer_size_at = 120;
  const auto buffer = object.at<Word>(buffer_at);
  if (!buffer) return std::nullopt;
  return object.with_items(*buffer == 0 ? 0 : object.at<std::int64_t>(buffer_size_at), 1);
}

/// PyStructObject: s_size, s_len, s_codes; the last code has no fmtdef, its first word.
Size size_of_struct_format(const SizedFields& object) {
  constexpr std::uint64_t codes_at = 32, code_bytes = 32;
  constexpr std::int64_t most_codes = 1 << 16;
  const auto codes = object.at<Word>(codes_at);
  if (!codes) return std::nullopt;
  for (std::int64_t i = 0; i < most_codes; ++i) {
    const auto definition = object.there<Word>(*codes + static_cast<std::uint64_t>(i) * code_bytes);
    if (!definition) return std::nullopt;
    if (*definition == 0) return object.with_items(i + 1, code_bytes);
  }
  return std::nullopt;
}

/// ElementObject: tag, text, tail, extra; the extra: attrib, length, allocated, children, four of them.
Size size_of_element(const SizedFields& object) {
  constexpr std::uint64_t extra_at = 40, allocated_at = 16, children_at = 24, inside_at = 32, extra_bytes = 64;
  const auto extra = object.at<Word>(extra_at);
  if (!extra) return std::nullopt;
  const auto own = static_cast<std::uint64_t>(object.object().basic_size);
  if (*extra == 0) return own;
  const auto children = object.there<Word>(*extra + children_at);
  if (!children) return std::nullopt;
  if (*children == *extra + inside_at) return own + extra_bytes;
  return SizedFields::sum(own + extra_bytes, object.there<std::int64_t>(*extra + allocated_at), pointer_bytes);
}

/// PyDecObject: hash, mpd_t: flags, exp, digits, len, alloc, data.
Size size_of_decimal(const SizedFields& object) {
  constexpr std::uint64_t flags_at = 24, allocated_at = 56;
  constexpr std::uint8_t data_is_not_its_own = 0x20 | 0x40 | 0x80;  // static, shared, constant: libmpdec/mpdecimal.h
  const auto flags = object.at<std::uint8_t>(flags_at);
  if (!flags) return std::nullopt;
  return object.with_items((*flags & data_is_not_its_own) != 0 ? 0 : object.at<std::int64_t>(allocated_at), 8);
}

/// All begin with the tuple of pools, or the pool; productobject has no r.
Size size_of_combinations(const SizedFields& object, bool has_pool, std::optional<std::uint64_t> r_at) {
  const auto pool = object.at<Word>(16);
  const auto items = pool && has_pool ? object.items_of(*pool) : std::optional<std::int64_t>(0);
  const auto r = r_at ? object.at<std::int64_t>(*r_at) : std::optional<std::int64_t>(0);
  const auto with_items = object.with_items(items, pointer_bytes);
  return with_items ? SizedFields::sum(*with_items, r, pointer_bytes) : std::nullopt;
}

Size size_by_rarer_rule(SizeRule rule, const SizedFields& object) {
  constexpr std::uint64_t combinations_r = 40, permutations_r = 48;
  switch (rule) {
    case SizeRule::bytearray:
      return size_of_bytearray(object);
    case SizeRule::dict:
      return size_of_dict(object);
    case SizeRule::ordered_dict:
      return size_of_ordered_dict(object);
    case SizeRule::set:
      return size_of_set(object);
    case SizeRule::type:
      return size_of_type(object);
    case SizeRule::code:
      return size_of_code(object);
    case SizeRule::frame:
      return size_of_frame(object);
    case SizeRule::generator:
      return size_of_generator(object);
    case SizeRule::deque:
      return size_of_deque(object);
    case SizeRule::array:
      return size_of_array(object);
    case SizeRule::bytes_io:
      return size_of_bytes_io(object);
    case SizeRule::buffered:
      return size_of_buffered(object);
    case SizeRule::struct_format:
      return size_of_struct_format(object);
    case SizeRule::element:
      return size_of_element(object);
    case SizeRule::decimal:
      return size_of_decimal(object);
    case SizeRule::product:
      return size_of_combinations(object, true, std::nullopt);
    case SizeRule::combinations:
      return size_of_combinations(object, false, combinations_r);
    case SizeRule::permutations:
      return size_of_combinations(object, true, permutations_r);
    case SizeRule::ndarray:
      return size_of_ndarray(object);
    case SizeRule::numpy_scalar:
      return size_of_numpy_scalar(object);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<SizeRule> find_size_rule(std::string_view owner) {
  const auto found = std::ranges::find(owners, owner, &Owner::name);
  return found == owners.end() ? std::nullopt : std::optional(found->rule);
}

/// What most objects are comes first, and in a function of few variables.
Size size_by_rule(SizeRule rule, const SizedObject& asked, const memory::MemorySource& memory) {
  constexpr std::uint64_t list_allocated = 32;
  if (asked.basic_size < 0 || asked.item_size < 0 || asked.owner_basic_size < 0 || asked.layout.free_threaded) {
    return std::nullopt;
  }
  const SizedFields object(asked, memory);
  switch (rule) {
    case SizeRule::object:
      return size_of_object(object);
    case SizeRule::integer:
      return size_of_integer(object);
    case SizeRule::str:
      return size_of_str(object);
    case SizeRule::list:
      return object.with_items(object.at<std::int64_t>(list_allocated), pointer_bytes);
    default:
      return size_by_rarer_rule(rule, object);
  }
}

}  // namespace tidemark::heap
