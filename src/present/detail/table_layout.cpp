#include "table_layout.hpp"

#include <algorithm>
#include <optional>

#include "spans.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

constexpr std::size_t indent = 2, widest_between = 2;

std::vector<std::size_t> natural_widths(const Table& table) {
  std::vector<std::size_t> widths;
  for (const auto& column : table.columns) widths.push_back(columns_of(column.title));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  return widths;
}

/// What is settled before the first line is written.
struct Plan {
  std::vector<std::size_t> widths;
  std::size_t between = widest_between;
};

std::size_t total_width(const Plan& plan) {
  std::size_t total = indent;
  for (const std::size_t width : plan.widths) total += width + plan.between;
  return total - plan.between;
}

/// The widest name that can still give a column, or null.
std::size_t* widest_name(const Table& table, Plan& plan) {
  std::size_t* widest = nullptr;
  for (std::size_t i = 0; i < plan.widths.size(); ++i) {
    const auto& column = table.columns[i];
    if (!column.shrinks || plan.widths[i] <= column.narrowest) continue;
    if (widest == nullptr || plan.widths[i] > *widest) widest = &plan.widths[i];
  }
  return widest;
}

/// nullopt when the table cannot be made to fit.
std::optional<Plan> plan_for(const Table& table, std::size_t width) {
  Plan plan{.widths = natural_widths(table)};
  if (total_width(plan) > width) plan.between = 1;
  while (total_width(plan) > width) {
    std::size_t* widest = widest_name(table, plan);
    if (widest == nullptr) return std::nullopt;
    --*widest;
  }
  return plan;
}

std::string cell_text(const std::string& cell, std::size_t width, Align align, bool ascii) {
  const std::size_t columns = columns_of(cell);
  if (columns > width) return cell_text(printable(without_spans(cell), width, ascii), width, align, ascii);
  const std::string padding(width - columns, ' ');
  return align == Align::right ? padding + cell : cell + padding;
}

std::string row_text(const Table& table, const std::vector<std::string>& cells, const Plan& plan,
                     const TextStyle& style) {
  std::string line(indent, ' ');
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line.append(plan.between, ' ');
    line += cell_text(cells[i], plan.widths[i], table.columns[i].align, style.ascii);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + "\n";
}

std::vector<std::string> titles(const Table& table) {
  std::vector<std::string> out;
  for (const auto& column : table.columns) out.push_back(column.title);
  return out;
}

/// "celery: processes 2, start 25600.0, …": for a terminal too narrow for the table.
std::string rows_as_sentences(const Table& table, const TextStyle& style) {
  std::string text;
  for (const auto& row : table.rows) {
    std::string sentence = row.empty() ? std::string() : row.front() + ":";
    for (std::size_t i = 1; i < row.size(); ++i) {
      if (row[i].empty()) continue;
      sentence += (sentence.back() == ':' ? " " : ", ") + table.columns[i].title + " " + row[i];
    }
    for (const auto& line : wrapped(sentence, style.width - indent)) text += std::string(indent, ' ') + line + "\n";
  }
  return text;
}

}  // namespace

Table with_content(const Table& table) {
  Table out;
  out.rows.resize(table.rows.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const bool has_content = std::any_of(table.rows.begin(), table.rows.end(),
                                         [i](const auto& row) { return i < row.size() && !row[i].empty(); });
    if (!has_content) continue;
    out.columns.push_back(table.columns[i]);
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      out.rows[r].push_back(i < table.rows[r].size() ? table.rows[r][i] : std::string());
    }
  }
  return out;
}

std::string table_text(const Table& given, const TextStyle& style) {
  const Table table = with_content(given);
  if (table.columns.empty()) return {};
  const std::optional<Plan> plan = plan_for(table, style.width);
  if (!plan) return rows_as_sentences(table, style);
  std::string text = row_text(table, titles(table), *plan, style);
  for (const auto& row : table.rows) text += row_text(table, row, *plan, style);
  return text;
}

}  // namespace tidemark::present::detail
