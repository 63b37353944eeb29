// Purpose: numbers with their units, as the terminal shows them. MB is 2^20 bytes, as in the recording.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::present {

[[nodiscard]] std::string megabytes(double bytes);         ///< "311.0 MB"
[[nodiscard]] std::string signed_megabytes(double bytes);  ///< "+0.9 MB", "-6.2 MB"
[[nodiscard]] std::string duration(std::int64_t ns);       ///< "4.2 s", "12:05", "3:04:05"

/// At most `width` columns of printable text: control bytes and broken UTF-8 as \xNN, the middle of a long one replaced
/// by "…".
[[nodiscard]] std::string printable(std::string_view text, std::size_t width);

}  // namespace tidemark::present
