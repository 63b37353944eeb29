#include "detail/diff_parts.hpp"
#include "tidemark/present/heap.hpp"

namespace tidemark::present {
namespace detail {
namespace {

void add_change(const analysis::HeapChange& change, Json& json) {
  json["before_bytes"] = change.before.bytes;
  json["after_bytes"] = change.after.bytes;
  json["change_bytes"] = change.bytes();
  json["before_count"] = change.before.count;
  json["after_count"] = change.after.count;
}

template <class List, class Key>
Json list_of(const List& list, Key key) {
  Json items = Json::array();
  for (const auto& one : list) {
    Json item = key(one);
    add_change(one.change, item);
    items.push_back(std::move(item));
  }
  return items;
}

Json process_json(const analysis::HeapComparedProcess& process) {
  const auto& diff = process.diff;
  const auto& [before, after, by_name] = process.pair;
  return {{"pid", after->identity.pid},
          {"before_pid", before->identity.pid},
          {"name", said(after->name)},
          {"matched_by", by_name ? "name" : "identity"},
          {"rss_before_bytes", diff.rss_before},
          {"rss_after_bytes", diff.rss_after},
          {"rss_change_bytes", diff.rss_change()},
          {"row_change_bytes", diff.row_change()},
          {"moved_change_bytes", diff.moved_change},
          {"bound_bytes", diff.bound_bytes},
          {"adds_up", diff.adds_up() && books_of(before->ledger).balance() && books_of(after->ledger).balance()},
          {"rows", list_of(diff.rows,
                           [](const analysis::HeapRowChange& row) {
                             return Json{{"owner", word_of(row.owner)}, {"detail", said(row.detail)}};
                           })},
          {"types", list_of(diff.types,
                            [](const analysis::HeapTypeChange& row) {
                              return Json{{"type", said(row.type)}};
                            })},
          {"types_not_compared", diff.types_not_compared},
          {"native_sizes", list_of(diff.sizes,
                                   [](const analysis::HeapSizeChange& row) {
                                     return Json{{"chunk_bytes", row.chunk_bytes}};
                                   })},
          {"native_sizes_not_compared", diff.sizes_not_compared}};
}

}  // namespace
}  // namespace detail

std::string heap_diff_json(const HeapDiffView& view) {
  auto json = detail::diff_head_json(view);
  detail::add_processes(view, detail::process_json, json);
  return detail::json_lines(json);
}

}  // namespace tidemark::present
