#include <fmt/format.h>

#include <algorithm>

#include "detail/document.hpp"
#include "detail/figures.hpp"
#include "detail/heap_parts.hpp"
#include "tidemark/present/heap.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present {
namespace detail {
namespace {

std::string head_of(const model::HeapProcess& process, const TextStyle& style) {
  const auto& ledger = process.ledger;
  std::string text = process_words(process, style) + ": ";
  text += ledger.python_version.empty() ? "no Python that was read" : "Python " + said(ledger.python_version);
  if (!ledger.python_allocator.empty()) text += ", " + said(ledger.python_allocator);
  if (!ledger.malloc.library.empty()) {
    text += "; " + said(ledger.malloc.library) + (ledger.malloc.is_walked ? "" : " (not walked)");
  }
  return text + fmt::format("; RSS {}.", megabytes(as_double(ledger.rss_bytes)));
}

void add_beside(const model::HeapLedger& ledger, Document& document) {
  const auto& beside = ledger.beside;
  std::vector<std::string> parts;
  const auto add = [&](model::Bytes bytes, std::string_view what) {
    if (bytes > 0) parts.push_back(fmt::format("{} {}", megabytes(as_double(bytes)), what));
  };
  add(beside.swap_bytes, "swapped out");
  add(beside.hugetlb_bytes, "in hugetlb pages");
  add(beside.page_table_bytes, "of page tables");
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "Beside RSS: " : ", ") + part;
  if (!text.empty()) text += ".";
  if (beside.anon_huge_bytes > 0) {
    text += fmt::format("{}Of RSS, {} is in transparent huge pages.", text.empty() ? "" : " ",
                        megabytes(as_double(beside.anon_huge_bytes)));
  }
  if (!text.empty()) document.push_back(Sentences{.text = std::move(text), .indent = 2, .apart = true});
}

void add_ledger(const model::HeapProcess& process, bool with_private, const HeapStyle& style, Document& document) {
  const auto& ledger = process.ledger;
  add_alarm(ledger, document);
  switch (style.by) {
    case HeapTables::arenas:
      add_arenas(ledger, document);
      break;
    case HeapTables::files:
      add_files(ledger, style.text, document);
      break;
    case HeapTables::types:
      add_types(ledger, style.text, document);
      break;
    case HeapTables::owners:
      add_owners(ledger, with_private, style.text, document);
      add_beside(ledger, document);
      add_sentences(process, style.text, document);
      break;
  }
  for (const auto& note : ledger.notes) {
    document.push_back(Sentences{.text = said(note), .indent = 2, .apart = &note == &ledger.notes.front()});
  }
  add_cost(ledger, document);
}

}  // namespace
}  // namespace detail

std::string heap_text(const model::HeapReading& reading, const HeapStyle& style) {
  const bool with_private = detail::has_family(reading);
  std::string text;
  for (const auto& process : reading.processes) {
    detail::Document document;
    if (process.failure.empty()) {
      document.push_back(detail::Sentences{.text = detail::head_of(process, style.text)});
      detail::add_ledger(process, with_private, style, document);
    } else {
      document.push_back(detail::Sentences{.text = detail::process_words(process, style.text) + ": not read."});
      document.push_back(detail::Sentences{.text = detail::said(process.failure), .indent = 2});
    }
    text += (text.empty() ? "" : "\n") + detail::as_text(document, style.text);
  }
  detail::Document all;
  detail::add_all_processes(reading, style.text, all);
  return text + (all.empty() ? "" : "\n" + detail::as_text(all, style.text));
}

}  // namespace tidemark::present
