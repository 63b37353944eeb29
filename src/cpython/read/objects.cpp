#include "tidemark/cpython/objects.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;

constexpr std::uint64_t user_space_end = 0x7fff'ffff'f000;
constexpr std::uint64_t pointer_alignment = 8;

// struct { interned; kind:3; compact:1; ascii:1; … } state: Include/cpython/unicodeobject.h. From kind on it is the
// same in 3.8 to 3.15.
constexpr std::uint32_t kind_mask = 7;
constexpr std::uint32_t compact_bit = 1U << 3;
constexpr std::uint32_t ascii_bit = 1U << 4;

/// Covers the heads of all objects read here, of which the fields are looked up.
constexpr std::size_t max_head_bytes = 64;

constexpr char32_t replacement_character = 0xfffd;
constexpr char32_t last_character = 0x10ffff;

base::Unexpected malformed(const char* doing, Address at, const char* detail) {
  return base::fail(base::Error{.code = ErrorCode::malformed, .doing = doing, .address = at, .detail = detail});
}

struct StringHead {
  std::size_t characters = 0;
  unsigned bytes_per_character = 1;
  Address data;
};

std::uint32_t from_kind_on(const Layout& layout, std::uint32_t state) { return state >> layout.unicode.kind_bit; }

base::Result<StringHead> read_string_head(const memory::MemorySource& memory, const Layout& layout, Address object) {
  constexpr const char* doing = "read a string";
  if (!is_plausible_pointer(object)) return malformed(doing, object, "not a pointer to an object");
  const Extent extent = extent_of(layout.unicode.length, layout.unicode.state);
  std::array<std::byte, max_head_bytes> bytes;
  if (extent.size() > bytes.size()) return malformed(doing, object, "the layout's string head is too long");
  const auto head_bytes = std::span(bytes).first(extent.size());
  if (auto read = memory.read(object.plus(extent.first), head_bytes); !read) {
    return base::fail(std::move(read).error());
  }
  const Piece head{.bytes = head_bytes, .first = extent.first};
  const std::int64_t length = head.get(layout.unicode.length).value_or(-1);
  const std::uint32_t state = from_kind_on(layout, head.get(layout.unicode.state).value_or(0));
  const unsigned kind = state & kind_mask;
  if (length < 0) return malformed(doing, object, "its length is negative");
  if ((state & compact_bit) == 0) return malformed(doing, object, "it is not compact");
  if (kind != 1 && kind != 2 && kind != 4) return malformed(doing, object, "its kind does not exist");
  const bool is_ascii = (state & ascii_bit) != 0;
  return StringHead{.characters = static_cast<std::size_t>(length),
                    .bytes_per_character = kind,
                    .data = object.plus(is_ascii ? layout.unicode.ascii_data : layout.unicode.compact_data)};
}

constexpr unsigned digit_bits = 30;         // PyLong_SHIFT of every 64-bit build
constexpr std::uint64_t max_digits = 3;     // of a number of 64 bits
constexpr unsigned tag_size_shift = 3;      // _PyLong_NON_SIZE_BITS, Include/cpython/longintrepr.h of 3.12 on
constexpr std::uint64_t tag_sign_mask = 3;  // _PyLong_SIGN_MASK
constexpr std::uint64_t tag_negative = 2;

/// How many digits a PyLong has.
base::Result<std::size_t> read_digit_count(const memory::MemorySource& memory, const Layout& layout, Address object) {
  constexpr const char* doing = "read an int";
  if (!is_plausible_pointer(object)) return malformed(doing, object, "not a pointer to an object");
  const auto& tag = layout.integer.tag;
  const std::uint32_t at = tag.is_present() ? tag.offset() : layout.object.size.offset();
  const auto word = memory.read_value<std::uint64_t>(object.plus(at));
  if (!word) return base::fail(word.error());
  // ob_size of a negative one is negative: far too many.
  const std::uint64_t count = tag.is_present() ? *word >> tag_size_shift : *word;
  const bool is_negative = tag.is_present() && (*word & tag_sign_mask) == tag_negative;
  if (is_negative || count > max_digits) return malformed(doing, object, "it is negative or too long");
  return static_cast<std::size_t>(count);
}

void append_utf8(std::string& text, char32_t character) {
  if (character > last_character || (character >= 0xd800 && character < 0xe000)) character = replacement_character;
  const auto put = [&](char32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xc0 | (character >> 6));
    put(0x80 | (character & 0x3f));
  } else if (character < 0x10000) {
    put(0xe0 | (character >> 12));
    put(0x80 | ((character >> 6) & 0x3f));
    put(0x80 | (character & 0x3f));
  } else {
    put(0xf0 | (character >> 18));
    put(0x80 | ((character >> 12) & 0x3f));
    put(0x80 | ((character >> 6) & 0x3f));
    put(0x80 | (character & 0x3f));
  }
}

