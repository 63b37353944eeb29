#include "detail/row_decoder.hpp"

#include "detail/cell.hpp"
#include "tidemark/base/clock.hpp"
#include "tidemark/base/text.hpp"
#include "tidemark/record/columns.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {
namespace {

/// Places in decoded_columns.
enum Place : std::size_t {
  timestamp,
  elapsed,
  name,
  pid,
  cpu,
  rss,
  percent,
  started,
  hwm,
  working_set,
  limit,
  gc0,
  gc1,
  gc2,
  gc_collected,
  phase
};
static_assert(decoded_columns[rss] == "memory_rss_mb" && decoded_columns[started] == "process_started" &&
              decoded_columns[limit] == "cgroup_limit_mb" && decoded_columns[phase] == "phase");

/// psutil-style recorders take the elapsed time from the wall clock, which steps.
constexpr std::int64_t most_clock_step_ns = base::ns_per_second;

std::string in_seconds(std::int64_t ns) {
  std::string text;
  append_csv(text, seconds(ns));
  return text;
}

}  // namespace

template <class T>
std::optional<T> RowDecoder::value(std::string_view cell, std::optional<T> (*parse)(std::string_view)) {
  if (cell.empty()) return std::nullopt;
  const auto parsed = parse(cell);
  if (!parsed && !is_empty_cell(cell)) ++bad_cells_;
  return parsed;
}

Decoded RowDecoder::refuse(std::string_view column, std::string_view cell) {
  constexpr std::size_t most_shown = 40;
  if (cell == column) {
    why_ = "a second header: files were put together";
  } else if (cell.empty()) {
    why_ = std::string(column) + " is empty";
  } else {
    why_ = std::string(column) + " is '" + base::escape_unprintable(cell.substr(0, most_shown)) + "'";
  }
  return Decoded::no_row;
}

/// False when the elapsed time cannot be read.
bool RowDecoder::take_time(std::string_view timestamp_cell, std::string_view elapsed_cell) {
  if (elapsed_cell.empty() || elapsed_cell != elapsed_cell_) {
    const auto ns = parse_elapsed(elapsed_cell);
    if (!ns) return false;
    elapsed_cell_ = elapsed_cell;
    row_.elapsed_ns = *ns;
  }
  if (timestamp_cell != timestamp_cell_) {
    timestamp_cell_ = timestamp_cell;
    row_.wall_ns = parse_wall(timestamp_cell).value_or(0);
  }
  return true;
}

/// A small step back of a foreign recorder's clock: time stands still until it has caught up. False for any other.
bool RowDecoder::follow_clock_step() {
  if (format_ != model::RecordedFormat::foreign_csv || latest_ns_ - row_.elapsed_ns > most_clock_step_ns) {
    why_ = "elapsed_seconds goes back from " + in_seconds(latest_ns_) + " to " + in_seconds(row_.elapsed_ns) +
           ": two recordings were put together, read each by its own";
    return false;
  }
  row_.elapsed_ns = latest_ns_;
  elapsed_cell_.clear();  // the next row's is read anew
  return true;
}

void RowDecoder::take_phase(std::string_view cell) {
  if (cell == phase_cell_) return;
  phase_cell_ = cell;
  phase_ = unescaped(cell);
  row_.phase = phase_;
}

std::optional<std::pair<RowTime, RowTime>> RowDecoder::span() const {
  if (rows_ == 0) return std::nullopt;
  return std::pair(first_, RowTime{.wall_ns = row_.wall_ns, .elapsed_ns = latest_ns_});
}

Decoded RowDecoder::take(std::span<const std::string_view> cells) {
  if (!take_time(cells[timestamp], cells[elapsed])) return refuse("elapsed_seconds", cells[elapsed]);
  if (row_.elapsed_ns < latest_ns_ && !follow_clock_step()) return Decoded::backwards;
  const ProcessCells process{.pid = cells[pid], .started = cells[started], .name = cells[name]};
  const auto number = processes_.number_of(process, visitor_);
  if (!number) return refuse("pid", cells[pid]);
  row_.process = *number;
  take_phase(cells[phase]);
  row_.cpu_percent = value(cells[cpu], parse_number);
  row_.rss = value(cells[rss], parse_mib);
  row_.memory_percent = value(cells[percent], parse_number);
  row_.hwm = value(cells[hwm], parse_mib);
  row_.cgroup_working_set = value(cells[working_set], parse_mib);
  row_.cgroup_limit = value(cells[limit], parse_mib);
  for (std::size_t i = 0; i < row_.gc_collections.size(); ++i) {
    row_.gc_collections[i] = value(cells[gc0 + i], parse_count);
  }
  row_.gc_collected = value(cells[gc_collected], parse_count);
  latest_ns_ = row_.elapsed_ns;
  if (rows_ == 0) first_ = {.wall_ns = row_.wall_ns, .elapsed_ns = row_.elapsed_ns};
  ++rows_;
  visitor_.on_row(row_);
  return Decoded::row;
}

}  // namespace tidemark::record::detail
