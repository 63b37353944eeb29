#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "detail/figures.hpp"
#include "detail/heap_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using model::HeapRow;

// Of an owner's details, those below this share of RSS are folded into one line, and those beyond so many.
constexpr double smallest_shown_percent = 1;
constexpr std::size_t most_details = 6;

HeapRow sum_of(const std::vector<HeapRow>& rows) {
  HeapRow sum;
  for (const auto& row : rows) {
    sum.bytes += row.bytes;
    sum.private_bytes += row.private_bytes;
    sum.swap_bytes += row.swap_bytes;
    sum.count += row.count;
  }
  return sum;
}

/// What is resident or swapped out: the rest has nothing to show.
std::map<model::HeapOwner, std::vector<HeapRow>> by_owner(const model::HeapLedger& ledger) {
  std::map<model::HeapOwner, std::vector<HeapRow>> groups;
  for (const auto& row : ledger.rows) {
    if (row.bytes > 0 || row.swap_bytes > 0) groups[row.owner].push_back(row);
  }
  for (auto& [owner, rows] : groups) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const HeapRow& left, const HeapRow& right) { return left.bytes > right.bytes; });
  }
  return groups;
}

class OwnerTable {
 public:
  OwnerTable(const model::HeapLedger& ledger, bool with_private, const TextStyle& style)
      : ledger_(ledger), with_private_(with_private), style_(style) {}

  [[nodiscard]] Table make() {
    table_.apart = true;
    table_.columns = {{.title = "owner", .align = Align::left, .shrinks = true, .narrowest = 30},
                      {.title = "MB"},
                      {.title = "% of RSS"},
                      {.title = "private"},
                      {.title = "swap"},
                      {.title = "count"}};
    for (const auto& [owner, rows] : by_owner(ledger_)) add_group(owner, rows);
    HeapRow sum = sum_of(ledger_.rows);
    sum.count = 0;  // of things of many kinds
    add("sum", sum);
    if (ledger_.moved_bytes != 0) {
      table_.rows.push_back({"came or went meanwhile", signed_mb_cell(static_cast<double>(ledger_.moved_bytes))});
      table_.rows.push_back({"RSS", mb_cell(as_double(ledger_.rss_bytes))});
    }
    return std::move(table_);
  }

 private:
  void add(std::string title, const HeapRow& row) {
    table_.rows.push_back({std::move(title), mb_cell(as_double(row.bytes)), share_cell(row.bytes, ledger_.rss_bytes),
                           with_private_ ? mb_cell(as_double(row.private_bytes)) : std::string(),
                           row.swap_bytes > 0 ? mb_cell(as_double(row.swap_bytes)) : std::string(),
                           row.count > 0 ? std::to_string(row.count) : std::string()});
  }

  void add_group(model::HeapOwner owner, const std::vector<HeapRow>& rows) {
    if (rows.size() == 1) return add(title_of(owner, rows.front().detail, style_), rows.front());
    add(std::string(title_of(owner)), sum_of(rows));
    const std::size_t shown = shown_details(rows);
    if (shown == 0) return;  // all of them small: the owner's line says enough
    for (std::size_t at = 0; at < shown; ++at) add_detail(name(detail_or_other(rows[at].detail), style_), rows[at]);
    if (shown == rows.size()) return;
    const auto rest = static_cast<std::ptrdiff_t>(shown);
    add_detail(fmt::format("others ({})", rows.size() - shown), sum_of({rows.begin() + rest, rows.end()}));
  }

  void add_detail(const std::string& title, const HeapRow& row) { add("  " + title, row); }

  static std::string detail_or_other(const std::string& detail) { return detail.empty() ? "other" : detail; }

  /// One alone is never folded: its line would be as long.
  [[nodiscard]] std::size_t shown_details(const std::vector<HeapRow>& rows) const {
    std::size_t shown = 0;
    while (shown < rows.size() && shown < most_details &&
           100 * as_double(rows[shown].bytes) >= smallest_shown_percent * as_double(ledger_.rss_bytes)) {
      ++shown;
    }
    return shown + 1 == rows.size() ? rows.size() : shown;
  }

  const model::HeapLedger& ledger_;
  bool with_private_;
  const TextStyle& style_;
  Table table_;
};

}  // namespace

void add_owners(const model::HeapLedger& ledger, bool with_private, const TextStyle& style, Document& document) {
  document.push_back(OwnerTable(ledger, with_private, style).make());
  std::string text;
  if (ledger.consistency != "racing") {
    text = "Exact: nothing ran meanwhile, and the rows add up to RSS as smaps has it.";
  } else if (ledger.bound_bytes == 0) {
    text = "Racing: it ran meanwhile, and nothing was seen to move.";
  } else {
    text = fmt::format("Racing: no row is further from the truth than {} ({} % of RSS).",
                       megabytes(as_double(ledger.bound_bytes)), share_cell(ledger.bound_bytes, ledger.rss_bytes));
  }
  document.push_back(Sentences{.text = std::move(text), .indent = 2, .apart = true});
}

}  // namespace tidemark::present::detail
