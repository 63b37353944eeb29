#include "tidemark/record/csv_reader.hpp"

#include <fcntl.h>

#include <algorithm>
#include <csv.hpp>
#include <istream>

#include "detail/bounded_file.hpp"
#include "detail/csv_format.hpp"
#include "detail/reading_error.hpp"
#include "detail/row_stream.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/record/columns.hpp"
#include "tidemark/record/last_row.hpp"

namespace tidemark::record {
namespace {

using base::Result;

/// The first column that no psutil-style recorder has.
constexpr std::string_view our_first_column = "process_started";

/// What is wrong with a header; empty when nothing is.
std::string header_fault(const std::vector<std::string>& names, std::span<const std::string_view> required) {
  for (const std::string_view column : required) {
    if (std::find(names.begin(), names.end(), column) == names.end()) {
      return "not a recording: its header has no column " + std::string(column);
    }
  }
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  return twice == sorted.end() ? std::string() : "its header has the column " + *twice + " twice";
}

}  // namespace

/// A record of a file of ours that spans lines: a stray quote swallowed them. Each is read again by itself.
struct SplitRecord {
  std::string text;
  std::uint64_t offset = 0;  ///< of the record in the file
  std::size_t at = 0;        ///< where the next line begins in `text`
  std::vector<std::string> cells;

  [[nodiscard]] bool is_done() const { return at >= text.size(); }
};

struct CsvReader::State {
  State(base::Fd file, std::uint64_t size, std::string name)
      : path(std::move(name)), bytes(std::move(file), size), stream(&bytes) {}

  std::string path;
  detail::BoundedFile bytes;
  std::istream stream;
  std::unique_ptr<csv::CSVReader> parser;     ///< until its first row is asked for
  std::unique_ptr<detail::RowStream> parsed;  ///< from then on; uses `stream`
  std::uint64_t parser_begin = 0;             ///< offset of the file at which the parser began
  bool has_row = false;                       ///< `row` is of this parser
  csv::CSVRow row;
  SplitRecord split;
  std::vector<std::string> names;
  bool ours = false;
  std::vector<std::size_t> wanted;  ///< what select() named; `absent` for a column that is not there
  std::uint64_t row_offset = 0;
  std::uint64_t rows = 0;
  int restarts = 0;
  CsvLosses losses;
  std::uint64_t counted_bytes = 0;  ///< how far lines were counted
  std::uint64_t counted_lines = 0;

  static constexpr std::size_t absent = static_cast<std::size_t>(-1);

  [[nodiscard]] Result<void> start(csv::CSVFormat format);
  [[nodiscard]] bool next_parsed(csv::CSVError& error);
  [[nodiscard]] Result<bool> read_record();
  [[nodiscard]] Result<bool> skip_line();
  [[nodiscard]] bool take_record(CsvRow& out);
  [[nodiscard]] bool take_split_line(CsvRow& out);
  [[nodiscard]] bool is_row(std::size_t cells, std::string_view first);
  void lose_row(std::string why);

