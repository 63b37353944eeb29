#include "tidemark/present/units.hpp"

#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "tidemark/base/text.hpp"

namespace tidemark::present {
namespace {

constexpr double bytes_per_mb = 1024.0 * 1024.0;

/// The bytes of each character; continuation bytes stay with their lead byte.
std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    pieces.push_back(text.substr(at, end - at));
    at = end;
  }
  return pieces;
}

/// How many of these pieces, from the first on, fit into so many columns.
template <typename Iterator>
std::size_t fitting(Iterator first, Iterator last, std::size_t columns) {
  std::size_t count = 0;
  std::size_t taken = 0;
  for (; first != last; ++first, ++count) {
    taken += display_columns(*first);
    if (taken > columns) break;
  }
  return count;
}

}  // namespace

double without_negative_zero(double value) { return value > -0.05 && value < 0 ? 0 : value; }

double in_megabytes(double bytes) { return bytes / bytes_per_mb; }

std::string megabytes(double bytes) { return fmt::format("{:.1f} MB", without_negative_zero(in_megabytes(bytes))); }

std::string signed_megabytes(double bytes) {
  return fmt::format("{:+.1f} MB", without_negative_zero(in_megabytes(bytes)));
}

std::string duration(std::int64_t ns) {
  const double seconds = static_cast<double>(ns) / 1e9;
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string hours(double hours) {
  if (hours < 1) return fmt::format("{:.0f} min", hours * 60);
  if (hours < 10) return fmt::format("{:.1f} h", hours);
  if (hours < 72) return fmt::format("{:.0f} h", hours);
  return fmt::format("{:.0f} days", hours / 24);
}

std::string wall_time(std::int64_t ns) {
  using namespace std::chrono;
  const sys_seconds instant{floor<seconds>(nanoseconds{ns})};
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss time{instant - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

std::size_t display_columns(std::string_view text) {
  // fmt knows how wide a character is and pads by that: what it does not pad is what the text takes.
  const std::size_t widest = text.size();
  return 2 * widest - fmt::formatted_size("{:<{}}", text, widest);
}

std::string printable(std::string_view text, std::size_t width, bool ascii) {
  const std::string safe = base::escape_unprintable(text);
  if (display_columns(safe) <= width) return safe;
  const std::string_view ellipsis = ascii ? "..." : "…";
  const std::size_t ellipsis_columns = ascii ? 3 : 1;
  const auto pieces = characters(safe);
  const std::size_t kept = width > ellipsis_columns ? width - ellipsis_columns : 0;
  const std::size_t head = fitting(pieces.begin(), pieces.end(), kept / 2);
  const std::size_t tail = fitting(pieces.rbegin(), pieces.rend(), kept - kept / 2);
  std::string cut;
  for (std::size_t i = 0; i < head; ++i) cut += pieces[i];
  cut += ellipsis;
  for (std::size_t i = pieces.size() - tail; i < pieces.size(); ++i) cut += pieces[i];
  return cut;
}

}  // namespace tidemark::present
