#include "detail/file_probe.hpp"

#include <fcntl.h>

#include <algorithm>
#include <istream>

#include "detail/bounded_file.hpp"
#include "detail/cell.hpp"
#include "detail/json_cells.hpp"
#include "detail/reading_error.hpp"
#include "tidemark/record/csv_reader.hpp"
#include "tidemark/record/last_row.hpp"

namespace tidemark::record::detail {
namespace {

using base::Result;
using model::RecordedFormat;

/// How much of each end is looked through for a row.
constexpr std::uint64_t end_bytes = std::uint64_t{1} << 20U;

/// The whole lines of the file between two offsets.
std::string lines_between(BoundedFile& file, std::uint64_t begin, std::uint64_t end) {
  std::string text(static_cast<std::size_t>(end - begin), '\0');
  file.restart_at(begin);
  text.resize(static_cast<std::size_t>(file.sgetn(text.data(), static_cast<std::streamsize>(text.size()))));
  text.resize(text.rfind('\n') + 1);  // npos + 1 is 0
  return text;
}

/// Reads the time of one line; `elapsed` and `timestamp` are places in the header of a CSV.
struct LineTime {
  bool is_json = false;
  std::size_t width = 0, timestamp = 0, elapsed = 0;
  JsonCells cells;

  std::optional<RowTime> operator()(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (is_json) {
      if (!cells.parse(line) || cells.type() != "sample") return std::nullopt;
      return of(cells.cells()[0], cells.cells()[1]);
    }
    const auto row = parse_csv_line(line);
    if (!row || row->size() != width) return std::nullopt;
    return of((*row)[timestamp], (*row)[elapsed]);
  }

  static std::optional<RowTime> of(std::string_view timestamp_cell, std::string_view elapsed_cell) {
    const auto ns = parse_elapsed(elapsed_cell);
    if (!ns) return std::nullopt;
    return RowTime{.wall_ns = parse_wall(timestamp_cell).value_or(0), .elapsed_ns = *ns};
  }
};

/// The lines of `text` that are tried, from either end.
constexpr int most_lines = 100;

std::optional<RowTime> first_time(std::string_view text, LineTime& time) {
  for (int i = 0; i < most_lines && !text.empty(); ++i) {
    const std::size_t end = text.find('\n');
    if (const auto found = time(text.substr(0, end))) return found;
    text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::optional<RowTime> last_time(std::string_view text, LineTime& time) {
  for (int i = 0; i < most_lines && !text.empty(); ++i) {
    text.remove_suffix(1);
    const std::size_t begin = text.rfind('\n') + 1;
    if (const auto found = time(text.substr(begin))) return found;
    text = text.substr(0, begin);
  }
  return std::nullopt;
}

/// Why a file that is no text is none; empty for others.
std::string foreign_kind(std::string_view first_line) {
  if (first_line.starts_with("\x1f\x8b") || first_line.starts_with("\x28\xb5\x2f\xfd")) {
    return "it is compressed: unpack it first";
  }
  return first_line.find('\0') != std::string_view::npos ? "not a recording: it is no text" : "";
}

Result<RecordedFormat> format_of(const std::string& path, const FileEnds& ends, LineTime& time) {
  if (ends.whole_bytes == 0) {
    return base::fail(malformed(path, ends.torn_bytes == 0 ? "it is empty" : "it has no whole line"));
  }
  if (const std::string kind = foreign_kind(ends.first_line); !kind.empty()) return base::fail(malformed(path, kind));
  if (ends.first_line.starts_with('{')) {
    time.is_json = true;
    if (time.cells.parse(ends.first_line) && !time.cells.type().empty()) return RecordedFormat::jsonl;
    return base::fail(malformed(path, "not a recording: its first line is no JSON object with a type"));
  }
  const auto reader = CsvReader::open(path);
  if (!reader) return base::fail(reader.error());
  time.width = reader->columns().size();
  time.timestamp = reader->column("timestamp").value_or(0);
  time.elapsed = reader->column("elapsed_seconds").value_or(0);
  return reader->is_ours() ? RecordedFormat::csv : RecordedFormat::foreign_csv;
}

}  // namespace

Result<FileProbe> probe_file(const std::string& path) {
  const auto ends = read_ends(path);
  if (!ends) return base::fail(ends.error());
  LineTime time;
  const auto format = format_of(path, *ends, time);
  if (!format) return base::fail(format.error());
  auto file = base::open_at(AT_FDCWD, path, O_RDONLY, reading);
  if (!file) return base::fail(std::move(file).error());
  BoundedFile bytes(std::move(*file), ends->whole_bytes);
  const std::uint64_t body = std::min<std::uint64_t>(ends->first_line.size() + 1, ends->whole_bytes);
  const std::uint64_t tail = std::max(body, ends->whole_bytes - std::min(ends->whole_bytes, end_bytes));
  FileProbe probe{.format = *format, .first = {}, .last = {}};
  probe.first = first_time(lines_between(bytes, body, std::min(ends->whole_bytes, body + end_bytes)), time);
  probe.last = last_time(lines_between(bytes, tail, ends->whole_bytes), time);
  return probe;
}

}  // namespace tidemark::record::detail
