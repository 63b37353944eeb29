#include "detail/recogniser.hpp"

#include <algorithm>

#include "tidemark/cpython/attributes.hpp"
#include "tidemark/cpython/refcounts.hpp"

namespace tidemark::heap {

namespace {

constexpr std::uint64_t no_size = 0;
constexpr std::uint64_t most_items = std::uint64_t{1} << 40;
constexpr std::uint64_t smallest_head = 32;  ///< what is read of an object at least

std::uint64_t up_to(std::uint64_t size, std::uint64_t unit) { return (size + unit - 1) / unit * unit; }

/// Of an ob_size, which is negative for negative ints; also of the one number that std::abs has no answer for.
std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

/// A bare object() is two words. So is the block of a buffer of a few bytes (numbers from 0 up, as tables of C code
/// have them), behind which the type of an object() that was there before still stands; their first byte is 0.
bool is_short_buffer(const TypeEntry& type, std::uint64_t references) {
  constexpr std::int64_t two_words = 16;
  constexpr std::uint64_t first_byte = 0xff;
  return type.basic_size == two_words && type.item_size == 0 && !type.has_gc && (references & first_byte) == 0;
}

}  // namespace

bool is_debug_head(const std::byte* block, std::uint64_t seen) {
  if (seen < debug_head_bytes) return false;
  const auto word = load(block + sizeof(std::uint64_t));
  constexpr std::uint64_t forbidden = 0xfd'fdfd'fdfd'fdfd;
  const auto api = static_cast<char>(word & 0xff);
  return word >> 8 == forbidden && (api == 'o' || api == 'm' || api == 'r');
}

Recogniser::Recogniser(TypeTable& types)
    : types_(types),
      layout_(types.layout()),
      type_at_(layout_.object.type.is_present() ? layout_.object.type.offset() : 8),
      size_at_(layout_.object.size.is_present() ? layout_.object.size.offset() : 16) {}

/// Inline, as it is what a census does most: up to three times a block.
[[gnu::always_inline]] inline TypeEntry* Recogniser::object_at(const Block& block, std::uint32_t offset,
                                                               bool wants_gc) {
  if (offset + places::first_own_word > block.seen) return nullptr;
  auto* const type = types_.find(load(block.bytes + offset + type_at_));
  if (type == nullptr || type->has_gc != wants_gc || type->head_bytes != offset) return nullptr;
  const std::uint64_t references = load(block.bytes + offset);
  if (cpython::is_dead_refcount(references) || types_.is_low_address(references)) return nullptr;
  if (is_short_buffer(*type, references)) return nullptr;
  return fits(*type, block, offset) ? type : nullptr;
}

Recognised Recogniser::look(const Block& block) {
  if (block.seen >= smallest_head && is_debug_head(block.bytes, block.seen)) {
    const std::uint64_t asked = __builtin_bswap64(load(block.bytes));
    if (asked <= block.size && block.size - asked >= debug_head_bytes + debug_tail_bytes) {
      const Block inner{.bytes = block.bytes + debug_head_bytes,
                        .seen = std::min(block.seen - debug_head_bytes, asked),
                        .size = asked,
                        .slack = sizeof(std::uint64_t)};
      auto found = look(inner);
      found.offset += debug_head_bytes;
      found.is_debug = true;
      return found;
    }
  }
  if (auto* const type = object_at(block, 0, false)) return {.type = type, .offset = 0};
  constexpr std::uint32_t behind_gc = places::gc_head, behind_both = places::gc_head + places::pre_header;
  if (auto* const type = object_at(block, behind_gc, true)) return {.type = type, .offset = behind_gc};
  if (auto* const type = object_at(block, behind_both, true)) return {.type = type, .offset = behind_both};
  return {};
}

bool Recogniser::fits(const TypeEntry& type, const Block& block, std::uint32_t offset) const {
  const std::byte* const object = block.bytes + offset;
  const std::uint64_t seen = block.seen - offset, room = block.size - offset;
  std::uint64_t size = static_cast<std::uint64_t>(type.basic_size);
  bool is_exact = type.has_exact_size;
  if (type.kind == ObjectKind::integer) {
    const std::uint64_t whole = size_of_int(object, seen);
    if (whole == no_size) return false;
    size = whole + static_cast<std::uint64_t>(type.basic_size) - layout_.integer.digits;
  } else if (type.kind == ObjectKind::str) {
    size = size_of_str(object, seen);
    if (size == no_size) return false;
    is_exact = false;
  } else if (type.item_size != 0) {
    if (size_at_ + sizeof(std::int64_t) > seen) return false;
    const std::uint64_t items = magnitude(load<std::int64_t>(object + size_at_));
    if (items > most_items) return false;
    size += items * static_cast<std::uint64_t>(type.item_size);
  }
  if (size == no_size || size - type.unused_tail > room) return false;
  size = std::min(size, room);
  if (is_exact) return room - size < block.slack || up_to(size, 16) == up_to(room, 16);
  if (type.has_values_behind) return fits_values({object, seen}, size, room - size, block.slack);
  if (type.has_open_end) return true;
  // What may have been cut in place: an int that was normalised, a str or bytes that was made shorter.
  constexpr std::uint64_t least_part = 4;
  return size >= room / least_part || room - size < block.slack;
}

/// PyDictValues (3.13 on, Include/internal/pycore_dict.h): four bytes, the values, and the order in which they came, a
/// byte for each of them. The first objects of a type have room for one more than they count: what they count is taken
/// down after room was made (_PyObject_InitInlineValues, Objects/dictobject.c).
bool Recogniser::fits_values(std::span<const std::byte> object, std::uint64_t begin, std::uint64_t room,
                             std::uint64_t slack) {
  constexpr std::uint64_t word = sizeof(std::uint64_t), most_shared_keys = 30;
  const auto bytes_for = [](std::uint64_t capacity) { return word + capacity * word + up_to(capacity, word); };
  if (room < word) return false;
  if (begin + word > object.size()) return true;
  const auto values = object.subspan(begin, word);
  const auto capacity = std::to_integer<std::uint64_t>(values[0]), used = std::to_integer<std::uint64_t>(values[1]);
  const bool is_embedded = values[2] == std::byte{1}, is_valid_a_flag = values[3] <= std::byte{1};
  if (!is_embedded || !is_valid_a_flag || capacity == 0 || capacity > most_shared_keys || used > capacity) {
    return false;
  }
  return bytes_for(capacity) <= room && room < bytes_for(capacity + 1) + slack;
}

std::uint64_t Recogniser::size_of_int(const std::byte* object, std::uint64_t seen) const {
  constexpr unsigned sign_bits = 3;
  constexpr std::uint64_t digit_bytes = 4, most_digits = std::uint64_t{1} << 36;
  if (size_at_ + sizeof(std::int64_t) > seen) return no_size;
  const auto word = load<std::int64_t>(object + size_at_);
  const std::uint64_t digits =
      layout_.integer.tag.is_present() ? static_cast<std::uint64_t>(word) >> sign_bits : magnitude(word);
  if (digits > most_digits) return std::uint64_t{1} << 62;
  return layout_.integer.digits + std::max<std::uint64_t>(digits, 1) * digit_bytes;
}

bool Recogniser::is_ascii_str(const std::byte* object, std::uint64_t seen, bool& is_compact) const {
  if (!layout_.unicode.state.is_present() || layout_.unicode.state.end() > seen) return false;
  const auto state = load<std::uint32_t>(object + layout_.unicode.state.offset()) >> layout_.unicode.kind_bit;
  is_compact = (state >> 3 & 1U) != 0;
  return is_compact && (state >> 4 & 1U) != 0;
}

std::uint64_t Recogniser::size_of_str(const std::byte* object, std::uint64_t seen) const {
  if (!layout_.unicode.state.is_present() || layout_.unicode.state.end() > seen) return no_size;
  const auto length = load<std::int64_t>(object + layout_.unicode.length.offset());
  const auto state = load<std::uint32_t>(object + layout_.unicode.state.offset()) >> layout_.unicode.kind_bit;
  const std::uint64_t kind = state & 7U;
  if (length < 0 || static_cast<std::uint64_t>(length) > most_items) return no_size;
  bool is_compact = false;
  const bool is_ascii = is_ascii_str(object, seen, is_compact);
  if (!is_compact) return layout_.unicode.compact_data + sizeof(std::uint64_t);
  if (kind != 1 && kind != 2 && kind != 4) return no_size;
  return (is_ascii ? layout_.unicode.ascii_data : layout_.unicode.compact_data) +
         (static_cast<std::uint64_t>(length) + 1) * kind;
}

}  // namespace tidemark::heap
