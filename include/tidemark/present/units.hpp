// Purpose: numbers with their units, as the terminal shows them. MB is 2^20 bytes, as in the recording.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::present {

[[nodiscard]] double in_megabytes(double bytes);
/// A value that one decimal rounds to zero has no sign: "-0.0" would say that something fell.
[[nodiscard]] double without_negative_zero(double value);
[[nodiscard]] std::string megabytes(double bytes);         ///< "311.0 MB"
[[nodiscard]] std::string signed_megabytes(double bytes);  ///< "+0.9 MB", "-6.2 MB"
[[nodiscard]] std::string duration(std::int64_t ns);       ///< "4.2 s", "12:05", "3:04:05"
[[nodiscard]] std::string hours(double hours);             ///< "45 min", "7.4 h", "12 days"
[[nodiscard]] std::string wall_time(std::int64_t ns);      ///< "2026-11-21 05:53:00 UTC"

/// The columns that text takes on a terminal, not its bytes: a CJK character takes two.
[[nodiscard]] std::size_t display_columns(std::string_view text);

/// At most `width` columns of printable text: control bytes and broken UTF-8 as \xNN, the middle of a long one replaced
/// by "…" ("..." in ASCII).
[[nodiscard]] std::string printable(std::string_view text, std::size_t width, bool ascii = false);

}  // namespace tidemark::present
