#include "detail/census_keys.hpp"
#include "tidemark/record/census_file.hpp"
#include "tidemark/record/objects.hpp"

namespace tidemark::record {
namespace detail {
namespace {

using Json = SavedJson;

template <class Value>
Json value_or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const model::CensusSummary& summary) {
  return {{"total_objects", summary.total_objects},
          {"total_size", summary.total_bytes},
          {"total_held_size", summary.total_held_bytes},
          {"unique_types", summary.unique_types},
          {"garbage_count", value_or_null(summary.garbage_count)},
          {"gc_enabled", value_or_null(summary.gc_enabled)},
          {"gc_thresholds", summary.gc_thresholds},
          {"gc_counts", summary.gc_counts}};
}

Json json_of(const model::CensusType& type) {
  Json json{{"type", escaped(type.type)},
            {"count", type.count},
            {"bytes", type.bytes},
            {"held_bytes", type.held_bytes},
            {"module", escaped(type.module)},
            {"address", hex_of(type.address)}};
  if (type.immortal != 0) json["immortal"] = type.immortal;
  if (type.interned != 0) json["interned"] = type.interned;
  if (type.has_own_sizeof) json["has_own_sizeof"] = true;
  return json;
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

Json json_of(const model::ObjectSample& sample) {
  Json json{{"address", hex_of(sample.address)}, {"refcount", sample.refcount},    {"bytes", sample.bytes},
            {"held_bytes", sample.held_bytes},   {"place", word_of(sample.place)}, {"value", escaped(sample.value)}};
  if (sample.is_immortal) json["immortal"] = true;
  return json;
}

Json json_of(const model::SizeBucket& bucket) {
  return {{"from", bucket.from}, {"count", bucket.count}, {"bytes", bucket.bytes}};
}

constexpr auto to_json = [](const auto& item) { return json_of(item); };

Json focus_json(const model::CensusFocus& focus) {
  Json places = Json::object();
  for (std::size_t at = 0; at < focus.places.size(); ++at) {
    if (focus.places[at] != 0) places[std::string(word_of(static_cast<model::GcPlace>(at)))] = focus.places[at];
  }
  return {{"type", escaped(focus.type)},
          {"address", hex_of(focus.address)},
          {"sizes", list_of(focus.sizes, to_json)},
          {"places", std::move(places)},
          {"samples", list_of(focus.samples, to_json)}};
}

Json census_members(const model::Census& census) {
  return {{"python", text_or_null(census.python_version)},
          {"python_allocator", text_or_null(census.python_allocator)},
          {"consistency", escaped(census.consistency)},
          {"why_consistency", text_or_null(census.why_consistency)},
          {"low_memory", census.low_memory},
          {"summary", json_of(census.summary)},
          {"coverage", json_of(census.coverage)},
          {"types", list_of(census.types, to_json)},
          {"focuses", list_of(census.focuses, focus_json)},
          {"notes", list_of(census.notes, escaped)},
          {"cost", cost_json(census.cost)}};
}

Json process_json(const model::CensusProcess& process) {
  Json json = process_head_json(process);
  if (process.failure.empty()) append(json, census_members(process.census));
  return json;
}

/// As a recording has it: names are its keys, not addresses.
Json recorded_type_json(const model::CensusType& type) {
  return {{"type", escaped(type.type)}, {"count", type.count}, {"bytes", type.bytes}, {"held_bytes", type.held_bytes}};
}

Json sample_json(const model::Census& census) {
  return {{"python", text_or_null(census.python_version)},
          {"python_allocator", text_or_null(census.python_allocator)},
          {"consistency", escaped(census.consistency)},
          {"summary", json_of(census.summary)},
          {"coverage", json_of(census.coverage)},
          {"types", list_of(census.types, recorded_type_json)},
          {"notes", list_of(census.notes, escaped)},
          {"cost", cost_json(census.cost)}};
}

}  // namespace

SavedJson census_reading_json(const model::CensusReading& reading) {
  return {{"schema", census_schema},
          {"tool", escaped(reading.tool)},
          {"taken", instant_or_null(reading.wall_ns)},
          {"consistency", escaped(reading.consistency)},
          {"processes", list_of(reading.processes, process_json)}};
}

}  // namespace detail

std::string objects_sample_json(const model::Census& census) { return detail::sample_json(census).dump(); }

std::string census_json(const model::CensusReading& reading) {
  return detail::census_reading_json(reading).dump(2) + "\n";
}

}  // namespace tidemark::record
