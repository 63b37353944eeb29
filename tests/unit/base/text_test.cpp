#include "tidemark/base/text.hpp"

#include <doctest/doctest.h>

using tidemark::base::escape_unprintable;
using tidemark::base::is_printable;
using tidemark::base::utf8_character_length;

TEST_CASE("valid UTF-8 stays, with its backslashes") {
  for (const char* text : {"worker.py", "naïve", "ワーカー", "😀", "a\\xb", "\xC2\xA0", "\xEF\xBF\xBF"}) {
    CHECK(escape_unprintable(text) == text);
    CHECK(is_printable(text));
  }
}

TEST_CASE("control characters and broken bytes become \\xNN, byte by byte") {
  CHECK(escape_unprintable("a\nb\tc") == "a\\x0ab\\x09c");
  CHECK(escape_unprintable(std::string_view("\0\x7f", 2)) == "\\x00\\x7f");
  CHECK(escape_unprintable("\xC2\x85") == "\\xc2\\x85");           // NEL, a C1 control
  CHECK(escape_unprintable("\xC0\xAF") == "\\xc0\\xaf");           // overlong
  CHECK(escape_unprintable("\xED\xA0\x80") == "\\xed\\xa0\\x80");  // a surrogate
  CHECK(escape_unprintable("\xF4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
  CHECK(escape_unprintable("ab\xE3\x83") == "ab\\xe3\\x83");  // cut
  CHECK_FALSE(is_printable("a\nb"));
  CHECK_FALSE(is_printable("\xff"));
}

TEST_CASE("every code point's encoding is one character, and nothing else is") {
  std::size_t well_formed = 0;
  std::string bytes(3, '\0');
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      bytes[0] = static_cast<char>(first);
      bytes[1] = static_cast<char>(second);
      bytes[2] = static_cast<char>(0x80);
      if (utf8_character_length(bytes) == 3) ++well_formed;
    }
  }
  // U+0800…U+FFFF without surrogates has (0x10000 - 0x800 - 0x800) / 64 pairs of first and second byte.
  CHECK(well_formed == (0x10000 - 0x800 - 0x800) / 64);
  CHECK(utf8_character_length("") == 0);
}
