// Purpose: text that comes from elsewhere (names, paths, arguments of other processes) made safe to write down.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tidemark::base {

/// The length in bytes of the UTF-8 character at the start of `text`; 0 when there is none (broken, overlong, a
/// surrogate, beyond U+10FFFF, or cut).
[[nodiscard]] std::size_t utf8_character_length(std::string_view text);

/// Bytes that are not UTF-8 and control characters (C0, DEL, C1) become \xNN, one for each byte; all else stays as it
/// is. A backslash stays too: the result is for reading, not for decoding.
[[nodiscard]] std::string escape_unprintable(std::string_view text);

/// Whether escape_unprintable would change anything: lets hot paths skip the copy.
[[nodiscard]] bool is_printable(std::string_view text);

}  // namespace tidemark::base
