#include <csv.hpp>
#include <sstream>

#include "detail/csv_format.hpp"
#include "tidemark/record/csv_reader.hpp"

namespace tidemark::record {
namespace {

base::Error malformed(std::string detail) {
  return {.code = base::ErrorCode::malformed, .doing = "read a line of the recording", .detail = std::move(detail)};
}

}  // namespace

base::Result<std::vector<std::string>> parse_csv_line(std::string_view line) {
  std::vector<std::string> cells;
  try {
    std::istringstream stream{std::string(line)};
    csv::CSVError error;
    const auto parser = csv::CSVReader::try_open(stream, error, detail::recording_format().no_header());
    csv::CSVRow row;
    if (!parser || !parser->try_read_row(row, error)) return base::fail(malformed(error.message()));
    for (std::size_t i = 0; i < row.size(); ++i) cells.emplace_back(row[i].get_sv());
  } catch (const std::exception& thrown) {
    return base::fail(malformed(thrown.what()));
  }
  return cells;
}

}  // namespace tidemark::record
