#include "tidemark/present/recording_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tidemark/present/units.hpp"

namespace tidemark::present {
namespace {

constexpr std::size_t longest_phase_shown = 20;

/// Columns, not bytes: continuation bytes of UTF-8 take none.
std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char byte : text) columns += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
  return columns;
}

std::string_view plural(std::uint64_t count, std::string_view ending) { return count == 1 ? "" : ending; }

std::string ticks_sentence(const model::RecordingEnd& end, std::int64_t elapsed_ns) {
  return fmt::format("{} tick{} in {}, {} late, {} lost; {} row{} of {} process{}.\n", end.ticks,
                     plural(end.ticks, "s"), duration(elapsed_ns), end.late_ticks, end.lost_ticks, end.rows,
                     plural(end.rows, "s"), end.processes, plural(end.processes, "es"));
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
  return fmt::format("{}{} process{} lived only between two ticks and {} no row.",
                     end.short_lived_note.empty() ? "" : "At least ", *end.short_lived, plural(*end.short_lived, "es"),
                     *end.short_lived == 1 ? "has" : "have");
}

std::string progress_line(const ProgressView& view, std::size_t width) {
  std::vector<std::string> pieces;
  pieces.push_back(duration(view.elapsed_ns));
  pieces.push_back(fmt::format("{} process{}", view.processes, plural(view.processes, "es")));
  pieces.push_back(fmt::format("RSS {}", megabytes(static_cast<double>(view.rss_now))));
  pieces.push_back(fmt::format("peak {}", megabytes(static_cast<double>(view.rss_peak))));
  pieces.push_back(view.has_growth_per_hour ? signed_megabytes(static_cast<double>(view.growth_per_hour_bytes)) + "/h"
                                            : signed_megabytes(static_cast<double>(view.growth_bytes)));

  std::string line;
  for (const auto& piece : pieces) {
    const std::string next = (line.empty() ? "" : " | ") + piece;
    if (columns_of(line) + columns_of(next) > width) return line;
    line += next;
  }
  constexpr std::string_view before_phase = " | phase ";
  constexpr std::size_t shortest_phase = 4;
  const std::size_t taken = columns_of(line) + before_phase.size();
  if (view.phase.empty() || taken + shortest_phase > width) return line;
  return line + std::string(before_phase) + printable(view.phase, std::min(width - taken, longest_phase_shown));
}

std::string recording_books(const model::RecordingEnd& end, std::int64_t elapsed_ns) {
  const std::string short_lived = short_lived_sentence(end);
  return ticks_sentence(end, elapsed_ns) + short_lived + (short_lived.empty() ? "" : "\n") +
         cost_sentence(end, elapsed_ns);
}

}  // namespace tidemark::present
