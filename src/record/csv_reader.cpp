#include "tidemark/record/csv_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csv.hpp>
#include <istream>
#include <sstream>
#include <streambuf>

#include "tidemark/base/fd.hpp"
#include "tidemark/record/columns.hpp"
#include "tidemark/record/last_row.hpp"

namespace tidemark::record {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

constexpr const char* doing = "read the recording";

/// More than any row of ours (five texts of max_text_bytes, each byte escaped), and little to hold in memory.
constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

/// The first `size` bytes of a file as a stream. Not a mapping: a recorder that cuts the file back while we read would
/// be a SIGBUS there, and is only an early end here.
class BoundedFile final : public std::streambuf {
 public:
  BoundedFile(base::Fd file, std::uint64_t size) : file_(std::move(file)), left_(size) {}

  /// How many line ends lie between two offsets.
  [[nodiscard]] std::uint64_t count_lines(std::uint64_t begin, std::uint64_t end) const {
    std::array<char, 1U << 14U> block{};
    std::uint64_t lines = 0;
    while (begin < end) {
      const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, block.size()));
      const ssize_t got = ::pread(file_.get(), block.data(), want, static_cast<off_t>(begin));
      if (got <= 0) break;
      lines += static_cast<std::uint64_t>(std::count(block.begin(), block.begin() + got, '\n'));
      begin += static_cast<std::uint64_t>(got);
    }
    return lines;
  }

 protected:
  int_type underflow() override {
    const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer_.size()));
    const ssize_t got = want == 0 ? 0 : ::read(file_.get(), buffer_.data(), want);
    if (got <= 0) return traits_type::eof();
    left_ -= static_cast<std::uint64_t>(got);
    setg(buffer_.data(), buffer_.data(), buffer_.data() + got);
    return traits_type::to_int_type(buffer_.front());
  }

 private:
  base::Fd file_;
  std::uint64_t left_;
  std::array<char, 1U << 16U> buffer_{};
};

/// Everything is said, nothing is guessed; a row of another width is handed over instead of dropped.
csv::CSVFormat recording_format() {
  csv::CSVFormat format;
  format.delimiter(',').quote('"').header_row(0).variable_columns(csv::VariableColumnPolicy::KEEP);
  format.threading(false).chunk_size(chunk_bytes);
  return format;
}

Error malformed(const std::string& path, std::string detail) {
  return Error{.code = ErrorCode::malformed, .doing = doing, .path = path, .detail = std::move(detail)};
}

/// What is wrong with a header; empty when nothing is.
std::string header_fault(const std::vector<std::string>& names) {
  for (const Column& column : columns().first(psutil_column_count)) {
    if (std::find(names.begin(), names.end(), column.name) == names.end()) {
      return "not a recording: its header has no column " + std::string(column.name);
    }
  }
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  return twice == sorted.end() ? std::string() : "its header has the column " + *twice + " twice";
}

}  // namespace

struct CsvReader::State {
  State(base::Fd file, std::uint64_t size, std::string name)
      : path(std::move(name)), bytes(std::move(file), size), stream(&bytes) {}

  std::string path;
  BoundedFile bytes;
  std::istream stream;
  std::unique_ptr<csv::CSVReader> parser;
  csv::CSVRow row;
  std::uint64_t rows = 0;
  CsvLosses losses;
  std::uint64_t counted_bytes = 0;  ///< how far lines were counted
  std::uint64_t counted_lines = 0;

  /// Lines are counted only up to rows that must be named.
  void lose_row() {
    ++losses.wrong_width_rows;
    if (losses.wrong_width_lines.size() == max_named_lines) return;
    const std::uint64_t offset = row.byte_offset();
    counted_lines += bytes.count_lines(counted_bytes, offset);
    counted_bytes = offset;
    losses.wrong_width_lines.push_back(counted_lines + 1);
  }
};

CsvReader::CsvReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

Result<CsvReader> CsvReader::open(const std::string& path) {
  const auto ends = read_ends(path);
  if (!ends) return base::fail(ends.error());
  if (ends->whole_bytes == 0) {
    return base::fail(malformed(path, ends->torn_bytes == 0 ? "it is empty" : "it has no whole line"));
  }
  auto file = base::open_at(AT_FDCWD, path, O_RDONLY, doing);
  if (!file) return base::fail(std::move(file).error());
  auto state = std::make_unique<State>(std::move(*file), ends->whole_bytes, path);
  state->losses.torn_tail_bytes = ends->torn_bytes;
  try {
    csv::CSVError error;
    state->parser = csv::CSVReader::try_open(state->stream, error, recording_format());
    if (error) return base::fail(malformed(path, error.message()));
  } catch (const std::exception& thrown) {
    return base::fail(malformed(path, thrown.what()));
  }
  const std::string fault = header_fault(state->parser->get_col_names());
  if (!fault.empty()) return base::fail(malformed(path, fault));
  return CsvReader(std::move(state));
}

const std::vector<std::string>& CsvReader::columns() const { return state_->parser->get_col_names(); }

std::optional<std::size_t> CsvReader::column(std::string_view name) const {
  const auto& names = columns();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

Result<bool> CsvReader::next(CsvRow& row) {
  State& state = *state_;
  row.cells.clear();
  try {
    csv::CSVError error;
    while (state.parser->try_read_row(state.row, error)) {
      if (state.row.size() != columns().size()) {
        state.lose_row();
        continue;
      }
      for (std::size_t i = 0; i < state.row.size(); ++i) row.cells.push_back(state.row[i].get_sv());
      ++state.rows;
      return true;
    }
    if (error) return base::fail(malformed(state.path, error.message()));
  } catch (const std::exception& thrown) {
    return base::fail(malformed(state.path, thrown.what()));
  }
  return false;
}

const CsvLosses& CsvReader::losses() const { return state_->losses; }

std::uint64_t CsvReader::rows() const { return state_->rows; }

Result<std::vector<std::string>> parse_csv_line(std::string_view line) {
  std::vector<std::string> cells;
  try {
    std::istringstream stream{std::string(line)};
    csv::CSVError error;
    const auto parser = csv::CSVReader::try_open(stream, error, recording_format().no_header());
    csv::CSVRow row;
    if (!parser || !parser->try_read_row(row, error)) return base::fail(malformed({}, error.message()));
    for (std::size_t i = 0; i < row.size(); ++i) cells.emplace_back(row[i].get_sv());
  } catch (const std::exception& thrown) {
    return base::fail(malformed({}, thrown.what()));
  }
  return cells;
}

}  // namespace tidemark::record
