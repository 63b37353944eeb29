#include "detail/heap_parts.hpp"

#include <fmt/format.h>

#include <array>

#include "detail/figures.hpp"
#include "detail/spans.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

constexpr std::array<std::string_view, model::heap_owner_count> titles{
    "Python objects in pymalloc",
    "Python objects in malloc",
    "Python frames",
    "pymalloc: free blocks",
    "pymalloc: free pools",
    "pymalloc: slack",
    "malloc in use, not Python's",
    "malloc mmapped, not Python's",
    "malloc free: top",
    "malloc free: bins",
    "malloc free: fastbins",
    "malloc free: tcache",
    "malloc: overhead",
    "thread stacks",
    "main stack",
    "[heap] outside of arenas",
    "another allocator",
    "libraries: read-only",
    "libraries: data",
    "mapped files",
    "shared memory",
    "kernel",
    "unexplained",
};

constexpr std::size_t detail_columns = 60;

}  // namespace

std::string_view title_of(model::HeapOwner owner) { return titles.at(static_cast<std::size_t>(owner)); }

std::string title_of(model::HeapOwner owner, const std::string& detail, const TextStyle& style) {
  std::string title(title_of(owner));
  return detail.empty() ? title : title + " (" + name(detail, style, detail_columns) + ")";
}

double as_double(std::uint64_t bytes) { return static_cast<double>(bytes); }

std::string share_cell(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return {};
  return percent_cell(100 * as_double(part) / as_double(whole));
}

void add_alarm(const model::HeapLedger& ledger, Document& document) {
  const auto books = model::books_of(ledger);
  if (books.balance()) return;
  std::string text = strong("THIS LEDGER DOES NOT ADD UP") + ":";
  if (!books.rows_add_up) {
    text += fmt::format(" its rows are {} bytes, accounted for are {};", books.row_bytes, ledger.accounted_bytes);
  }
  if (!books.reaches_rss) {
    text += fmt::format(" accounted for are {} bytes and {:+} moved, RSS is {};", ledger.accounted_bytes,
                        ledger.moved_bytes, ledger.rss_bytes);
  }
  if (!books.is_exact) text += fmt::format(" it is {} and yet not exact;", said(ledger.consistency));
  if (!books.rows_are_distinct) text += " two rows have one name;";
  document.push_back(
      Sentences{.text = text + " this is a fault of tidemark's. Do not trust its figures, and please report it."});
}

}  // namespace tidemark::present::detail
