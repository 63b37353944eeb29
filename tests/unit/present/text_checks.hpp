// Purpose: what tests of shown text ask of it.
#pragma once

#include <algorithm>
#include <string>

namespace tidemark::present::test {

inline bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

/// Line breaks as spaces: a sentence may be wrapped anywhere.
inline std::string flat(const std::string& text) {
  std::string out;
  for (const char byte : text) {
    const bool is_space = byte == ' ' || byte == '\n';
    if (!is_space || (!out.empty() && out.back() != ' ')) out += is_space ? ' ' : byte;
  }
  return out;
}

/// Nothing in it drives a terminal.
inline bool is_safe(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) < 0x20 && byte != '\n') || byte == '\x7f';
  });
}

}  // namespace tidemark::present::test
