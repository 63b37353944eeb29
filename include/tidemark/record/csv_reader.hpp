// Purpose: reads a CSV recording row by row, ours or a psutil-style one, on vincentlaucsb CSV Parser.
// Invariants: only whole lines are read: the bytes after the last newline at the time of opening are never a row; a row
// that has not as many cells as the header is never skipped in silence: it is counted and its line number kept. In a
// file of ours a line is always a row, so a stray quote costs its own line and not those that it would swallow.
// The library's exceptions end here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/result.hpp"

namespace tidemark::record {

/// One row's cells, unquoted, in the order of columns() or of what select() named. Valid until the next call of next().
struct CsvRow {
  std::vector<std::string_view> cells;
};

/// A line that is no row.
struct NotARow {
  std::uint64_t line = 0;  ///< from 1, as editors count
  std::string why;         ///< "12 cells, the header has 49"
};

/// What was not read as a row.
struct CsvLosses {
  std::uint64_t torn_tail_bytes = 0;   ///< after the last newline: a line that was being written
  std::uint64_t wrong_width_rows = 0;  ///< rows with too few or too many cells
  std::vector<NotARow> wrong_width;    ///< the first of them
};

/// How many lines are kept in CsvLosses.
inline constexpr std::size_t max_named_lines = 20;

class CsvReader {
 public:
  /// Errors: not_found, permission; malformed for an empty file, one without a whole line and one whose header lacks
  /// one of the seven first columns or has a name twice; unsupported for what is not a regular file.
  [[nodiscard]] static base::Result<CsvReader> open(const std::string& path);

  /// A file of ours that has these columns instead of a recording's. Errors: as above.
  [[nodiscard]] static base::Result<CsvReader> open(const std::string& path,
                                                    std::span<const std::string_view> required);

  CsvReader(CsvReader&&) noexcept;
  CsvReader& operator=(CsvReader&&) noexcept;
  ~CsvReader();

  [[nodiscard]] const std::vector<std::string>& columns() const;
  /// The index of a column in columns().
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
  /// Whether the file has columns that only our recorder writes.
  [[nodiscard]] bool is_ours() const;

  /// Rows hold only these columns from now on, in this order: what is not wanted is not touched. An absent column gives
  /// empty cells.
  void select(const std::vector<std::string_view>& names);

  /// Reads the next whole row; false at the end.
  [[nodiscard]] base::Result<bool> next(CsvRow& row);

  /// The line at which the last row begins, from 1. Reads the file up to there: for rows that must be named.
  [[nodiscard]] std::uint64_t line();

  /// Complete once next() has returned false.
  [[nodiscard]] const CsvLosses& losses() const;
  [[nodiscard]] std::uint64_t rows() const;

 private:
  struct State;
  [[nodiscard]] static base::Result<CsvReader> open_with(const std::string& path,
                                                         std::span<const std::string_view> required);
  explicit CsvReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The cells of one line (without its newline), unquoted.
[[nodiscard]] base::Result<std::vector<std::string>> parse_csv_line(std::string_view line);

}  // namespace tidemark::record
