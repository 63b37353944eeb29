#include <fmt/format.h>

#include "detail/figures.hpp"
#include "detail/report_parts.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present::detail {
namespace {

using analysis::Forecast;
using analysis::LimitSource;
using analysis::Report;

/// Beyond that a clock time would pretend to know.
constexpr double longest_named_hours = 72;

std::string limit_text(const Forecast& forecast) {
  const std::string size = megabytes(*forecast.limit_bytes);
  switch (forecast.limit_source) {
    case LimitSource::option:
      return size + ", as given";
    case LimitSource::cgroup:
      return size + " of the cgroup";
    case LimitSource::machine:
      return size + " of the machine";
    case LimitSource::none:
      return size;
  }
  return size;
}

std::string interval(const Forecast& forecast) {
  if (!forecast.earliest_hours) return {};
  if (!forecast.latest_hours) return fmt::format(" ({} at the earliest)", hours(*forecast.earliest_hours));
  const std::string earliest = hours(*forecast.earliest_hours), latest = hours(*forecast.latest_hours);
  return earliest == latest ? std::string() : fmt::format(" (95 %: {} to {})", earliest, latest);
}

std::string clock_time(const Report& report, double after_hours) {
  if (report.started_wall_ns == 0 || after_hours > longest_named_hours) return {};
  constexpr double ns_per_hour = 3.6e12;
  const auto after_ns = static_cast<std::int64_t>(after_hours * ns_per_hour);
  std::string instant =
      wall_time(report.started_wall_ns + report.to_ns - report.from_ns + report.suspended_ns + after_ns);
  instant.erase(instant.rfind(':'), std::string_view(":00").size());  // seconds would pretend to know
  return ", around " + instant;
}

std::string sentence(const Report& report, const Forecast& forecast) {
  const std::string rises =
      rate_with_interval(forecast.bytes_per_hour, forecast.lower_bytes_per_hour, forecast.upper_bytes_per_hour);
  const std::string what = forecast.of_cgroup ? "The cgroup's working set" : "RSS";
  if (!forecast.limit_bytes) return fmt::format("{} rises by {}. No limit is known (--limit sets one).", what, rises);
  if (forecast.now_bytes >= *forecast.limit_bytes) {
    return fmt::format("{} rises by {} and is already past the limit of {}.", what, rises, limit_text(forecast));
  }
  if (!forecast.hours) return fmt::format("{} rises by {}; the limit is {}.", what, rises, limit_text(forecast));
  return fmt::format("{} rises by {}. If that goes on, the limit of {} is reached in {}{}{}.", what, rises,
                     limit_text(forecast), hours(*forecast.hours), interval(forecast),
                     clock_time(report, *forecast.hours));
}

}  // namespace

void add_forecast(Document& document, const ReportView& view, const TextStyle&) {
  if (!view.report.forecast) return;
  const auto& forecast = *view.report.forecast;
  Table table{.columns = {{"after", Align::left}, {"MB"}, {"95 %: from"}, {"to"}, {"% of limit"}}, .rows = {}};
  for (const auto& row : forecast.rows) {
    if (row.hours <= 0) {
      table.rows.push_back({"now", mb_cell(row.bytes), "", "", percent_cell(row.percent_of_limit)});
      continue;
    }
    table.rows.push_back({fmt::format("{:g} h", row.hours), mb_cell(row.bytes), mb_cell(row.lower_bytes),
                          mb_cell(row.upper_bytes), percent_cell(row.percent_of_limit)});
  }
  document.emplace_back(Heading{"Forecast"});
  document.push_back(Sentences{.text = sentence(view.report, forecast), .indent = 2});
  document.emplace_back(std::move(table));
}

}  // namespace tidemark::present::detail
