// Purpose: series and recordings as a test would say them: seconds, MB, percent.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tidemark/analysis/findings.hpp"
#include "tidemark/analysis/recording_builder.hpp"

namespace tidemark::analysis::test {

inline constexpr double mb = 1024.0 * 1024.0;

inline std::int64_t ns(double seconds) { return std::llround(seconds * 1e9); }
inline double seconds(std::int64_t ns_count) { return static_cast<double>(ns_count) / 1e9; }
/// As a report prints it: one decimal.
inline double printed(double value) { return std::round(value * 10) / 10; }
inline double printed_mb(double bytes) { return printed(bytes / mb); }

inline Series series_mb(const std::vector<std::pair<double, double>>& points) {
  Series series;
  for (const auto& [at, value] : points) series.add(ns(at), value * mb);
  return series;
}

/// One sample a second.
template <class Level>
Series every_second(std::size_t samples, Level level_mb) {
  Series series;
  for (std::size_t i = 0; i < samples; ++i)
    series.add(ns(static_cast<double>(i)), level_mb(static_cast<double>(i)) * mb);
  return series;
}

inline MemorySeries memory_of(Series rss) {
  MemorySeries memory;
  memory.rss = std::move(rss);
  return memory;
}

/// What a reader would call, in fewer words.
class Feed {
 public:
  explicit Feed(model::RecordedFormat format = model::RecordedFormat::jsonl) { builder_.on_format(format); }

  void header(const std::string& boot_id, std::int64_t started_wall_ns, double interval_seconds = 1) {
    model::RecordingHeader header;
    header.boot_id = boot_id;
    header.started_wall_ns = started_wall_ns;
    header.interval_seconds = interval_seconds;
    builder_.on_header(header);
  }
  void process(std::uint32_t number, const std::string& name) {
    model::ProcessInfo info;
    info.identity = {static_cast<base::Pid>(4951 + number), number};
    info.name = name;
    builder_.on_process(number, info);
  }
  void row(double at, std::uint32_t process, std::optional<double> rss_mb, std::optional<double> cpu = 0.0,
           std::string_view phase = {}) {
    model::RecordedRow row;
    row.elapsed_ns = ns(at);
    row.process = process;
    row.phase = phase;
    row.cpu_percent = cpu;
    if (rss_mb) row.rss = static_cast<model::Bytes>(std::llround(*rss_mb * mb));
    add(row);
  }
  void add(const model::RecordedRow& row) { builder_.on_row(row); }
  void mark(double at, const std::string& label, std::vector<std::pair<std::string, std::string>> fields = {}) {
    builder_.on_mark(ns(at), {.label = label, .fields = std::move(fields)});
  }
  void suspend(double slept) { builder_.on_suspend(0, {ns(slept)}); }
  void end(std::uint64_t ticks, std::uint64_t late, std::uint64_t lost) {
    model::RecordingEnd end;
    end.why = "duration";
    end.ticks = ticks;
    end.late_ticks = late;
    end.lost_ticks = lost;
    builder_.on_end(0, end);
  }
  std::vector<Recording> all() { return builder_.take(); }
  Recording only() { return std::move(builder_.take().front()); }

 private:
  RecordingBuilder builder_;
};

}  // namespace tidemark::analysis::test
