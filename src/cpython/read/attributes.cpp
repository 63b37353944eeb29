#include "tidemark/cpython/attributes.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "read_piece.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using base::Result;

constexpr std::uint64_t word_bytes = 8;
/// Of one object, in bytes; a larger one has its dict beyond what we look at.
constexpr std::uint64_t max_object_bytes = std::uint64_t{1} << 40;

base::Unexpected refused(ErrorCode code, Address at, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = "find an object's attributes", .address = at, .detail = detail});
}

/// A signed offset modulo 2^64, as addresses wrap.
Address at_offset(Address object, std::int64_t offset) { return object.plus(static_cast<std::uint64_t>(offset)); }

Result<Word> read_word(const memory::MemorySource& memory, Address at) {
  const auto value = memory.read_value<std::uint64_t>(at);
  if (!value) return base::fail(value.error());
  return Word{.at = at, .value = *value};
}

/// The dict's offset of a type whose objects end with it (_PyObject_GetDictPtr). Only to 3.11, where ob_size says how
/// long an int is too.
Result<std::int64_t> offset_from_end(const memory::MemorySource& memory, const Layout& layout, Address object,
                                     const TypeShape& shape) {
  const auto size = memory.read_value<std::int64_t>(object.plus(layout.object.size.offset()));
  if (!size) return base::fail(size.error());
  // Of what wraps, only a size within the cap goes on.
  const auto items = static_cast<std::uint64_t>(*size < 0 ? -(*size + 1) : *size) + (*size < 0 ? 1 : 0);
  const auto item_size = static_cast<std::uint64_t>(shape.item_size);
  const auto basic_size = static_cast<std::uint64_t>(shape.basic_size);
  if (items > max_object_bytes || item_size > max_object_bytes || basic_size > max_object_bytes ||
      (item_size != 0 && items > max_object_bytes / item_size)) {
    return refused(ErrorCode::malformed, object, "the object is too large");
  }
  const std::uint64_t end = (basic_size + items * item_size + word_bytes - 1) / word_bytes * word_bytes;
  return static_cast<std::int64_t>(end) + shape.dict_offset;
}

Result<AttributePlace> find_by_offset(const memory::MemorySource& memory, const Layout& layout, Address object,
                                      const TypeShape& shape) {
  auto offset = Result<std::int64_t>(shape.dict_offset);
  if (shape.dict_offset < 0) offset = offset_from_end(memory, layout, object, shape);
  if (!offset) return base::fail(std::move(offset).error());
  const auto word = read_word(memory, at_offset(object, *offset));
  if (!word) return base::fail(word.error());
  return AttributePlace{.dict = {word->value}, .first_value = {}, .words = {*word}};
}

/// Values behind the object; nullopt when they do not hold, which the words then say.
Result<bool> find_inline_values(const memory::MemorySource& memory, const Layout& layout, Address object,
                                const TypeShape& shape, AttributePlace& place) {
  const auto& valid = layout.attributes.values_valid;
  if (!valid.is_present() || valid.end() > word_bytes) return refused(ErrorCode::malformed, object, "no valid flag");
  const Address values = at_offset(object, shape.basic_size);
  const auto word = read_word(memory, values);
  if (!word) return base::fail(word.error());
  place.words.push_back(*word);
  const bool holds = (word->value >> (8 * valid.offset()) & 0xff) != 0;
  if (holds) place.first_value = values.plus(layout.attributes.values_data);
  return holds;
}

