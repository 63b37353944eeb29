#include "detail/heap_keys.hpp"
#include "tidemark/record/objects.hpp"

namespace tidemark::record {
namespace {

using Json = detail::HeapJson;

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(detail::escaped(text)); }

Json json_of(const model::CensusSummary& summary) {
  return {{"total_objects", summary.total_objects},
          {"total_size", summary.total_bytes},
          {"total_held_bytes", summary.total_held_bytes},
          {"unique_types", summary.unique_types},
          {"garbage_count", summary.garbage_count ? Json(*summary.garbage_count) : Json(nullptr)},
          {"gc_enabled", summary.gc_enabled ? Json(*summary.gc_enabled) : Json(nullptr)},
          {"gc_thresholds", summary.gc_thresholds},
          {"gc_counts", summary.gc_counts}};
}

Json json_of(const model::CensusCoverage& coverage) {
  return {{"share", coverage.share()},
          {"blocks", coverage.blocks},
          {"torn_pools", coverage.torn_pools},
          {"torn_blocks", coverage.torn_blocks},
          {"torn_chunks", coverage.torn_chunks},
          {"torn_bytes", coverage.torn_bytes},
          {"lost_bytes", coverage.lost_bytes},
          {"left_out_bytes", coverage.left_out_bytes},
          {"out_of_budget", coverage.is_out_of_budget}};
}

}  // namespace

std::string objects_sample_json(const model::Census& census) {
  Json types = Json::array();
  for (const auto& type : census.types) {
    types.push_back({{"type", detail::escaped(type.type)},
                     {"count", type.count},
                     {"bytes", type.bytes},
                     {"held_bytes", type.held_bytes}});
  }
  Json notes = Json::array();
  for (const auto& note : census.notes) notes.push_back(detail::escaped(note));
  const Json json{{"python", text_or_null(census.python_version)},
                  {"python_allocator", text_or_null(census.python_allocator)},
                  {"consistency", census.consistency},
                  {"summary", json_of(census.summary)},
                  {"coverage", json_of(census.coverage)},
                  {"types", std::move(types)},
                  {"notes", std::move(notes)},
                  {"cost", detail::cost_json(census.cost)}};
  return json.dump();
}

}  // namespace tidemark::record
