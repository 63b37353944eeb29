// Purpose: one model of what is said (headings, sentences, facts, tables, a drawing), rendered as text for a terminal
// and as Markdown. Invariants: no line of text is wider than the style's width; no number is ever cut; what comes from
// elsewhere (names, labels, files) goes through name() or said() first, and can then neither drive a terminal nor mark
// up Markdown.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tidemark/present/report.hpp"

namespace tidemark::present::detail {

/// Level 1 is the title; level 2 opens a part.
struct Heading {
  std::string text;
  int level = 2;
};

/// One or more sentences, wrapped at the width. Several in a row follow each other without an empty line, unless
/// `apart`.
struct Sentences {
  std::string text;
  std::size_t indent = 0;
  bool apart = false;
};

/// A word and what is to say about it; the words form a column. In Markdown a list.
struct Facts {
  std::vector<std::pair<std::string, std::string>> facts;
};

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::right;
  bool shrinks = false;       ///< names: cut in the middle when the table is too wide,
  std::size_t narrowest = 8;  ///< but not below this
};

/// Columns without any content are left out. A table that does not fit moves together, then cuts its names, then
/// becomes one paragraph for each row: figures are never cut. A row with fewer cells than columns ends in empty ones.
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
  bool apart = false;  ///< an empty line also parts it from sentences before
};

/// Lines that stay as they are; the drawer sees to the width. A code block in Markdown.
struct Drawing {
  std::string lines;
};

using Block = std::variant<Heading, Sentences, Facts, Table, Drawing>;
using Document = std::vector<Block>;

/// Text from elsewhere that names something: at most `width` columns; a code span in Markdown.
[[nodiscard]] std::string name(std::string_view text, const TextStyle& style, std::size_t width = 40);
/// Text from elsewhere that is a sentence: only made safe.
[[nodiscard]] std::string said(std::string_view text);
/// Bold in Markdown, coloured in text when the style has colour.
[[nodiscard]] std::string strong(std::string_view text);

[[nodiscard]] std::string as_text(const Document& document, const TextStyle& style);
[[nodiscard]] std::string as_markdown(const Document& document);

/// The lines of `text` broken at spaces, but not between a number and its unit; a word longer than the width is broken
/// anywhere.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace tidemark::present::detail
