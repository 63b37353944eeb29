#include "document.hpp"
#include "spans.hpp"
#include "table_layout.hpp"

namespace tidemark::present::detail {
namespace {

std::string block_markdown(const Heading& heading) {
  return std::string(static_cast<std::size_t>(heading.level) + 1, '#') + " " + markdown_spans(heading.text, false) +
         "\n";
}

std::string block_markdown(const Sentences& sentences) {
  return sentences.text.empty() ? std::string() : markdown_spans(sentences.text, false) + "\n";
}

std::string block_markdown(const Facts& facts) {
  std::string out;
  for (const auto& [word, text] : facts.facts) {
    out += "- **" + markdown_spans(word, false) + ":** " + markdown_spans(text, false) + "\n";
  }
  return out;
}

std::string block_markdown(const Table& given) {
  const Table table = with_content(given);
  if (table.columns.empty()) return {};
  std::string out = "|";
  for (const auto& column : table.columns) out += " " + markdown_spans(column.title, true) + " |";
  out += "\n|";
  for (const auto& column : table.columns) out += column.align == Align::right ? "--:|" : ":--|";
  for (const auto& row : table.rows) {
    out += "\n|";
    for (const auto& cell : row) out += " " + markdown_spans(cell, true) + " |";
  }
  return out + "\n";
}

std::string block_markdown(const Drawing& drawing) {
  return drawing.lines.empty() ? std::string() : "```text\n" + drawing.lines + "```\n";
}

}  // namespace

std::string as_markdown(const Document& document) {
  std::string out;
  for (const auto& block : document) {
    const std::string lines = std::visit([](const auto& kind) { return block_markdown(kind); }, block);
    if (lines.empty()) continue;
    if (!out.empty()) out += '\n';
    out += lines;
  }
  return out;
}

}  // namespace tidemark::present::detail
