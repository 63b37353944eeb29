#include <fmt/format.h>

#include "detail/census_parts.hpp"
#include "detail/figures.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present {
namespace detail {
namespace {

constexpr std::size_t name_columns = 40;

std::string head_of(const model::CensusProcess& process, const TextStyle& style) {
  const auto& census = process.census;
  std::string text = process_words(process, style) + ": ";
  text += census.python_version.empty() ? "no Python that was read" : "Python " + said(census.python_version);
  if (!census.python_allocator.empty()) text += ", " + said(census.python_allocator);
  return text + "; " + said(census.consistency) + ".";
}

void add_census(const model::Census& census, const CensusView& view, Document& document) {
  if (census.focuses.empty()) add_types(census, view, document);
  for (const auto& focus : census.focuses) add_focus(focus, census, view.text, document);
  add_sentences(census, view, document);
  for (const auto& note : census.notes) {
    document.push_back(Sentences{.text = said(note), .indent = 2, .apart = &note == &census.notes.front()});
  }
  add_cost(census, document);
}

}  // namespace

void add_all_processes(const model::CensusReading& reading, const TextStyle& style, Document& document) {
  std::size_t count = 0;
  model::CensusSummary sum;
  Table table{.columns = {{.title = "process", .align = Align::left, .shrinks = true, .narrowest = 14},
                          {.title = "child of"},
                          {.title = "objects"},
                          {.title = "total"},
                          {.title = "held"},
                          {.title = "types"}},
              .rows = {}};
  for (const auto& process : reading.processes) {
    if (!process.failure.empty()) continue;
    const auto& summary = process.census.summary;
    ++count;
    sum.total_objects += summary.total_objects;
    sum.total_bytes += summary.total_bytes;
    sum.total_held_bytes += summary.total_held_bytes;
    table.rows.push_back(
        {fmt::format("{}[{}]", printable(process.name, name_columns, style.ascii), process.identity.pid),
         process.parent == 0 ? "" : std::to_string(process.parent), grouped(summary.total_objects),
         size_of(summary.total_bytes), size_of(summary.total_held_bytes), grouped(summary.unique_types)});
  }
  if (count < 2) return;
  table.rows.push_back(
      {"sum", "", grouped(sum.total_objects), size_of(sum.total_bytes), size_of(sum.total_held_bytes)});
  document.push_back(
      Sentences{.text = fmt::format("{} (an object that several have in common since a fork is counted in each):",
                                    strong(fmt::format("All {} processes", count)))});
  document.push_back(std::move(table));
}

}  // namespace detail

std::string census_text(const model::CensusReading& reading, const CensusView& view) {
  std::string text;
  for (const auto& process : reading.processes) {
    detail::Document document;
    if (process.failure.empty()) {
      document.push_back(detail::Sentences{.text = detail::head_of(process, view.text)});
      detail::add_census(process.census, view, document);
    } else {
      document.push_back(detail::Sentences{.text = detail::process_words(process, view.text) + ": not read."});
      document.push_back(detail::Sentences{.text = detail::said(process.failure), .indent = 2});
    }
    text += (text.empty() ? "" : "\n") + detail::as_text(document, view.text);
  }
  detail::Document all;
  detail::add_all_processes(reading, view.text, all);
  return text + (all.empty() ? "" : "\n" + detail::as_text(all, view.text));
}

}  // namespace tidemark::present
