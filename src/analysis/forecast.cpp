#include <algorithm>
#include <array>

#include "detail/findings_parts.hpp"

namespace tidemark::analysis {
namespace {

constexpr std::array<double, 5> hours_shown{0, 1, 4, 8, 24};

struct Growth {
  bool of_cgroup = false;
  double now_bytes = 0;
  Slope slope;
};

/// The cgroup's working set is what the kernel's limit is held against; used while it is still being read.
std::optional<Growth> growth_of_cgroup(const Recording& recording, const Settings& settings) {
  const Series& series = recording.cgroup_working_set;
  if (series.size() < settings.thresholds.fewest_samples) return std::nullopt;
  constexpr std::int64_t stale_share = 20;
  if (recording.to_ns - series.elapsed_ns.back() > series.span_ns() / stale_share) return std::nullopt;
  const auto trend = find_trend(series, warm_up_end_ns(series, settings), series.elapsed_ns.back());
  if (!trend || !trend->rises()) return std::nullopt;
  return Growth{true, series.values.back(), trend->medians};
}

void set_limit(Forecast& forecast, const Recording& recording, const Settings& settings) {
  const auto use = [&forecast](LimitSource source, const std::optional<model::Bytes>& limit) {
    if (!limit || forecast.limit_bytes) return;
    forecast.limit_source = source;
    forecast.limit_bytes = static_cast<double>(*limit);
  };
  use(LimitSource::option, settings.limit);
  use(LimitSource::cgroup, recording.cgroup_limit);
  use(LimitSource::machine, recording.machine_memory);
}

/// Hours until the limit is reached; 0 when it is already.
std::optional<double> hours_until(double limit_bytes, double now_bytes, double bytes_per_hour) {
  if (now_bytes >= limit_bytes) return 0;
  if (bytes_per_hour <= 0) return std::nullopt;
  return (limit_bytes - now_bytes) / bytes_per_hour;
}

ForecastRow row_after(double hours, const Forecast& forecast) {
  ForecastRow row;
  row.hours = hours;
  row.bytes = forecast.now_bytes + hours * forecast.bytes_per_hour;
  row.lower_bytes = forecast.now_bytes + hours * forecast.lower_bytes_per_hour;
  row.upper_bytes = forecast.now_bytes + hours * forecast.upper_bytes_per_hour;
  if (forecast.limit_bytes && *forecast.limit_bytes > 0) row.percent_of_limit = 100 * row.bytes / *forecast.limit_bytes;
  return row;
}

}  // namespace

std::optional<Forecast> forecast_of(const Recording& recording, const Findings& tree, const Settings& settings) {
  if (tree.verdict.kind != VerdictKind::growing || !tree.trend) return std::nullopt;
  const Growth growth = growth_of_cgroup(recording, settings)
                            .value_or(Growth{false, recording.tree.rss.values.back(), tree.trend->medians});
  Forecast forecast;
  forecast.of_cgroup = growth.of_cgroup;
  forecast.now_bytes = growth.now_bytes;
  forecast.bytes_per_hour = growth.slope.per_hour();
  forecast.lower_bytes_per_hour = growth.slope.lower_per_hour();
  forecast.upper_bytes_per_hour = growth.slope.upper_per_hour();
  set_limit(forecast, recording, settings);
  if (forecast.limit_bytes) {
    const auto until = [&forecast](double bytes_per_hour) {
      return hours_until(*forecast.limit_bytes, forecast.now_bytes, bytes_per_hour);
    };
    forecast.hours = until(forecast.bytes_per_hour);
    forecast.earliest_hours = until(forecast.upper_bytes_per_hour);
    forecast.latest_hours = until(forecast.lower_bytes_per_hour);
  }
  for (const double hours : hours_shown) forecast.rows.push_back(row_after(hours, forecast));
  return forecast;
}

}  // namespace tidemark::analysis
