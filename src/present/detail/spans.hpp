// Purpose: what a piece of text is, written within it: control bytes, which said() and name() let nobody else use.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tidemark::present::detail {

inline constexpr char name_opens = '\x01', name_closes = '\x02', strong_opens = '\x03', strong_closes = '\x04';

[[nodiscard]] constexpr bool is_span_byte(char byte) { return byte >= name_opens && byte <= strong_closes; }

/// What a reader of a terminal without colour sees.
[[nodiscard]] std::string without_spans(std::string_view text);

/// Display columns of what is seen.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// As terminal text: colour or nothing for what is strong.
[[nodiscard]] std::string terminal_spans(std::string_view text, bool colour);

/// As Markdown: code spans, bold, and everything else escaped.
[[nodiscard]] std::string markdown_spans(std::string_view text, bool in_table);

}  // namespace tidemark::present::detail
