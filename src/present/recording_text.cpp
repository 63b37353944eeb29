#include "tidemark/present/recording_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "detail/figures.hpp"
#include "tidemark/present/units.hpp"

namespace tidemark::present {
namespace {

using detail::counted;

constexpr std::size_t longest_phase_shown = 20;

std::string ticks_sentence(const model::RecordingEnd& end, std::int64_t elapsed_ns) {
  return fmt::format("{} in {}, {} late, {} lost; {} of {}.\n", counted(end.ticks, "tick"), duration(elapsed_ns),
                     end.late_ticks, end.lost_ticks, counted(end.rows, "row"), counted(end.processes, "process", "es"));
}

/// Of a recording shorter than this a share of its time would be that of our own start.
constexpr std::int64_t shortest_share_ns = 1'000'000'000;

std::string own_cpu(const model::RecordingEnd& end, std::int64_t elapsed_ns) {
  const auto cpu_ns = static_cast<double>(end.own_cpu_ns);
  if (elapsed_ns < shortest_share_ns) return fmt::format("{:.1f} ms of CPU", cpu_ns / 1e6);
  return fmt::format("{:.2f} % of one core", 100.0 * cpu_ns / static_cast<double>(elapsed_ns));
}

std::string cost_sentence(const model::RecordingEnd& end, std::int64_t elapsed_ns) {
  return fmt::format(
      "Cost: {}, own peak RSS {}, {:.1f} kB of target memory read.\n"
      "Longest pause of a target {:.0f} ms: never stopped, never written.\n",
      own_cpu(end, elapsed_ns), megabytes(static_cast<double>(end.own_peak_rss)),
      static_cast<double>(end.target_bytes_read) / 1024.0, static_cast<double>(end.longest_pause_ns) / 1e6);
}

}  // namespace

std::string short_lived_sentence(const model::RecordingEnd& end) {
  if (!end.short_lived || *end.short_lived == 0) return {};
  return fmt::format("{}{} lived only between two ticks and {} no row.",
                     end.short_lived_note.empty() ? "" : "At least ", counted(*end.short_lived, "process", "es"),
                     *end.short_lived == 1 ? "has" : "have");
}

std::string progress_line(const ProgressView& view, std::size_t width) {
  std::vector<std::string> pieces;
  pieces.push_back(duration(view.elapsed_ns));
  pieces.push_back(counted(view.processes, "process", "es"));
  pieces.push_back(fmt::format("RSS {}", megabytes(static_cast<double>(view.rss_now))));
  pieces.push_back(fmt::format("peak {}", megabytes(static_cast<double>(view.rss_peak))));
  pieces.push_back(view.has_growth_per_hour ? signed_megabytes(static_cast<double>(view.growth_per_hour_bytes)) + "/h"
                                            : signed_megabytes(static_cast<double>(view.growth_bytes)));

  std::string line;
  for (const auto& piece : pieces) {
    const std::string next = (line.empty() ? "" : " | ") + piece;
    if (display_columns(line) + display_columns(next) > width) return line;
    line += next;
  }
  constexpr std::string_view before_phase = " | phase ";
  constexpr std::size_t shortest_phase = 4;
  const std::size_t taken = display_columns(line) + before_phase.size();
  if (view.phase.empty() || taken + shortest_phase > width) return line;
  return line + std::string(before_phase) + printable(view.phase, std::min(width - taken, longest_phase_shown));
}

std::string recording_books(const model::RecordingEnd& end, std::int64_t elapsed_ns) {
  const std::string short_lived = short_lived_sentence(end);
  return ticks_sentence(end, elapsed_ns) + short_lived + (short_lived.empty() ? "" : "\n") +
         cost_sentence(end, elapsed_ns);
}

}  // namespace tidemark::present
