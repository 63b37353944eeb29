// Purpose: durations and sizes as people type them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidemark::base {

/// "250ms", "1s", "1.5s", "5m", "1h", "2d", or a bare number of seconds; nanoseconds. nullopt for anything else, for a
/// negative one, and for more than 100 years.
[[nodiscard]] std::optional<std::int64_t> parse_duration_ns(std::string_view text);

/// "4096", "64k", "100MB", "1.5GiB": powers of 1024 whatever the spelling. nullopt for anything else or beyond 2^60.
[[nodiscard]] std::optional<std::uint64_t> parse_size_bytes(std::string_view text);

}  // namespace tidemark::base
