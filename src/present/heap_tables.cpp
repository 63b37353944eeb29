#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "detail/figures.hpp"
#include "detail/heap_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

constexpr std::size_t most_arenas = 40, most_files = 40, most_types = 40;

std::string mb(std::uint64_t bytes) { return mb_cell(as_double(bytes)); }

std::string kb(std::uint64_t bytes) { return fmt::format("{:.1f}", as_double(bytes) / 1024); }

std::string hex(base::Address address) { return fmt::format("{:#x}", address.value); }

/// The first `most` items, the rest as one line `others (n)`, and the sum of all. One alone is not folded.
template <class Item, class Add, class Cells>
void fill(Table& table, const std::vector<Item>& items, std::size_t most, Add add, Cells cells) {
  const std::size_t shown = items.size() <= most + 1 ? items.size() : most;
  Item rest{};
  Item sum{};
  for (std::size_t at = 0; at < items.size(); ++at) {
    add(sum, items[at]);
    if (at < shown) {
      table.rows.push_back(cells(items[at], std::string()));
    } else {
      add(rest, items[at]);
    }
  }
  if (shown < items.size()) table.rows.push_back(cells(rest, fmt::format("others ({})", items.size() - shown)));
  table.rows.push_back(cells(sum, "sum"));
}

void add_missing(std::string text, Document& document) {
  document.push_back(Sentences{.text = std::move(text), .indent = 2, .apart = true});
}

void add_malloc_arenas(const model::HeapLedger& ledger, Document& document) {
  const auto& malloc = ledger.malloc;
  if (!malloc.is_walked || malloc.arenas.empty()) return add_missing("No arena of malloc was walked.", document);
  Table table{.columns = {{.title = "malloc arena, MB", .align = Align::left, .shrinks = true, .narrowest = 14},
                          {.title = "system"},
                          {.title = "in RSS"},
                          {.title = "in use"},
                          {.title = "top"},
                          {.title = "bins"},
                          {.title = "fast"},
                          {.title = "tcache"},
                          {.title = "trim"}},
              .rows = {},
              .apart = true};
  using Arena = model::MallocArena;
  fill(
      table, malloc.arenas, most_arenas,
      [](Arena& sum, const Arena& one) {
        sum.system_bytes += one.system_bytes;
        sum.resident_bytes += one.resident_bytes;
        sum.in_use_bytes += one.in_use_bytes;
        sum.top_bytes += one.top_bytes;
        sum.bin_bytes += one.bin_bytes;
        sum.fastbin_bytes += one.fastbin_bytes;
        sum.tcache_bytes += one.tcache_bytes;
        sum.trim_bytes += one.trim_bytes;
      },
      [](const Arena& one, const std::string& title) {
        return std::vector<std::string>{title.empty() ? (one.is_main ? "main" : hex(one.address)) : title,
                                        mb(one.system_bytes),
                                        mb(one.resident_bytes),
                                        mb(one.in_use_bytes),
                                        mb(one.top_bytes),
                                        mb(one.bin_bytes),
                                        mb(one.fastbin_bytes),
                                        mb(one.tcache_bytes),
                                        mb(one.trim_bytes)};
      });
  document.push_back(std::move(table));
}

void add_pymalloc_arenas(const model::HeapLedger& ledger, Document& document) {
  if (ledger.arenas.empty()) return add_missing("No arena of pymalloc was read.", document);
  Table table{.columns = {{.title = "pymalloc arena, KB", .align = Align::left},
                          {.title = "pools used"},
                          {.title = "free"},
                          {.title = "blocks"},
                          {.title = "in use"},
                          {.title = "in RSS"}},
              .rows = {},
              .apart = true};
  using Arena = model::PymallocArenaRow;
  auto arenas = ledger.arenas;  // those that little holds come first: they are what could be given back
  std::stable_sort(arenas.begin(), arenas.end(),
                   [](const Arena& left, const Arena& right) { return left.blocks_used < right.blocks_used; });
  fill(
      table, arenas, most_arenas,
      [](Arena& sum, const Arena& one) {
        sum.pools_used += one.pools_used;
        sum.pools_free += one.pools_free;
        sum.blocks_used += one.blocks_used;
        sum.used_bytes += one.used_bytes;
        sum.resident_bytes += one.resident_bytes;
      },
      [](const Arena& one, const std::string& title) {
        return std::vector<std::string>{title.empty() ? hex(one.address) : title,
                                        std::to_string(one.pools_used),
                                        std::to_string(one.pools_free),
                                        std::to_string(one.blocks_used),
                                        kb(one.used_bytes),
                                        kb(one.resident_bytes)};
      });
  document.push_back(std::move(table));
}

}  // namespace

void add_arenas(const model::HeapLedger& ledger, Document& document) {
  add_malloc_arenas(ledger, document);
  add_pymalloc_arenas(ledger, document);
}

void add_files(const model::HeapLedger& ledger, const TextStyle& style, Document& document) {
  if (ledger.files.empty()) return add_missing("No mapped file is resident.", document);
  Table table{.columns = {{.title = "file, MB of RSS", .align = Align::left, .shrinks = true, .narrowest = 20},
                          {.title = "read-only"},
                          {.title = "data"},
                          {.title = "other"},
                          {.title = "all"}},
              .rows = {},
              .apart = true};
  using File = model::HeapFileRow;
  fill(
      table, ledger.files, most_files,
      [](File& sum, const File& one) {
        sum.text_bytes += one.text_bytes;
        sum.data_bytes += one.data_bytes;
        sum.other_bytes += one.other_bytes;
      },
      [&](const File& one, const std::string& title) {
        return std::vector<std::string>{title.empty() ? name(one.path, style, style.width) : title, mb(one.text_bytes),
                                        mb(one.data_bytes), mb(one.other_bytes),
                                        mb(one.text_bytes + one.data_bytes + one.other_bytes)};
      });
  document.push_back(std::move(table));
}

void add_types(const model::HeapLedger& ledger, const TextStyle& style, Document& document) {
  if (ledger.types.empty()) return add_missing("No Python object is known.", document);
  Table table{.columns = {{.title = "type, MB", .align = Align::left, .shrinks = true, .narrowest = 20},
                          {.title = "count"},
                          {.title = "pymalloc"},
                          {.title = "malloc"},
                          {.title = "all"}},
              .rows = {},
              .apart = true};
  using Type = model::HeapTypeRow;
  fill(
      table, ledger.types, most_types,
      [](Type& sum, const Type& one) {
        sum.count += one.count;
        sum.pymalloc_bytes += one.pymalloc_bytes;
        sum.malloc_bytes += one.malloc_bytes;
      },
      [&](const Type& one, const std::string& title) {
        return std::vector<std::string>{title.empty() ? name(one.type, style, style.width) : title,
                                        std::to_string(one.count), mb(one.pymalloc_bytes), mb(one.malloc_bytes),
                                        mb(one.pymalloc_bytes + one.malloc_bytes)};
      });
  document.push_back(std::move(table));
  if (ledger.types.size() >= model::max_heap_types) {
    add_missing(fmt::format("Smaller types than the {} largest are not listed.", ledger.types.size()), document);
  }
}

}  // namespace tidemark::present::detail