Result<AttributePlace> find_managed(const memory::MemorySource& memory, const Layout& layout, Address object,
                                    const TypeShape& shape) {
  const auto& where = layout.attributes;
  AttributePlace place;
  if (where.values_are_inline && shape.has(type_flags::inline_values)) {
    const auto holds = find_inline_values(memory, layout, object, shape, place);
    if (!holds) return base::fail(holds.error());
    if (*holds) return place;
  }
  if (where.values != 0) {
    const auto word = read_word(memory, at_offset(object, where.values));
    if (!word) return base::fail(word.error());
    place.words.push_back(*word);
    if (word->value != 0) {
      place.first_value = Address{word->value}.plus(where.values_data);
      return place;
    }
  }
  const auto word = read_word(memory, at_offset(object, where.dict));
  if (!word) return base::fail(word.error());
  place.words.push_back(*word);
  const bool may_be_values = where.values == 0 && !where.values_are_inline;  // 3.12: the address of values less one
  if (may_be_values && (word->value & 1) != 0) {
    place.first_value = Address{word->value}.plus(1 + where.values_data);
  } else {
    place.dict = {word->value};
  }
  return place;
}

std::vector<Word> words_of_dict(const Layout& layout, Address dict, const DictHead& head) {
  return {{.at = dict.plus(layout.dict.keys.offset()), .value = head.keys.value},
          {.at = dict.plus(layout.dict.values.offset()), .value = head.values.value}};
}

Result<std::vector<DictItem>> read_items(const memory::MemorySource& memory, const Layout& layout,
                                         const AttributePlace& place, const TypeShape& shape, std::size_t cap,
                                         std::vector<Word>& words) {
  if (!place.first_value.is_null()) {
    return read_shared_items(memory, layout, shape.cached_keys, place.first_value, cap);
  }
  if (place.dict.is_null()) return std::vector<DictItem>{};
  auto dict = read_dict(memory, layout, place.dict, cap);
  if (!dict) return base::fail(std::move(dict).error());
  for (const Word& word : words_of_dict(layout, place.dict, dict->head)) words.push_back(word);
  return std::move(dict->items);
}

}  // namespace

Result<TypeShape> read_type_shape(const memory::MemorySource& memory, const Layout& layout, Address type) {
  const auto& field = layout.type;
  StructBuffer buffer;
  const auto piece =
      read_piece(memory, type, extent_of(field.basic_size, field.item_size, field.flags, field.dict_offset), buffer);
  if (!piece) return base::fail(piece.error());
  const auto flags = piece->get(field.flags);
  const auto basic_size = piece->get(field.basic_size);
  const auto item_size = piece->get(field.item_size);
  const auto dict_offset = piece->get(field.dict_offset);
  if (!flags || !basic_size || !item_size || !dict_offset) {
    return refused(ErrorCode::malformed, type, "the layout lacks a field");
  }
  TypeShape shape{.flags = *flags,
                  .basic_size = *basic_size,
                  .item_size = *item_size,
                  .dict_offset = *dict_offset,
                  .cached_keys = {}};
  if (!shape.has(type_flags::heap_type) || !field.cached_keys.is_present()) return shape;
  const auto keys = memory.read_value<Address>(type.plus(field.cached_keys.offset()));
  if (!keys) return base::fail(keys.error());
  shape.cached_keys = *keys;
  return shape;
}

Result<AttributePlace> find_attributes(const memory::MemorySource& memory, const Layout& layout, Address object,
                                       const TypeShape& shape) {
  if (!is_plausible_pointer(object)) return refused(ErrorCode::torn, object, "not a pointer to an object");
  if (layout.attributes.dict != 0 && shape.has(type_flags::managed_dict)) {
    return find_managed(memory, layout, object, shape);
  }
  if (shape.dict_offset != 0) return find_by_offset(memory, layout, object, shape);
  return AttributePlace{};
}

Result<Attributes> read_attributes(const memory::MemorySource& memory, const Layout& layout, Address object,
                                   const TypeShape& shape, std::size_t cap) {
  const auto place = find_attributes(memory, layout, object, shape);
  if (!place) return base::fail(place.error());
  Attributes found{.items = {}, .words = place->words};
  auto items = read_items(memory, layout, *place, shape, cap, found.words);
  if (!items) return base::fail(std::move(items).error());
  found.items = std::move(items).value();
  const auto again = find_attributes(memory, layout, object, shape);
  if (!again || again->words != place->words) return refused(ErrorCode::torn, object, "its attributes moved");
  return found;
}

}  // namespace tidemark::cpython