  /// Lines are counted only up to rows that must be named.
  [[nodiscard]] std::uint64_t line_at(std::uint64_t offset) {
    counted_lines += bytes.count_lines(counted_bytes, offset);
    counted_bytes = std::max(counted_bytes, offset);
    return counted_lines + 1;
  }
};

Result<void> CsvReader::State::start(csv::CSVFormat format) {
  has_row = false;
  parsed.reset();
  stream.clear();
  csv::CSVError error;
  parser = csv::CSVReader::try_open(stream, error, format);
  if (error || !parser) return base::fail(detail::malformed(path, error.message()));
  return {};
}

void CsvReader::State::lose_row(std::string why) {
  ++losses.wrong_width_rows;
  if (losses.wrong_width.size() == max_named_lines) return;
  losses.wrong_width.push_back({line_at(row_offset), std::move(why)});
}

bool CsvReader::State::is_row(std::size_t cells, std::string_view first) {
  if (cells == names.size()) return true;
  if (cells <= 1 && first.empty()) {
    lose_row("an empty line");
  } else if (first == names.front()) {
    lose_row("a second header: files were put together");
  } else {
    lose_row(std::to_string(cells) + (cells == 1 ? " cell" : " cells") + ", the header has " +
             std::to_string(names.size()));
  }
  return false;
}

/// Goes on behind the line that the parser cannot take: longer than a chunk, or a quote that nothing closes.
Result<bool> CsvReader::State::skip_line() {
  constexpr int most_restarts = 20;  // each may parse a chunk in vain
  if (++restarts > most_restarts) {
    return base::fail(detail::malformed(path, "line " + std::to_string(line_at(row_offset)) +
                                                  ": too many lines are too long or open a quote that nothing closes"));
  }
  if (has_row)
    row_offset = bytes.next_line(parser_begin + row.byte_offset() + row.raw_str().size());
  else if (parser_begin == 0)
    row_offset = bytes.next_line(0);
  else
    row_offset = parser_begin;
  lose_row("longer than " + std::to_string(detail::chunk_bytes >> 20U) + " MB, or a quote that nothing closes");
  parser_begin = bytes.next_line(row_offset);
  parsed.reset();
  bytes.restart_at(parser_begin);
  if (parser_begin >= bytes.size_bytes()) return false;
  if (auto started = start(detail::recording_format().column_names(names)); !started)
    return base::fail(started.error());
  return true;
}

bool CsvReader::State::next_parsed(csv::CSVError& error) {
  constexpr std::uint64_t worth_a_thread_bytes = std::uint64_t{4} << 20U;
  if (!parsed) {
    const bool ahead = bytes.size_bytes() - parser_begin > worth_a_thread_bytes;
    parsed = std::make_unique<detail::RowStream>(std::move(parser), ahead);
  }
  return parsed->next(row, error);
}

/// The parser's next record; false at the end.
Result<bool> CsvReader::State::read_record() {
  csv::CSVError error;
  while (!next_parsed(error)) {
    if (bytes.read_errno() != 0) return base::fail(base::os_error(detail::reading, bytes.read_errno(), path));
    if (!error) return false;
    if (error.code != csv::CSVErrorCode::RowTooLarge) return base::fail(detail::malformed(path, error.message()));
    const auto goes_on = skip_line();
    if (!goes_on || !*goes_on) return goes_on;
  }
  has_row = true;
  row_offset = parser_begin + row.byte_offset();
  return true;
}

/// False when the record is no row.
bool CsvReader::State::take_record(CsvRow& out) {
  if (ours) {
    const std::string_view raw = row.raw_str();
    if (raw.find('\n') != std::string_view::npos) {
      split = SplitRecord{.text = std::string(raw), .offset = row_offset, .at = 0, .cells = {}};
      if (!split.text.ends_with('\n')) split.text += '\n';  // one without is inside the quotes
      return false;
    }
  }
  const auto cells = row.to_sv_range();
  if (!is_row(row.size(), row.empty() ? std::string_view() : std::string_view(cells[0]))) return false;
  for (const std::size_t index : wanted) {
    out.cells.push_back(index == absent ? std::string_view()
                                        : std::string_view(cells[static_cast<std::ptrdiff_t>(index)]));
  }
  return true;
}

bool CsvReader::State::take_split_line(CsvRow& out) {
  const std::size_t end = split.text.find('\n', split.at);
  std::string_view line = std::string_view(split.text).substr(split.at, end - split.at);
  row_offset = split.offset + split.at;
  split.at = end + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto cells = parse_csv_line(line);
  if (!cells) {
    lose_row("a quote that nothing closes");
    return false;
  }
  split.cells = std::move(*cells);
  if (!is_row(split.cells.size(), split.cells.empty() ? std::string_view() : split.cells.front())) return false;
  for (const std::size_t index : wanted) {
    out.cells.push_back(index == absent ? std::string_view() : std::string_view(split.cells[index]));
  }
  return true;
}

CsvReader::CsvReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

Result<CsvReader> CsvReader::open(const std::string& path) {
  std::vector<std::string_view> required;
  for (const Column& column : record::columns().first(psutil_column_count)) required.push_back(column.name);
  auto reader = open_with(path, required);
  if (!reader) return reader;
  reader->state_->ours = reader->column(our_first_column).has_value();
  return reader;
}

Result<CsvReader> CsvReader::open(const std::string& path, std::span<const std::string_view> required) {
  auto reader = open_with(path, required);
  if (reader) reader->state_->ours = true;
  return reader;
}

Result<CsvReader> CsvReader::open_with(const std::string& path, std::span<const std::string_view> required) {
  const auto ends = read_ends(path);
  if (!ends) return base::fail(ends.error());
  if (ends->whole_bytes == 0) {
    return base::fail(detail::malformed(path, ends->torn_bytes == 0 ? "it is empty" : "it has no whole line"));
  }
  auto file = base::open_at(AT_FDCWD, path, O_RDONLY, detail::reading);
  if (!file) return base::fail(std::move(file).error());
  auto state = std::make_unique<State>(std::move(*file), ends->whole_bytes, path);
  state->losses.torn_tail_bytes = ends->torn_bytes;
  try {
    if (auto started = state->start(detail::recording_format().header_row(0)); !started)
      return base::fail(started.error());
    state->names = state->parser->get_col_names();
  } catch (const std::exception& thrown) {
    return base::fail(detail::malformed(path, thrown.what()));
  }
  const std::string fault = header_fault(state->names, required);
  if (!fault.empty()) return base::fail(detail::malformed(path, fault));
  const auto& names = state->names;
  CsvReader reader(std::move(state));
  reader.select({names.begin(), names.end()});
  return reader;
}

const std::vector<std::string>& CsvReader::columns() const { return state_->names; }

std::optional<std::size_t> CsvReader::column(std::string_view name) const {
  const auto& names = columns();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

bool CsvReader::is_ours() const { return state_->ours; }

void CsvReader::select(const std::vector<std::string_view>& names) {
  state_->wanted.clear();
  for (const std::string_view name : names) state_->wanted.push_back(column(name).value_or(State::absent));
}

Result<bool> CsvReader::next(CsvRow& row) {
  State& state = *state_;
  try {
    while (true) {
      row.cells.clear();
      const bool in_split = !state.split.is_done();
      if (!in_split) {
        const auto read = state.read_record();
        if (!read || !*read) return read;
      }
      if (!(in_split ? state.take_split_line(row) : state.take_record(row))) continue;
      ++state.rows;
      return true;
    }
  } catch (const std::exception& thrown) {
    return base::fail(detail::malformed(state.path, thrown.what()));
  }
}

std::uint64_t CsvReader::line() { return state_->line_at(state_->row_offset); }

const CsvLosses& CsvReader::losses() const { return state_->losses; }

std::uint64_t CsvReader::rows() const { return state_->rows; }

}  // namespace tidemark::record
