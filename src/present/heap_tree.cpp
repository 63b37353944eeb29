#include <fmt/format.h>

#include <algorithm>

#include "detail/figures.hpp"
#include "detail/heap_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using model::Bytes;
using model::HeapProcess;

constexpr std::size_t name_columns = 30;

Bytes private_of(const model::HeapLedger& ledger) {
  Bytes sum = 0;
  for (const auto& row : ledger.rows) sum += row.private_bytes;
  return sum;
}

const HeapProcess* parent_of(const model::HeapReading& reading, const HeapProcess& child) {
  if (child.parent == 0 || !child.failure.empty()) return nullptr;
  const auto found = std::find_if(reading.processes.begin(), reading.processes.end(), [&](const HeapProcess& process) {
    return process.identity.pid == child.parent && process.failure.empty();
  });
  return found == reading.processes.end() ? nullptr : &*found;
}

/// The owner of most of what is private.
std::string most_of_it(const model::HeapLedger& ledger) {
  std::vector<Bytes> sums(model::heap_owner_count);
  for (const auto& row : ledger.rows) sums[static_cast<std::size_t>(row.owner)] += row.private_bytes;
  const auto most = std::max_element(sums.begin(), sums.end());
  if (*most == 0) return {};
  const auto owner = static_cast<model::HeapOwner>(most - sums.begin());
  return fmt::format("{} {}", mb_cell(as_double(*most)), title_of(owner));
}

Table children_table(const model::HeapReading& reading, const TextStyle& style) {
  Table table{.columns = {{.title = "child, MB", .align = Align::left, .shrinks = true, .narrowest = 14},
                          {.title = "of"},
                          {.title = "RSS"},
                          {.title = "private"},
                          {.title = "%"},
                          {.title = "most of it", .align = Align::left, .shrinks = true, .narrowest = 14}},
              .rows = {}};
  for (const auto& process : reading.processes) {
    if (parent_of(reading, process) == nullptr) continue;
    const auto& ledger = process.ledger;
    const Bytes unshared = private_of(ledger);
    table.rows.push_back(
        {fmt::format("{}[{}]", printable(process.name, name_columns, style.ascii), process.identity.pid),
         std::to_string(process.parent), mb_cell(as_double(ledger.rss_bytes)), mb_cell(as_double(unshared)),
         share_cell(unshared, ledger.rss_bytes), most_of_it(ledger)});
  }
  return table;
}

}  // namespace

bool has_family(const model::HeapReading& reading) {
  return std::any_of(reading.processes.begin(), reading.processes.end(),
                     [&](const HeapProcess& process) { return parent_of(reading, process) != nullptr; });
}

void add_all_processes(const model::HeapReading& reading, const TextStyle& style, Document& document) {
  std::size_t count = 0;
  Bytes rss = 0;
  Bytes unshared = 0;
  for (const auto& process : reading.processes) {
    if (!process.failure.empty()) continue;
    ++count;
    rss += process.ledger.rss_bytes;
    unshared += private_of(process.ledger);
  }
  if (count < 2) return;
  document.push_back(
      Sentences{.text = fmt::format("{}: RSS {} together, in which a page is counted in each process that maps it; {} "
                                    "of it is private (anonymous and mapped by one process alone).",
                                    strong(fmt::format("All {} processes", count)), megabytes(as_double(rss)),
                                    megabytes(as_double(unshared)))});
  if (!has_family(reading)) return;
  document.push_back(Sentences{.text = "Since its fork each child has made private, by unsharing it from its parent "
                                       "or as new memory (per owner above, column \"private\"):",
                               .apart = true});
  document.push_back(children_table(reading, style));
}

}  // namespace tidemark::present::detail
