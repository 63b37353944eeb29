// Purpose: figures as JSON: unset and what is no number is null, whole numbers have no ".0", text is printable UTF-8.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "tidemark/analysis/report.hpp"
#include "tidemark/analysis/rules.hpp"

namespace tidemark::present::detail {

/// Keys stay in the order in which they are written.
using Json = nlohmann::ordered_json;

inline constexpr int json_schema = 1;

[[nodiscard]] Json json_number(double number);
[[nodiscard]] Json json_seconds(std::int64_t ns);
/// Empty text is null: the recording does not say.
[[nodiscard]] Json json_text(std::string_view text);
/// "2026-11-21T05:53:00Z"; null for 0.
[[nodiscard]] Json json_instant(std::int64_t wall_ns);

template <typename Number>
[[nodiscard]] Json json_number(const std::optional<Number>& number) {
  return number ? json_number(static_cast<double>(*number)) : Json(nullptr);
}
[[nodiscard]] inline Json json_seconds(const std::optional<std::int64_t>& ns) {
  return ns ? json_seconds(*ns) : Json(nullptr);
}

/// Two spaces deep, with a newline at the end.
[[nodiscard]] std::string json_lines(const Json& json);

[[nodiscard]] std::string tool_and_version();
[[nodiscard]] Json json_of(const analysis::Settings& settings);
[[nodiscard]] Json json_of(const analysis::Findings& findings, const analysis::Thresholds& thresholds);
[[nodiscard]] Json json_of(const analysis::Slope& slope);
[[nodiscard]] Json json_of(const analysis::ObjectGrowth& growth);
[[nodiscard]] Json json_of(const analysis::PhaseFindings& phase);
[[nodiscard]] Json json_of(const analysis::Forecast& forecast);
[[nodiscard]] Json json_of(const analysis::RuleResult& result);
[[nodiscard]] Json json_of(const analysis::Report& report);

}  // namespace tidemark::present::detail
