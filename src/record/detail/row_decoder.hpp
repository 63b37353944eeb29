// Purpose: the cells of a row as a model::RecordedRow, the same for CSV and JSONL. What rows of one tick share is
// decoded once. Invariants: rows come to the visitor in order of time; a row that cannot be placed (no pid, no time) is
// refused with the reason and leaves nothing behind.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "file_probe.hpp"
#include "process_table.hpp"
#include "tidemark/model/recorded.hpp"

namespace tidemark::record::detail {

/// The columns that are decoded, in the order of the cells that RowDecoder takes.
inline constexpr std::array<std::string_view, 16> decoded_columns{
    "timestamp",           "elapsed_seconds",       "process_name",    "pid",
    "cpu_percent",         "memory_rss_mb",         "memory_percent",  "process_started",
    "memory_hwm_mb",       "cgroup_working_set_mb", "cgroup_limit_mb", "gc_gen0_collections",
    "gc_gen1_collections", "gc_gen2_collections",   "gc_collected",    "phase"};

enum class Decoded {
  row,
  no_row,     ///< why() says it
  backwards,  ///< time runs back: not one recording
};

class RowDecoder {
 public:
  RowDecoder(model::RecordedFormat format, model::RecordingVisitor& visitor) : format_(format), visitor_(visitor) {}

  /// Hands the row to the visitor. `cells` are as decoded_columns.
  [[nodiscard]] Decoded take(std::span<const std::string_view> cells);

  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  /// Numbers that could not be read.
  [[nodiscard]] std::uint64_t bad_cells() const { return bad_cells_; }
  /// When its first and its last row were; unset without rows.
  [[nodiscard]] std::optional<std::pair<RowTime, RowTime>> span() const;
  [[nodiscard]] ProcessTable& processes() { return processes_; }

 private:
  Decoded refuse(std::string_view column, std::string_view cell);
  [[nodiscard]] bool take_time(std::string_view timestamp, std::string_view elapsed);
  [[nodiscard]] bool follow_clock_step();
  void take_phase(std::string_view cell);
  template <class T>
  std::optional<T> value(std::string_view cell, std::optional<T> (*parse)(std::string_view));

  model::RecordedFormat format_;
  model::RecordingVisitor& visitor_;
  ProcessTable processes_;
  model::RecordedRow row_;
  std::string timestamp_cell_, elapsed_cell_, phase_cell_;  ///< as of the row before
  std::string phase_;
  RowTime first_;
  std::int64_t latest_ns_ = 0;  ///< elapsed time of the last row
  std::uint64_t rows_ = 0;
  std::uint64_t bad_cells_ = 0;
  std::string why_;
};

}  // namespace tidemark::record::detail
