#include <algorithm>
#include <array>

#include "document.hpp"
#include "spans.hpp"
#include "table_layout.hpp"

namespace tidemark::present::detail {
namespace {

constexpr std::size_t facts_indent = 2, longest_fact_word = 20;

/// Bytes of the longest beginning of `text` that fits; at least one character, so that a loop comes to its end.
std::size_t fitting_bytes(std::string_view text, std::size_t width) {
  std::size_t end = 0;
  while (end < text.size()) {
    std::size_t next = end + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80U) ++next;
    if (end > 0 && columns_of(text.substr(0, next)) > width) break;
    end = next;
  }
  return end;
}

bool is_unit(std::string_view word) {
  constexpr std::array<std::string_view, 12> units{"MB",  "MB/h", "%", "h",  "s",  "ms",
                                                   "min", "days", "B", "KB", "GB", "TB"};
  const std::size_t end = word.find_last_not_of(".,;:)");
  return end != std::string_view::npos && std::find(units.begin(), units.end(), word.substr(0, end + 1)) != units.end();
}

bool ends_in_digit(std::string_view word) { return !word.empty() && word.back() >= '0' && word.back() <= '9'; }

/// A number and its unit are one word.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!words.empty() && ends_in_digit(words.back()) && is_unit(word))
      (words.back() += ' ') += word;
    else if (!word.empty())
      words.emplace_back(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// The first line with one beginning, the others with as many spaces.
std::string hanging(std::string_view beginning, std::string_view text, std::size_t width) {
  const std::size_t indent = columns_of(beginning);
  std::string out;
  for (const auto& line : wrapped(text, width > indent ? width - indent : 1)) {
    out += (out.empty() ? std::string(beginning) : std::string(indent, ' ')) + line + "\n";
  }
  return out;
}

std::string block_text(const Heading& heading, const TextStyle& style) {
  return hanging("", heading.text, style.width);
}

std::string block_text(const Sentences& sentences, const TextStyle& style) {
  return hanging(std::string(sentences.indent, ' '), sentences.text, style.width);
}

std::string block_text(const Facts& facts, const TextStyle& style) {
  std::size_t word_width = 0;
  for (const auto& [word, text] : facts.facts) word_width = std::max(word_width, columns_of(word));
  word_width = std::min(word_width, longest_fact_word);
  std::string out;
  for (const auto& [word, text] : facts.facts) {
    std::string beginning = std::string(facts_indent, ' ') + word;
    const std::size_t columns = columns_of(word);
    beginning.append(columns < word_width ? word_width - columns + 2 : 2, ' ');
    out += hanging(beginning, text, style.width);
  }
  return out;
}

std::string block_text(const Table& table, const TextStyle& style) { return table_text(table, style); }

std::string block_text(const Drawing& drawing, const TextStyle&) { return drawing.lines; }

/// An empty line opens a part, and parts what differs in kind.
bool has_line_before(const Block& before, const Block& block) {
  if (std::holds_alternative<Heading>(before)) return false;
  if (std::holds_alternative<Heading>(block)) return true;
  if (const auto* sentences = std::get_if<Sentences>(&block)) return sentences->apart;
  if (std::holds_alternative<Facts>(block)) return true;
  if (const auto* table = std::get_if<Table>(&block); table != nullptr && table->apart) return true;
  return !std::holds_alternative<Sentences>(before);
}

}  // namespace

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  for (const auto& unbroken : words_of(text)) {
    std::string_view word = unbroken;
    if (!lines.empty() && columns_of(lines.back()) + 1 + columns_of(word) <= width) {
      lines.back() += ' ';
      lines.back() += word;
      continue;
    }
    while (columns_of(word) > width) {
      const std::size_t bytes = fitting_bytes(word, width);
      lines.emplace_back(word.substr(0, bytes));
      word.remove_prefix(bytes);
    }
    if (!word.empty()) lines.emplace_back(word);
  }
  return lines;
}

std::string as_text(const Document& document, const TextStyle& style) {
  std::string text;
  const Block* before = nullptr;
  for (const auto& block : document) {
    const std::string lines = std::visit([&style](const auto& kind) { return block_text(kind, style); }, block);
    if (lines.empty()) continue;
    if (before != nullptr && has_line_before(*before, block)) text += '\n';
    text += lines;
    before = &block;
  }
  return terminal_spans(text, style.colour);
}

}  // namespace tidemark::present::detail
