#include <cmath>

#include "detail/json.hpp"
#include "tidemark/base/text.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {

Json json_number(double number) {
  if (!std::isfinite(number)) return nullptr;
  constexpr double largest_exact = 9007199254740992.0;  // 2^53
  if (std::trunc(number) == number && std::abs(number) <= largest_exact) return static_cast<std::int64_t>(number);
  return number;
}

Json json_seconds(std::int64_t ns) { return json_number(static_cast<double>(ns) / 1e9); }

Json json_text(std::string_view text) { return text.empty() ? Json(nullptr) : Json(base::escape_unprintable(text)); }

Json json_instant(std::int64_t wall_ns) {
  if (wall_ns == 0) return nullptr;
  std::string text = wall_time(wall_ns);  // "2026-11-21 05:53:00 UTC"
  text.replace(text.find(' '), 1, "T");
  text.replace(text.find(' '), std::string::npos, "Z");
  return text;
}

std::string json_lines(const Json& json) { return json.dump(2) + "\n"; }

std::string tool_and_version() { return "tidemark " TIDEMARK_VERSION; }

Json json_of(const analysis::Settings& settings) {
  const auto& thresholds = settings.thresholds;
  return {{"warm_up_seconds", json_seconds(settings.warm_up_ns)},
          {"baseline_phase", json_text(settings.baseline_phase)},
          {"limit_bytes", json_number(settings.limit)},
          {"thresholds",
           {{"growth_percent", json_number(thresholds.growth_percent)},
            {"growth_bytes", json_number(thresholds.growth_bytes)},
            {"released_percent", json_number(thresholds.released_percent)},
            {"retained_percent", json_number(thresholds.retained_percent)},
            {"last_part_percent", json_number(thresholds.last_part_percent)},
            {"tolerance_percent", json_number(thresholds.tolerance_percent)},
            {"fewest_samples", thresholds.fewest_samples},
            {"idle_cpu_percent", json_number(thresholds.idle_cpu_percent)}}}};
}

}  // namespace tidemark::present::detail
