#include "detail/diff_parts.hpp"
#include "tidemark/present/census.hpp"

namespace tidemark::present {
namespace detail {
namespace {

using analysis::CensusAmounts;
using analysis::CensusChange;

void add_figure(Json& json, const std::string& what, std::uint64_t before, std::uint64_t after) {
  json["before_" + what] = before;
  json["after_" + what] = after;
  json["change_" + what] = static_cast<std::int64_t>(after - before);
}

void add_change(const CensusChange& change, Json& json) {
  const auto& [before, after] = change;
  add_figure(json, "count", before.count, after.count);
  add_figure(json, "bytes", before.bytes, after.bytes);
  add_figure(json, "held_bytes", before.held_bytes, after.held_bytes);
  if (before.immortal != 0 || after.immortal != 0) add_figure(json, "immortal", before.immortal, after.immortal);
  if (before.interned != 0 || after.interned != 0) add_figure(json, "interned", before.interned, after.interned);
  add_figure(json, "types", before.types, after.types);
}

Json coverage_json(const model::CensusCoverage& coverage, std::string_view consistency) {
  return {{"consistency", said(consistency)},
          {"share", json_number(coverage.share())},
          {"blocks", coverage.blocks},
          {"torn_pools", coverage.torn_pools},
          {"torn_blocks", coverage.torn_blocks},
          {"torn_chunks", coverage.torn_chunks},
          {"torn_bytes", coverage.torn_bytes},
          {"lost_bytes", coverage.lost_bytes},
          {"left_out_bytes", coverage.left_out_bytes},
          {"out_of_budget", coverage.is_out_of_budget}};
}

Json process_json(const analysis::CensusComparedProcess& process) {
  const auto& diff = process.diff;
  const auto& [before, after, by_name] = process.pair;
  Json total = Json::object();
  add_change(diff.total, total);
  Json types = Json::array();
  for (const auto& type : diff.types) {
    if (!type.change.has_grown() && !type.change.has_shrunk() && type.change.held_bytes() == 0) continue;
    Json item{{"type", said(type.type)}};
    add_change(type.change, item);
    item["share_of_growth"] = json_number(diff.share_of_growth(type));
    item["new"] = type.is_new();
    item["gone"] = type.is_gone();
    types.push_back(std::move(item));
  }
  const std::size_t unchanged = diff.types.size() - types.size();
  return {{"pid", after->identity.pid},
          {"before_pid", before->identity.pid},
          {"name", said(after->name)},
          {"matched_by", by_name ? "name" : "identity"},
          {"total", std::move(total)},
          {"grown_bytes", diff.grown_bytes},
          {"types", std::move(types)},
          {"types_unchanged", unchanged},
          {"coverage_before", coverage_json(diff.coverage_before, diff.consistency_before)},
          {"coverage_after", coverage_json(diff.coverage_after, diff.consistency_after)}};
}

}  // namespace
}  // namespace detail

std::string census_diff_json(const CensusDiffView& view) {
  auto json = detail::diff_head_json(view);
  json["filter"] = detail::json_text(view.filter);
  detail::add_processes(view, detail::process_json, json);
  return detail::json_lines(json);
}

}  // namespace tidemark::present
