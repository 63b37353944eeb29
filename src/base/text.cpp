#include "tidemark/base/text.hpp"

#include <algorithm>

namespace tidemark::base {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

bool continues(std::string_view text, std::size_t at, unsigned lowest = 0x80, unsigned highest = 0xBF) {
  return at < text.size() && byte_at(text, at) >= lowest && byte_at(text, at) <= highest;
}

bool is_control(std::string_view character) {
  const unsigned first = byte_at(character, 0);
  const bool c1 = character.size() == 2 && first == 0xC2 && byte_at(character, 1) < 0xA0;
  return first < 0x20 || first == 0x7F || c1;
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += "\\x";
    out += digits[value >> 4U];
    out += digits[value & 15U];
  }
}

}  // namespace

// The well-formed sequences of the Unicode Standard, table 3-7.
std::size_t utf8_character_length(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(text, 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned lowest = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned highest = first == 0xED ? 0x9F : 0xBF;
    return continues(text, 1, lowest, highest) && continues(text, 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned lowest = first == 0xF0 ? 0x90 : 0x80;
    const unsigned highest = first == 0xF4 ? 0x8F : 0xBF;
    return continues(text, 1, lowest, highest) && continues(text, 2) && continues(text, 3) ? 4 : 0;
  }
  return 0;
}

std::string escape_unprintable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_character_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || is_control(character)) {
      append_escaped(out, character);
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

bool is_printable(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char byte) { return byte >= 0x20 && byte < 0x7F; });
  return plain || escape_unprintable(text) == text;
}

}  // namespace tidemark::base
