#include "render_text.hpp"

#include <algorithm>
#include <array>

#include "tidemark/base/text.hpp"

namespace tidemark::cpython {

namespace {

constexpr std::string_view ellipsis = "…";

struct Range {
  char32_t first, last;
};

/// What str.isprintable() says no to (Unicode 15: Cc, Cf, Cs, Co, Zl, Zp, Zs but the space), and noncharacters. Code
/// points that no release has given a meaning to are not listed: they are shown.
constexpr auto unprintable = std::to_array<Range>(
    {{0x0, 0x1f},        {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},       {0x61c, 0x61c},
     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},       {0x1680, 0x1680},
     {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},     {0x3000, 0x3000},
     {0xd800, 0xf8ff},   {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xfff0, 0xfffb},     {0xfffe, 0xffff},
     {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},   {0x1d173, 0x1d17a},
     {0x1fffe, 0x1ffff}, {0x2fffe, 0x2ffff}, {0x3fffe, 0xe00ff}, {0xe01f0, 0xffffffff}});

/// East Asian wide: two columns.
constexpr auto wide = std::to_array<Range>({{0x1100, 0x115f},
                                            {0x2e80, 0xa4cf},
                                            {0xac00, 0xd7a3},
                                            {0xf900, 0xfaff},
                                            {0xfe30, 0xfe6f},
                                            {0xff00, 0xff60},
                                            {0xffe0, 0xffe6},
                                            {0x1f300, 0x1faff},
                                            {0x20000, 0x3fffd}});

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t character) {
  return std::ranges::any_of(ranges,
                             [&](const Range& range) { return range.first <= character && character <= range.last; });
}

std::string utf8_of(char32_t character) {
  const auto byte = [](char32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
  if (character < 0x80) return {byte(character)};
  if (character < 0x800) return {byte(0xc0 | (character >> 6)), byte(0x80 | (character & 0x3f))};
  if (character < 0x10000) {
    return {byte(0xe0 | (character >> 12)), byte(0x80 | ((character >> 6) & 0x3f)), byte(0x80 | (character & 0x3f))};
  }
  return {byte(0xf0 | (character >> 18)), byte(0x80 | ((character >> 12) & 0x3f)),
          byte(0x80 | ((character >> 6) & 0x3f)), byte(0x80 | (character & 0x3f))};
}

char32_t decode(std::string_view utf8) {
  const auto bits = [&](std::size_t at) { return static_cast<unsigned char>(utf8[at]) & 0x3fU; };
  const auto first = static_cast<unsigned char>(utf8[0]);
  if (utf8.size() == 1) return first;
  if (utf8.size() == 2) return (first & 0x1fU) << 6 | bits(1);
  if (utf8.size() == 3) return (first & 0xfU) << 12 | bits(1) << 6 | bits(2);
  return (first & 7U) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3);
}

/// repr() takes double quotes only for text with single ones and no double ones.
template <class Unit>
char32_t quote_for(std::span<const Unit> text) {
  const auto has = [&](char quote) {
    return std::ranges::any_of(text, [&](Unit unit) { return unit == static_cast<Unit>(quote); });
  };
  return has('\'') && !has('"') ? U'"' : U'\'';
}

}  // namespace

void RenderText::put_one(std::string_view utf8, std::size_t width) {
  if (is_full()) return;
  if (width_ + 1 <= columns_) cut_ = text_.size();
  width_ += width;
  text_ += utf8;
}

void RenderText::put(std::string_view utf8) {
  while (!utf8.empty() && !is_full()) {
    const std::size_t length = std::max<std::size_t>(base::utf8_character_length(utf8), 1);
    put_one(utf8.substr(0, length), 1);
    utf8.remove_prefix(length);
  }
}

void RenderText::put_hex(std::string_view prefix, std::uint32_t number, int digits) {
  std::string text(prefix);
  for (int i = digits - 1; i >= 0; --i) text += "0123456789abcdef"[number >> (4 * i) & 0xf];
  put(text);
}

void RenderText::put_character(char32_t character) {
  if (!is_in(unprintable, character)) {
    put_one(utf8_of(character), is_in(wide, character) ? 2 : 1);
  } else if (character == U'\n' || character == U'\r' || character == U'\t') {
    put(character == U'\n' ? "\\n" : character == U'\r' ? "\\r" : "\\t");
  } else if (character <= 0xff) {
    put_hex("\\x", character, 2);
  } else if (character <= 0xffff) {
    put_hex("\\u", character, 4);
  } else {
    put_hex("\\U", character, 8);
  }
}

void RenderText::put_name(std::string_view bytes) {
  while (!bytes.empty() && !is_full()) {
    const std::size_t length = base::utf8_character_length(bytes);
    if (length == 0) {
      put_hex("\\x", static_cast<unsigned char>(bytes[0]), 2);
    } else {
      put_character(decode(bytes.substr(0, length)));
    }
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

void RenderText::put_in_quotes(char32_t character, char32_t quote) {
  if (character == quote || character == U'\\') put_one("\\", 1);
  put_character(character);
}

void RenderText::put_quoted(std::span<const char32_t> characters, bool is_whole) {
  const char32_t quote = quote_for(characters);
  put_character(quote);
  for (const char32_t character : characters) {
    if (is_full()) return;
    put_in_quotes(character, quote);
  }
  if (!is_whole) put(ellipsis);
  put_character(quote);
}

void RenderText::put_quoted(std::span<const std::byte> bytes, bool is_whole) {
  const char32_t quote = quote_for(bytes);
  put("b");
  put_character(quote);
  for (const std::byte byte : bytes) {
    if (is_full()) return;
    const auto value = std::to_integer<std::uint32_t>(byte);
    if (value < 0x80) {
      put_in_quotes(value, quote);
    } else {
      put_hex("\\x", value, 2);
    }
  }
  if (!is_whole) put(ellipsis);
  put_character(quote);
}

std::string RenderText::take() && {
  if (!is_full()) return std::move(text_);
  text_.resize(cut_);
  if (columns_ > 0) text_ += ellipsis;
  return std::move(text_);
}

}  // namespace tidemark::cpython
