// Purpose: values as the bytes of a recording. The only place that escapes text or formats a number for a file.
//
// Text: bytes that are not part of valid UTF-8, control characters (U+0000-U+001F, U+007F-U+009F) and the backslash
// itself are written `\xNN` per byte, in lower case. So a line break or NUL never reaches a file, and replacing every
// `\xNN` by its byte gives back exactly what the target had. A CSV cell with a comma or a quote is quoted by RFC 4180.
// JSON strings hold the same escaped text, with JSON's own escapes on top, so that both formats give a reader the same
// characters. Nothing else is altered: a name that begins with `=`, `+`, `-` or `@` stays as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidemark/record/columns.hpp"

namespace tidemark::record {

/// Longest text of a cell in bytes, before escaping (PATH_MAX); what is longer is cut.
inline constexpr std::size_t max_text_bytes = 4096;

/// Appends the escaped form described above, uncut.
void append_escaped(std::string& out, std::string_view text);

/// Appends one cell, without its comma.
void append_csv(std::string& out, const Value& value);

/// Appends one JSON value: null, number or string. Numbers are the CSV's.
void append_json(std::string& out, const Value& value);

/// Appends a JSON string of the escaped text, uncut.
void append_json_string(std::string& out, std::string_view text);

/// Appends `2026-11-21T05:53:00.123Z`.
void append_instant(std::string& out, Instant instant);

/// Reads what append_instant wrote; nullopt for anything else.
[[nodiscard]] std::optional<Instant> parse_instant(std::string_view text);

/// Reads a non-negative decimal number of seconds, as written in elapsed_seconds, as nanoseconds.
[[nodiscard]] std::optional<std::int64_t> parse_seconds(std::string_view text);

/// The original bytes of an escaped text.
[[nodiscard]] std::string unescaped(std::string_view text);

}  // namespace tidemark::record
