#include "spans.hpp"

#include <algorithm>

#include "document.hpp"
#include "tidemark/base/text.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

constexpr std::string_view bold_on = "\x1b[1m", bold_off = "\x1b[0m";

/// A code span's fence is longer than any run of backticks within it (CommonMark 6.1).
std::size_t longest_run_of_backticks(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char byte : text) {
    run = byte == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

std::string code_span(std::string_view text, bool in_table) {
  if (text.empty()) return {};
  const std::string fence(longest_run_of_backticks(text) + 1, '`');
  const bool padded = text.front() == '`' || text.back() == '`';
  std::string span = fence + (padded ? " " : "");
  for (const char byte : text) {
    if (byte == '|' && in_table) span += '\\';  // GitHub splits cells before it looks for code
    span += byte;
  }
  return span + (padded ? " " : "") + fence;
}

void append_escaped(std::string& out, char byte) {
  constexpr std::string_view markup = "\\`*_[]<>|~$&#";
  if (markup.find(byte) != std::string_view::npos) out += '\\';
  out += byte;
}

}  // namespace

std::string without_spans(std::string_view text) { return terminal_spans(text, false); }

std::size_t columns_of(std::string_view text) { return display_columns(without_spans(text)); }

std::string terminal_spans(std::string_view text, bool colour) {
  std::string out;
  for (const char byte : text) {
    if (!is_span_byte(byte)) out += byte;
    if (colour && byte == strong_opens) out += bold_on;
    if (colour && byte == strong_closes) out += bold_off;
  }
  return out;
}

std::string markdown_spans(std::string_view text, bool in_table) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == name_opens) {
      const std::size_t end = std::min(text.find(name_closes, at), text.size());
      out += code_span(text.substr(at + 1, end - at - 1), in_table);
      at = end;
    } else if (is_span_byte(text[at])) {
      out += "**";
    } else {
      append_escaped(out, text[at]);
    }
  }
  return out;
}

std::string name(std::string_view text, const TextStyle& style, std::size_t width) {
  if (text.empty()) return {};
  return name_opens + printable(text, width, style.ascii) + name_closes;
}

std::string said(std::string_view text) { return base::escape_unprintable(text); }

std::string strong(std::string_view text) { return strong_opens + std::string(text) + strong_closes; }

}  // namespace tidemark::present::detail
