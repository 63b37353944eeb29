#include <fmt/format.h>

#include <algorithm>

#include "detail/diff_parts.hpp"
#include "detail/heap_parts.hpp"
#include "tidemark/present/heap.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present {
namespace detail {
namespace {

using analysis::HeapChange;
using analysis::HeapComparedProcess;

constexpr std::size_t most_rows = 20, most_types = 15, most_sizes = 8;

double as_double(std::int64_t bytes) { return static_cast<double>(bytes); }

std::string count_cell(const HeapChange& change) {
  return change.count() == 0 ? "" : fmt::format("{:+}", change.count());
}

std::vector<std::string> cells_of(std::string title, const HeapChange& change) {
  return {std::move(title), mb_cell(detail::as_double(change.before.bytes)),
          mb_cell(detail::as_double(change.after.bytes)), signed_mb_cell(as_double(change.bytes())),
          count_cell(change)};
}

void add_to(HeapChange& sum, const HeapChange& one) {
  sum.before.bytes += one.before.bytes;
  sum.after.bytes += one.after.bytes;
  sum.before.count += one.before.count;
  sum.after.count += one.after.count;
}

Table empty_table(std::string what) {
  return {.columns = {{.title = std::move(what), .align = Align::left, .shrinks = true, .narrowest = 24},
                      {.title = "before"},
                      {.title = "now"},
                      {.title = "change"},
                      {.title = "count"}},
          .rows = {},
          .apart = true};
}

/// The largest changes, the rest as one line. What did not change at all is not listed.
template <class Item, class Title>
HeapChange fill(Table& table, const std::vector<Item>& items, std::size_t most, Title title) {
  HeapChange sum;
  HeapChange rest;
  std::size_t folded = 0;
  for (const auto& item : items) {
    add_to(sum, item.change);
    const bool is_same = item.change.bytes() == 0 && item.change.count() == 0;
    if (!is_same && table.rows.size() < most) {
      table.rows.push_back(cells_of(title(item), item.change));
    } else {
      add_to(rest, item.change);
      ++folded;
    }
  }
  if (folded > 0) table.rows.push_back(cells_of(fmt::format("others ({})", folded), rest));
  return sum;
}

class DiffWriter {
 public:
  DiffWriter(const HeapDiffView& view, const TextStyle& style) : view_(view), style_(style) {}

  [[nodiscard]] std::string text() {
    add_since(view_, document_);
    for (const auto& process : view_.compared.processes) add_process(process);
    add_unmatched(view_, style_, document_);
    return as_text(document_, style_);
  }

 private:
  void put(std::string sentence, bool apart = false, std::size_t indent = 0) {
    document_.push_back(Sentences{.text = std::move(sentence), .indent = indent, .apart = apart});
  }

  void add_process(const HeapComparedProcess& process) {
    const auto& diff = process.diff;
    add_head(process);
    if (!diff.adds_up()) {
      put(strong("THIS DIFFERENCE DOES NOT ADD UP") + ": a ledger it was made of does not. Do not trust its figures.");
    }
    add_alarm(process.pair.before->ledger, document_);
    add_alarm(process.pair.after->ledger, document_);
    add_rows(diff);
    add_types(diff);
    add_sizes(diff);
    add_words(diff);
  }

  void add_head(const HeapComparedProcess& process) {
    const auto& diff = process.diff;
    std::string text =
        process_words(*process.pair.after, style_) + ": RSS " + mb_cell(detail::as_double(diff.rss_before)) + " to " +
        megabytes(detail::as_double(diff.rss_after)) + ", " + signed_megabytes(as_double(diff.rss_change()));
    text += pace_words(diff.rss_change(), view_.apart_ns);
    put(text + ".", true);
    add_match_by_name(process.pair, document_);
  }

  void add_rows(const analysis::HeapDiff& diff) {
    Table table = empty_table("owner, MB");
    const HeapChange sum =
        fill(table, diff.rows, most_rows, [&](const auto& row) { return title_of(row.owner, row.detail, style_); });
    HeapChange all = sum;
    all.before.count = all.after.count = 0;  // of things of many kinds
    table.rows.push_back(cells_of("sum", all));
    if (diff.moved_change != 0) {
      table.rows.push_back({"came or went meanwhile", "", "", signed_mb_cell(as_double(diff.moved_change))});
    }
    table.rows.push_back({"RSS", mb_cell(detail::as_double(diff.rss_before)),
                          mb_cell(detail::as_double(diff.rss_after)), signed_mb_cell(as_double(diff.rss_change()))});
    document_.push_back(std::move(table));
  }

  void add_types(const analysis::HeapDiff& diff) {
    if (diff.types.empty()) return;
    Table table = empty_table("type, MB");
    (void)fill(table, diff.types, most_types, [&](const auto& row) { return name(row.type, style_, style_.width); });
    document_.push_back(std::move(table));
  }

  void add_sizes(const analysis::HeapDiff& diff) {
    if (diff.sizes.empty()) return;
    Table table = empty_table("native blocks, MB");
    (void)fill(table, diff.sizes, most_sizes, [](const auto& row) { return fmt::format("{} bytes", row.chunk_bytes); });
    document_.push_back(std::move(table));
  }

  void add_words(const analysis::HeapDiff& diff) {
    bool apart = true;
    const auto say = [&](std::string text) { put(std::move(text), std::exchange(apart, false), 2); };
    if (diff.bound_bytes > 0) {
      say(fmt::format("Racing: a change of a row below {} may be none.",
                      megabytes(detail::as_double(diff.bound_bytes))));
    }
    if (diff.types_not_compared > 0) {
      say(fmt::format("{} not compared: too small for one of the two lists.",
                      counted(diff.types_not_compared, "type")));
    }
    if (diff.sizes_not_compared > 0) {
      say(fmt::format("{} of native blocks not compared: not among the {} largest both times.",
                      counted(diff.sizes_not_compared, "size"), model::max_native_sizes));
    }
    for (const auto& row : diff.rows) {
      const bool is_mappings = row.owner == model::HeapOwner::unexplained && row.detail == "anonymous mappings";
      constexpr std::int64_t worth_saying = std::int64_t{1} << 20;
      if (!is_mappings || row.change.bytes() < worth_saying) continue;
      say(fmt::format("{} more in anonymous mappings that nothing owns: native code maps memory and keeps it.",
                      megabytes(as_double(row.change.bytes()))));
    }
  }

  const HeapDiffView& view_;
  const TextStyle& style_;
  Document document_;
};

}  // namespace
}  // namespace detail

std::string heap_diff_text(const HeapDiffView& view, const TextStyle& style) {
  return detail::DiffWriter(view, style).text();
}

}  // namespace tidemark::present
