#include "tidemark/present/units.hpp"

#include <fmt/format.h>

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

}  // namespace

std::string megabytes(double bytes) { return fmt::format("{:.1f} MB", bytes / bytes_per_mb); }

std::string signed_megabytes(double bytes) { return fmt::format("{:+.1f} MB", bytes / bytes_per_mb); }

std::string duration(std::int64_t ns) {
  const double seconds = static_cast<double>(ns) / 1e9;
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string printable(std::string_view text, std::size_t width) {
  const std::string safe = base::escape_unprintable(text);
  const auto pieces = characters(safe);
  if (pieces.size() <= width) return safe;
  const std::size_t head = (width - 1) / 2;
  const std::size_t tail = width - 1 - head;
  std::string cut;
  for (std::size_t i = 0; i < head; ++i) cut += pieces[i];
  cut += "…";
  for (std::size_t i = pieces.size() - tail; i < pieces.size(); ++i) cut += pieces[i];
  return cut;
}

}  // namespace tidemark::present
