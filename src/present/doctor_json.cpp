#include "detail/document.hpp"
#include "detail/json.hpp"
#include "tidemark/present/doctor.hpp"

namespace tidemark::present {
namespace detail {
namespace {

struct ValueToJson {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(bool value) const { return value; }
  Json operator()(std::int64_t value) const { return value; }
  Json operator()(const std::string& value) const { return said(value); }
};

Json group_json(const DoctorGroup& group) {
  Json facts = Json::object();
  for (const auto& fact : group.facts) {
    facts[fact.key] = {
        {"state", text_of(fact.mark)}, {"value", std::visit(ValueToJson{}, fact.value)}, {"text", said(fact.text)}};
  }
  return facts;
}

Json modules_json(const std::vector<LoadedModule>& modules) {
  Json list = Json::array();
  for (const auto& module : modules) {
    list.push_back({{"path", said(module.path)},
                    {"mapped_bytes", module.mapped_bytes},
                    {"resident_bytes", module.resident_bytes}});
  }
  return list;
}

Json advice_json(const std::vector<Advice>& advice) {
  Json list = Json::array();
  for (const auto& one : advice) {
    Json remedies = Json::array();
    for (const auto& remedy : one.remedies) remedies.push_back({{"where", remedy.where}, {"do", said(remedy.what)}});
    list.push_back({{"key", one.key}, {"problem", said(one.problem)}, {"remedies", std::move(remedies)}});
  }
  return list;
}

}  // namespace
}  // namespace detail

std::string doctor_json(const DoctorView& view) {
  using detail::Json;
  Json json{{"schema", detail::json_schema},
            {"tool", detail::tool_and_version()},
            {"pid", view.pid ? Json(*view.pid) : Json(nullptr)},
            {"tier", view.tier},
            {"exit_status", view.exit_status},
            {"summary", detail::said(view.summary)}};
  for (const auto& group : view.groups) json[group.key] = detail::group_json(group);
  json["extension_modules"] = view.extension_modules ? detail::modules_json(*view.extension_modules) : Json(nullptr);
  json["advice"] = detail::advice_json(view.advice);
  return detail::json_lines(json);
}

}  // namespace tidemark::present
