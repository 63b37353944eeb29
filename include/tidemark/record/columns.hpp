// Purpose: the columns of a recording: one table, in order, that drives the CSV header, the CSV row, the JSONL sample
// and the units of the JSONL header. Its user's text is docs/recording-format.md. Invariants: the first seven columns
// are those of psutil-style recorders; new columns are added at the end; a name is never changed and never used again.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "tidemark/model/sample.hpp"

namespace tidemark::record {

/// A number with at most six decimals, kept as integers so that writing it needs no floating point. Trailing zeros are
/// not written, but at least `least_digits` decimals are: pandas then reads the column as floats whatever the values
/// are.
struct Decimal {
  std::uint64_t whole = 0;
  std::uint32_t millionths = 0;  ///< 0 … 999'999
  std::uint8_t least_digits = 1;
  bool negative = false;

  bool operator==(const Decimal&) const = default;
};

/// A point in time, written as ISO 8601 UTC with milliseconds: 2026-11-21T05:53:00.123Z.
struct Instant {
  std::int64_t wall_ns = 0;  ///< since the epoch; one before it is written as the epoch
};

/// `io:denied fds:denied`. Views the sample's own list.
struct GapList {
  std::span<const model::Gap> gaps;
};

/// What a cell holds. monostate is an empty cell (null in JSONL). Texts and gaps are views into the row.
using Value = std::variant<std::monostate, std::int64_t, std::uint64_t, Decimal, Instant, std::string_view, GapList>;

/// One row. `sample.process` must not be null.
struct Row {
  const model::Tick& tick;
  const model::ProcessSample& sample;
};

/// What a value belongs to.
enum class Scope {
  tick,     ///< the same in all rows of a tick
  process,  ///< never changes while the process lives
  sample,
};

struct Column {
  std::string_view name;
  Scope scope;
  std::string_view unit;  ///< "MiB", "s", "ms", "%", "UTC", "count", "id", "flag" or "text"
  std::string_view doc;   ///< one line: meaning and source
  Value (*value)(const Row& row);
};

/// All columns, in the order of the file.
[[nodiscard]] std::span<const Column> columns();

/// How many of them, from the left, a psutil-style recorder also has.
inline constexpr std::size_t psutil_column_count = 7;

/// Bytes as MiB (2^20), rounded to a millionth (about one byte).
[[nodiscard]] Decimal mib(model::Bytes bytes);

/// Nanoseconds as seconds, rounded down to microseconds, with at least three decimals.
[[nodiscard]] Decimal seconds(std::int64_t ns);

/// Nanoseconds as milliseconds, rounded down to microseconds.
[[nodiscard]] Decimal milliseconds(std::int64_t ns);

/// A double rounded to `digits` (at most 6) decimals; monostate when it is not finite or not below 1e12.
[[nodiscard]] Value rounded(double value, int digits);

}  // namespace tidemark::record
