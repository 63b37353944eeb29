// Purpose: a table's lines for a terminal.
#pragma once

#include <string>

#include "document.hpp"

namespace tidemark::present::detail {

/// The table without its empty columns, every row with as many cells as columns.
[[nodiscard]] Table with_content(const Table& table);

/// Lines of at most `style.width` columns, each with its newline.
[[nodiscard]] std::string table_text(const Table& table, const TextStyle& style);

}  // namespace tidemark::present::detail