/// The fields and what lies at `data`. A process states where that is: it need not follow them.
Extent cover(Extent fields, std::uint64_t data, std::uint64_t size_bytes) {
  return {.first = std::min(fields.first, static_cast<std::uint32_t>(data)),
          .end = std::max(fields.end, static_cast<std::uint32_t>(data + size_bytes))};
}

char32_t character_at(std::span<const std::byte> bytes, std::size_t index, unsigned width) {
  char32_t character = 0;  // little-endian: the low bytes come first
  std::memcpy(&character, bytes.data() + index * width, width);
  return character;
}

}  // namespace

bool is_plausible_pointer(Address address) {
  return !address.is_null() && address.value % pointer_alignment == 0 && address.value < user_space_end;
}

bool is_compact_ascii(const Layout& layout, std::uint32_t state) {
  constexpr std::uint32_t both = compact_bit | ascii_bit;
  return (from_kind_on(layout, state) & both) == both;
}

base::Result<std::string> read_unicode(const memory::MemorySource& memory, const Layout& layout, Address object) {
  auto head = read_string_head(memory, layout, object);
  if (!head) return base::fail(std::move(head).error());
  const std::size_t taken = std::min(head->characters, max_name_characters);
  std::vector<std::byte> bytes(taken * head->bytes_per_character);
  if (auto read = memory.read(head->data, bytes); !read) return base::fail(std::move(read).error());
  std::string text;
  text.reserve(taken);
  for (std::size_t i = 0; i < taken; ++i) append_utf8(text, character_at(bytes, i, head->bytes_per_character));
  if (taken < head->characters) text += "…";
  return text;
}

base::Result<Extent> unicode_extent(const memory::MemorySource& memory, const Layout& layout, Address object) {
  const auto head = read_string_head(memory, layout, object);
  if (!head) return base::fail(head.error());
  const std::size_t characters = std::min(head->characters, max_name_characters);
  const Extent fields = extent_of(layout.unicode.length, layout.unicode.state);
  const std::uint64_t data = head->data.value - object.value;
  return cover(fields, data, characters * head->bytes_per_character);
}

base::Result<Extent> integer_extent(const memory::MemorySource& memory, const Layout& layout, Address object) {
  const auto count = read_digit_count(memory, layout, object);
  if (!count) return base::fail(count.error());
  const auto& tag = layout.integer.tag;
  const Extent fields = tag.is_present() ? extent_of(tag) : extent_of(layout.object.size);
  return cover(fields, layout.integer.digits, *count * sizeof(std::uint32_t));
}

base::Result<std::uint64_t> read_integer(const memory::MemorySource& memory, const Layout& layout, Address object) {
  const auto count = read_digit_count(memory, layout, object);
  if (!count) return base::fail(count.error());
  std::array<std::uint32_t, max_digits> digits{};
  const auto into = std::as_writable_bytes(std::span(digits).first(*count));
  if (auto read = memory.read(object.plus(layout.integer.digits), into); !read) {
    return base::fail(std::move(read).error());
  }
  constexpr std::uint32_t last_digit_bits = 64 - 2 * digit_bits;
  const bool fits = digits[2] < 1U << last_digit_bits &&
                    std::all_of(digits.begin(), digits.end(), [](auto digit) { return digit < 1U << digit_bits; });
  if (!fits) return malformed("read an int", object, "it is too long");
  return std::uint64_t{digits[2]} << (2 * digit_bits) | std::uint64_t{digits[1]} << digit_bits | digits[0];
}

base::Result<std::vector<std::byte>> read_bytes_object(const memory::MemorySource& memory, const Layout& layout,
                                                       Address object, std::size_t cap_bytes) {
  constexpr const char* doing = "read a bytes object";
  if (!is_plausible_pointer(object)) return malformed(doing, object, "not a pointer to an object");
  auto size = memory.read_value<std::int64_t>(object.plus(layout.object.size.offset()));
  if (!size) return base::fail(std::move(size).error());
  if (*size < 0) return malformed(doing, object, "its size is negative");
  if (static_cast<std::uint64_t>(*size) > cap_bytes) {
    return base::fail(base::Error{.code = ErrorCode::limit, .doing = doing, .address = object});
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(*size));
  if (auto read = memory.read(object.plus(layout.bytes.data), bytes); !read) {
    return base::fail(std::move(read).error());
  }
  return bytes;
}

}  // namespace tidemark::cpython
