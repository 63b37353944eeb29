#include "detail/json.hpp"

namespace tidemark::present::detail {
namespace {

Json json_of(const analysis::TypeGrowth& type) {
  return {{"type", json_text(type.type)},
          {"growth_bytes", json_number(type.growth.bytes)},
          {"growth_held_bytes", json_number(type.growth.held_bytes)},
          {"growth_objects", json_number(type.growth.objects)},
          {"share_percent", json_number(type.share_percent)},
          {"last_bytes", json_number(type.last.bytes)},
          {"last_objects", json_number(type.last.objects)},
          {"new", type.is_new},
          {"slope", type.slope ? detail::json_of(*type.slope) : Json(nullptr)},
          {"rises", type.slope ? Json(type.rises()) : Json(nullptr)}};
}

}  // namespace

Json json_of(const analysis::ObjectGrowth& growth) {
  Json types = Json::array();
  for (const auto& type : growth.types) types.push_back(json_of(type));
  return {{"process_name", json_text(growth.name)},
          {"pid", growth.pid},
          {"process_started", json_instant(growth.started_wall_ns)},
          {"censuses", growth.censuses},
          {"from_seconds", json_seconds(growth.from_ns)},
          {"to_seconds", json_seconds(growth.to_ns)},
          {"first_bytes", json_number(growth.first.bytes)},
          {"last_bytes", json_number(growth.last.bytes)},
          {"first_objects", json_number(growth.first.objects)},
          {"last_objects", json_number(growth.last.objects)},
          {"grown_bytes", json_number(growth.grown_bytes)},
          {"grown_types", growth.grown_types},
          {"types", std::move(types)}};
}

}  // namespace tidemark::present::detail
